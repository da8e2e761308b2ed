/*
 * When writers must wait for the background: a pure function, so that it is tested as a table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct stall_options {
	unsigned l0_slowdown;   /* files in level 0 from which each write is delayed */
	unsigned l0_stop;       /* and from which it waits */
	unsigned memtables_max; /* full memtables waiting for their flush */
};

enum stall_kind {
	STALL_NONE,
	STALL_SLOW, /* wait delay_us once, then go on */
	STALL_STOP, /* wait until the state has changed */
};

enum stall_cause {
	STALL_BY_LEVEL0,
	STALL_BY_MEMTABLES,
};

struct stall {
	enum stall_kind kind;
	enum stall_cause cause; /* of a stall */
	uint32_t delay_us;
	const char *reason; /* "" when none; a constant */
};

/* need_memtable: the writer has to hand over a full memtable before it can go on. */
struct stall stall_decide(const struct stall_options *o, unsigned l0_files, unsigned full_memtables,
			  bool need_memtable);
