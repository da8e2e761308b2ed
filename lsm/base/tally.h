/*
 * Counting on hot paths: each thread adds to cache lines of its own, so that counting is a load, an
 * addition and a store, never a locked instruction and never another CPU's cache line.
 *
 * A counter is an array of TALLY_SLOTS structs, one a slot; a thread adds to that of its slot, and
 * who wants the number sums all of them (relaxed or acquire loads).
 *
 * Correctness: a slot below TALLY_SHARED belongs to one thread at a time, so its plain load and
 * store lose nothing. A thread takes a free slot when it first counts (acquire) and gives it back
 * when it ends (release), which orders its additions before those of the next owner. Threads that
 * find no free slot, and destructors that run after the slot was given back, share the last one,
 * with atomic additions. Stores are releases: who reads (acquire) an addition of a thread sees what
 * that thread had added before, so of two counters where the first is added to before the second, a
 * reader who reads the second first never finds it larger.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

enum {
	TALLY_SLOTS = 64,
	TALLY_SHARED = TALLY_SLOTS - 1, /* of all threads that have none of their own, or have not
					   asked yet */
};

/* Of the calling thread; internal. initial-exec: one instruction to reach it. */
extern _Thread_local unsigned tally_thread_slot __attribute__((tls_model("initial-exec")));

/* A slot for the calling thread, if it has not asked before and there is one. */
unsigned tally_take_slot(void);

/* The calling thread's; TALLY_SHARED when there is none for it. */
static inline unsigned tally_slot(void)
{
	unsigned slot = tally_thread_slot;

	return likely(slot != TALLY_SHARED) ? slot : tally_take_slot();
}

/* Add to a counter that lies in the calling thread's own slot, not the shared one; the new value.
 */
static inline uint64_t tally_add_own(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t sum = atomic_load_explicit(counter, memory_order_relaxed) + n;

	atomic_store_explicit(counter, sum, memory_order_release);
	return sum;
}

/* Add to a counter that lies in the calling thread's slot; the new value. */
static inline uint64_t tally_add(_Atomic uint64_t *counter, unsigned slot, uint64_t n)
{
	if (unlikely(slot == TALLY_SHARED))
		return atomic_fetch_add_explicit(counter, n, memory_order_acq_rel) + n;
	return tally_add_own(counter, n);
}
