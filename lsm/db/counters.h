/*
 * Counting what callers do, cheaply: each thread adds to its own shard, and only one call in
 * COUNTERS_SAMPLE of the frequent operations is timed (two clock readings cost a tenth of a cached
 * get).
 */
#pragma once

#include "lsm/db/db.h"

enum {
	COUNTERS_SAMPLE = 32,
};

/* The calling thread's shard. */
struct db_counters *db_counters_here(struct lsm *db);

static inline void counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* Times one operation from db_timer_start to db_timer_end. */
struct db_timer {
	uint64_t start_ns; /* 0: this one is not sampled */
};

/* Sampled: for frequent operations. */
struct db_timer db_timer_start_sampled(struct lsm *db);
struct db_timer db_timer_start(struct lsm *db);
void db_timer_end(struct lsm *db, enum lsm_op op, struct db_timer timer);
