#include "lsm/base/helper.h"

#include "lsm/base/cleanup.h"

void helper_init(struct helper *h, const char *name)
{
	*h = (struct helper){.name = name};
	mutex_init(&h->mu, RANK_HELPER);
	cond_init(&h->offered);
	cond_init(&h->ended);
}

void helper_done(struct helper *h)
{
	mutex_lock(&h->mu);
	h->stopping = true;
	cond_signal(&h->offered);
	mutex_unlock(&h->mu);
	thread_join(&h->thread);
	cond_done(&h->ended);
	cond_done(&h->offered);
	mutex_done(&h->mu);
}

static void run_offered_locked(struct helper *h)
{
	struct helper_task *t = move_ptr(&h->task);

	t->state = TASK_BEGUN;
	mutex_unlock(&h->mu);
	t->run(t->arg);
	mutex_lock(&h->mu);
	t->state = TASK_ENDED;
	cond_broadcast(&h->ended);
}

static void helper_body(void *arg)
{
	struct helper *h = arg;
	mutex_guard(&h->mu);

	while (!h->stopping) {
		if (h->task)
			run_offered_locked(h);
		else
			cond_wait(&h->offered, &h->mu);
	}
}

void helper_offer(struct helper *h, struct helper_task *t)
{
	mutex_guard(&h->mu);

	if (h->task)
		return;
	if (!h->thread.started && thread_start(&h->thread, h->name, helper_body, h))
		return; /* then there is no help */
	h->task = t;
	t->state = TASK_OFFERED;
	cond_signal(&h->offered);
}

/* True: nobody has begun it, and nobody will. */
static bool take_back(struct helper *h, struct helper_task *t)
{
	mutex_guard(&h->mu);

	if (t->state == TASK_NOT_TAKEN)
		return true;
	if (t->state == TASK_OFFERED) {
		h->task = NULL;
		return true;
	}
	while (t->state != TASK_ENDED)
		cond_wait(&h->ended, &h->mu);
	return false;
}

void helper_finish(struct helper *h, struct helper_task *t)
{
	if (take_back(h, t))
		t->run(t->arg);
}

void helper_cancel(struct helper *h, struct helper_task *t)
{
	(void)take_back(h, t);
}
