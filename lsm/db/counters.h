/*
 * Counting and timing what callers do, cheaply: each thread adds to a shard of its own
 * (lsm/base/tally.h), and of the frequent operations only some are timed (enum lsm_op), since
 * reading the clock twice costs a tenth of a cached get.
 *
 * With stats_enable off nothing is counted.
 */
#pragma once

#include "lsm/base/tally.h"
#include "lsm/db/db.h"

_Static_assert((LSM_TIMED_EVERY & (LSM_TIMED_EVERY - 1)) == 0, "a power of two");

/* Add to a counter that all threads share; for what is rare. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* The calling thread's shard. */
struct db_shard {
	struct db_counters *counters; /* NULL: nothing is counted */
	unsigned slot;
};

static inline struct db_shard db_shard_here(struct lsm *db)
{
	unsigned slot = tally_slot();

	return (struct db_shard){db->options.stats_enable ? &db->counters[slot] : NULL, slot};
}

/* shard_add(shard, gets_found, 1). Of two that follow each other no reader sees the second alone.
 */
#define shard_add(shard, member, n)                                                                \
	do {                                                                                       \
		if (likely((shard).counters))                                                      \
			(void)tally_add(&(shard).counters->member, (shard).slot, n);               \
	} while (0)

/* One operation, from db_op_begin to db_op_end. */
struct db_timer {
	uint64_t start_ns; /* 0: this one is not timed */
	uint32_t weight;   /* it stands for so many */
};

/* Time every one, whatever LSM_TIMED_EVERY says: for rare operations. */
struct db_timer db_timer_start(struct lsm *db);
/* Whether one that is the n-th (from 0) of its thread is timed, and for how many it stands. */
struct db_timer db_timer_start_nth(struct lsm *db, uint64_t n);

static inline struct db_timer db_op_begin(struct lsm *db, struct db_shard shard, enum lsm_op op)
{
	if (unlikely(!shard.counters))
		return (struct db_timer){0};

	uint64_t n = atomic_load_explicit(&shard.counters->ops[op], memory_order_relaxed);

	if (likely(n >= LSM_TIMED_FIRST && n % LSM_TIMED_EVERY != 0))
		return (struct db_timer){0};
	return db_timer_start_nth(db, n);
}

/* Note how long it took, if it was timed. */
void db_timer_end(struct lsm *db, enum lsm_op op, struct db_timer timer);

/* Count it, and note how long it took. */
static inline void db_op_end(struct lsm *db, struct db_shard shard, enum lsm_op op,
			     struct db_timer timer)
{
	shard_add(shard, ops[op], 1);
	if (unlikely(timer.start_ns != 0))
		db_timer_end(db, op, timer);
}
