/*
 * How fast compactions may write, and whether they are to end: who writes pays for it here
 * (lsm/base/rate.h), and waits while too much was taken.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "lsm/base/mutex.h"
#include "lsm/base/rate.h"

struct pace {
	struct rate rate;
	_Atomic uint64_t waited_ns; /* relaxed; a sum since pace_init */
	_Atomic bool stopped;       /* set under mu, for good; relaxed where it is only asked */
	struct mutex mu;            /* RANK_TREE_PACE */
	struct cond stop;           /* signalled when stopped is set */
};

void pace_init(struct pace *p, uint64_t bytes_per_second);
void pace_done(struct pace *p);

/* So many bytes were written: wait until they are paid for, or pace_stop is called. Nothing else
 * ends the wait: neither another rate, nor who wants the work stopped (lsm/base/long_work.h). */
void pace_take(struct pace *p, uint64_t bytes);
/* From now on nobody waits. */
void pace_stop(struct pace *p);

static inline bool pace_is_stopped(const struct pace *p)
{
	return atomic_load_explicit(&p->stopped, memory_order_relaxed);
}
