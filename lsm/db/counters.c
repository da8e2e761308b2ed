#include "lsm/db/counters.h"

uint64_t db_count_other(struct lsm *db, size_t offset, uint64_t n)
{
	unsigned slot = tally_slot();
	char *shard = (char *)&db->counters[slot];

	if (!db->options.stats_enable)
		return 0;
	return tally_add((_Atomic uint64_t *)(shard + offset), slot, n);
}

struct db_timer db_timer_start(struct lsm *db)
{
	if (!db->options.stats_enable)
		return (struct db_timer){0};
	return (struct db_timer){.start_ns = env_mono_ns(db->env), .weight = 1};
}

struct db_timer db_timer_start_nth(struct lsm *db, uint64_t n)
{
	return (struct db_timer){
		.start_ns = env_mono_ns(db->env),
		.weight = n <= LSM_TIMED_FIRST ? 1 : LSM_TIMED_EVERY,
	};
}

void db_timer_end(struct lsm *db, enum lsm_op op, struct db_timer timer)
{
	if (timer.start_ns == 0)
		return;
	uint64_t now = env_mono_ns(db->env);

	/* a test's clock may stand still or be set back */
	histogram_record_many(&db->ops[op], now > timer.start_ns ? now - timer.start_ns : 0,
			      timer.weight);
}
