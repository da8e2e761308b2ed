/*
 * Several helpers (helper.h) and their tasks in a ring: tasks are offered and finished in one
 * order, and run side by side in between.
 *
 *	caller     offer 0 | offer 1 | offer 2 | finish 0, offer 3 | finish 1, offer 4 | ...
 *	helper 0           task 0 ........              task 3 ........
 *	helper 1                     task 1 ........                 task 4 ........
 *	helper 2                               task 2 ........
 *
 * Thread rule: one thread at a time; it holds no lock that a task takes.
 */
#pragma once

#include <stddef.h>

#include "lsm/base/helper.h"

enum {
	HELPER_RING_MAX = 16,
};

struct helper_ring {
	struct helper helpers[HELPER_RING_MAX];
	struct helper_task tasks[HELPER_RING_MAX];
	size_t count;
	size_t open;    /* the slot of the next task */
	size_t offered; /* so many before it are not finished */
};

/* As many slots as there are CPUs, and one more, whose task can be prepared meanwhile. */
void helper_ring_init(struct helper_ring *r, const char *name);
/* Tasks that are not finished are cancelled. */
void helper_ring_done(struct helper_ring *r);

static inline bool helper_ring_is_empty(const struct helper_ring *r)
{
	return r->offered == 0;
}

static inline bool helper_ring_is_full(const struct helper_ring *r)
{
	return r->offered == r->count;
}

/* Offer run(arg) in slot r->open; the ring is not full. */
void helper_ring_offer(struct helper_ring *r, void (*run)(void *arg), void *arg);
/* The same for one that is not worth a thread's waking: it is run by helper_ring_finish. */
void helper_ring_keep(struct helper_ring *r, void (*run)(void *arg), void *arg);
/* Returns when the oldest task, of which there is one, has been run: its slot. */
size_t helper_ring_finish(struct helper_ring *r);
