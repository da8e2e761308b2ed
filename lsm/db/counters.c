#include "lsm/db/counters.h"

static _Atomic unsigned next_thread;
static _Thread_local unsigned thread_shard = DB_COUNTER_SHARDS;
static _Thread_local unsigned thread_calls;

struct db_counters *db_counters_here(struct lsm *db)
{
	if (unlikely(thread_shard == DB_COUNTER_SHARDS))
		thread_shard = atomic_fetch_add_explicit(&next_thread, 1, memory_order_relaxed) %
			       DB_COUNTER_SHARDS;
	return &db->counters[thread_shard];
}

struct db_timer db_timer_start_sampled(struct lsm *db)
{
	if (likely(thread_calls++ % COUNTERS_SAMPLE != 0))
		return (struct db_timer){0};
	return db_timer_start(db);
}

struct db_timer db_timer_start(struct lsm *db)
{
	return (struct db_timer){.start_ns = env_mono_ns(db->env)};
}

void db_timer_end(struct lsm *db, enum lsm_op op, struct db_timer timer)
{
	if (likely(timer.start_ns == 0))
		return;
	uint64_t now = env_mono_ns(db->env);

	/* a test's clock may stand still or be set back */
	histogram_record(&db->ops[op], now > timer.start_ns ? now - timer.start_ns : 0);
}
