/*
 * A thread that takes work off another's hands, if it is free: the two then work side by side, and
 * who asked is never slower than alone, as work that has not been begun can be taken back.
 *
 *	helper_offer(h, &half);
 *	... the other half ...
 *	helper_finish(h, &half);     by now the helper is at it, or the caller does it here
 *
 * Thread rule: any thread. Mutex RANK_HELPER, not held while a task runs; who waits for a task
 *holds no lock that it takes.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "lsm/base/thread.h"

struct helper_task {
	void (*run)(void *arg);
	void *arg;
	/* The helper's. */
	enum {
		TASK_NOT_TAKEN,
		TASK_OFFERED,
		TASK_BEGUN,
		TASK_ENDED
	} state;
};

struct helper {
	const char *name;         /* of the thread; borrowed */
	struct mutex mu;          /* RANK_HELPER */
	struct cond offered;      /* a task, or the end */
	struct cond ended;        /* a task */
	struct thread thread;     /* started by the first offer; guarded by mu */
	struct helper_task *task; /* offered and not begun; borrowed, guarded by mu */
	bool stopping;            /* false -> true; guarded by mu */
};

void helper_init(struct helper *h, const char *name);
/* No task is under way. */
void helper_done(struct helper *h);

/* Offer a task (borrowed until it is finished or cancelled), zero but for run and arg. */
void helper_offer(struct helper *h, struct helper_task *t);

/* Returns when the task has been run, by the helper or here. */
void helper_finish(struct helper *h, struct helper_task *t);
/* Returns when the task has been run by the helper, or will not be. */
void helper_cancel(struct helper *h, struct helper_task *t);
