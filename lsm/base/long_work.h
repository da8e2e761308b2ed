/*
 * Long work seen from another thread: how far it is, and a way to end it.
 *
 * Thread rule: any thread, relaxed atomics; nothing else is told with them. long_work_stop also
 * from a signal handler.
 */
#pragma once

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

/* All zero: nothing is done. */
struct long_work {
	_Atomic uint64_t total_bytes; /* as far as the work knows by now; 0: not at all */
	_Atomic uint64_t done_bytes;
	_Atomic bool stop; /* the work is to end soon, with -ECANCELED */
};

static inline uint64_t long_work_total(const struct long_work *w)
{
	return atomic_load_explicit(&w->total_bytes, memory_order_relaxed);
}

static inline uint64_t long_work_done(const struct long_work *w)
{
	return atomic_load_explicit(&w->done_bytes, memory_order_relaxed);
}

static inline void long_work_stop(struct long_work *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_relaxed);
}

/* For who does it, w NULL where nobody asks: so much more is to be done. */
static inline void long_work_expect(struct long_work *w, uint64_t bytes)
{
	if (w)
		atomic_fetch_add_explicit(&w->total_bytes, bytes, memory_order_relaxed);
}

/* ... and so much more is done: 0, or -ECANCELED. */
must_check static inline int long_work_step(struct long_work *w, uint64_t bytes)
{
	if (!w)
		return 0;
	atomic_fetch_add_explicit(&w->done_bytes, bytes, memory_order_relaxed);
	return atomic_load_explicit(&w->stop, memory_order_relaxed) ? -ECANCELED : 0;
}
