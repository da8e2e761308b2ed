#include "lsm/tree/stall.h"

enum {
	SLOWEST_DELAY_US = 1000, /* right below the stop */
};

struct stall stall_decide(const struct stall_options *o, unsigned l0_files, unsigned full_memtables,
			  bool need_memtable)
{
	if (need_memtable && full_memtables >= o->memtables_max)
		return (struct stall){STALL_STOP, STALL_BY_MEMTABLES, 0, "memtables"};
	if (l0_files >= o->l0_stop)
		return (struct stall){STALL_STOP, STALL_BY_LEVEL0, 0, "level0"};
	if (l0_files >= o->l0_slowdown) {
		/*
		 * The delay grows evenly towards the stop, so that writers meet a slope instead of
		 * a wall.
		 */
		uint32_t steps = o->l0_stop - o->l0_slowdown;
		uint32_t delay_us = SLOWEST_DELAY_US * (l0_files - o->l0_slowdown + 1) / steps;

		return (struct stall){STALL_SLOW, STALL_BY_LEVEL0, delay_us ? delay_us : 1,
				      "level0"};
	}
	return (struct stall){STALL_NONE, STALL_BY_LEVEL0, 0, ""};
}
