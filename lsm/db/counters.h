/*
 * Counting and timing what callers do, cheaply: each thread adds to a shard of its own
 * (lsm/base/tally.h), and of the frequent operations only some are timed (enum lsm_op), since
 * reading the clock twice costs a tenth of a cached get.
 *
 * With stats_enable off nothing is counted.
 */
#pragma once

#include <stddef.h>

#include "lsm/base/tally.h"
#include "lsm/db/db.h"

_Static_assert((LSM_TIMED_EVERY & (LSM_TIMED_EVERY - 1)) == 0, "a power of two");

/* Add to a counter that all threads share; for what is rare. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* The calling thread's own shard. NULL: the long way (db_count_other), or nothing is counted. */
static inline struct db_counters *db_counters_own(struct lsm *db)
{
	unsigned slot = tally_thread_slot;

	if (unlikely(slot == TALLY_SHARED || !db->options.stats_enable))
		return NULL;
	return &db->counters[slot];
}

/* Add to the counter at this offset of the calling thread's shard, whichever it is, if anything is
 * counted; the new value, or 0. */
uint64_t db_count_other(struct lsm *db, size_t offset, uint64_t n);

/* db_count(db, own, read_bytes, 5), with own of db_counters_own. */
#define db_count(db, own, member, n)                                                               \
	(likely(own) ? tally_add_own(&(own)->member, n)                                            \
		     : db_count_other(db, offsetof(struct db_counters, member), n))

/* The time of one operation. */
struct db_timer {
	uint64_t start_ns; /* 0: this one is not timed */
	uint32_t weight;   /* it stands for so many */
};

/* For those that are rare: each is timed, if anything is counted. */
struct db_timer db_timer_start(struct lsm *db);
/* Note how long it took, if it was timed. */
void db_timer_end(struct lsm *db, enum lsm_op op, struct db_timer timer);

/* Whether the operation that makes it n of its kind and thread (0: not counted) is timed. */
static inline bool db_op_is_timed(uint64_t n)
{
	return n % LSM_TIMED_EVERY == 0 ? n > 0 : n < LSM_TIMED_FIRST;
}

/* To begin with the clock for it. */
struct db_timer db_timer_start_nth(struct lsm *db, uint64_t n);

/*
 * A frequent operation that counts however it ends: true when it is to be timed, between
 * *ret_timer's start and db_timer_end.
 */
static inline bool db_op_count(struct lsm *db, struct db_counters *own, enum lsm_op op,
			       struct db_timer *ret_timer)
{
	uint64_t n = db_count(db, own, ops[op], 1);

	if (likely(!db_op_is_timed(n)))
		return false;
	*ret_timer = db_timer_start_nth(db, n);
	return true;
}

/* One that counts only if it is done: the timer for db_op_done. */
static inline struct db_timer db_op_begin(struct lsm *db, const struct db_counters *own,
					  enum lsm_op op)
{
	uint64_t n;

	if (unlikely(!own))
		return (struct db_timer){0};
	n = atomic_load_explicit(&own->ops[op], memory_order_relaxed) + 1;
	return unlikely(db_op_is_timed(n)) ? db_timer_start_nth(db, n) : (struct db_timer){0};
}

static inline void db_op_done(struct lsm *db, struct db_counters *own, enum lsm_op op,
			      struct db_timer timer)
{
	(void)db_count(db, own, ops[op], 1);
	if (unlikely(timer.start_ns != 0))
		db_timer_end(db, op, timer);
}
