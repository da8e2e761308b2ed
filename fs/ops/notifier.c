#include "fs/ops/notifier.h"

#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/log.h"

/* Who waits, on its own stack; guarded by notifier.mu. */
struct waiter {
	bool told;
};

struct notifier_job {
	struct notifier_job *next;
	struct fs_stale stale; /* owned */
	struct notifier_answer answer;
	struct waiter *waiter; /* guarded by notifier.mu; NULL: nobody waits (any more) */
};

void notifier_init(struct notifier *n, bool answers)
{
	*n = (struct notifier){.answers = answers};
	mutex_init(&n->mu, RANK_FS_NOTIFIER);
	cond_init(&n->wake);
	cond_init(&n->told);
}

void notifier_done(struct notifier *n)
{
	thread_join(&n->thread);
	cond_done(&n->told);
	cond_done(&n->wake);
	mutex_done(&n->mu);
}

/* Undelivered: the mount is gone, and nobody is left to tell. */
static void answer_now(const struct notifier_answer *answer)
{
	if (!answer->req)
		return;
	if (answer->rc || (answer->written == 0 && !answer->has_attr))
		(void)fuse_reply_err(answer->req, -answer->rc);
	else if (answer->has_attr)
		(void)fuse_reply_attr(answer->req, &answer->attr, answer->attr_timeout);
	else
		(void)fuse_reply_write(answer->req, answer->written);
}

static bool is_leaving(struct notifier *n)
{
	mutex_guard(&n->mu);
	return n->leaving;
}

/* What the kernel does not know it need not forget: -ENOENT is as good as 0. */
static void tell(struct notifier *n, const struct fs_stale *stale)
{
	struct slice rest = buf_slice(&stale->items);
	struct fs_stale_item item;

	while (fs_stale_next(&rest, &item) && !is_leaving(n)) {
		if (item.name.ptr)
			(void)fuse_lowlevel_notify_inval_entry(
				n->session, item.node, (const char *)item.name.ptr, item.name.len);
		else
			(void)fuse_lowlevel_notify_inval_inode(n->session, item.node,
							       (off_t)item.from, 0);
	}
}

/* The oldest job; NULL: stop, nothing is left. */
static struct notifier_job *job_take(struct notifier *n)
{
	mutex_guard(&n->mu);
	while (!n->first && !n->stopping)
		cond_wait(&n->wake, &n->mu);
	struct notifier_job *job = n->first;

	if (job)
		n->first = job->next;
	if (!n->first)
		n->last = NULL;
	return job;
}

static void job_free(struct notifier_job *job)
{
	fs_stale_done(&job->stale);
	free(job);
}

static void job_end(struct notifier *n, struct notifier_job *job)
{
	mutex_lock(&n->mu);
	if (job->waiter) {
		job->waiter->told = true;
		cond_broadcast(&n->told);
	}
	mutex_unlock(&n->mu);
	if (n->answers)
		answer_now(&job->answer);
	job_free(job);
}

static void work(void *arg)
{
	struct notifier *n = arg;
	struct notifier_job *job;

	while ((job = job_take(n)) != NULL) {
		tell(n, &job->stale);
		job_end(n, job);
	}
	mutex_guard(&n->mu);
	n->running = false;
	cond_broadcast(&n->told);
}

int notifier_start(struct notifier *n, struct fuse_session *session)
{
	n->session = session;
	n->running = true;
	int rc = thread_start(&n->thread, "fs-notify", work, n);

	if (rc)
		n->running = false;
	return rc;
}

static bool ends_within(struct notifier *n, unsigned timeout_ms, bool leaving)
{
	uint64_t deadline_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000);

	mutex_guard(&n->mu);
	n->stopping = true;
	n->leaving |= leaving;
	cond_broadcast(&n->wake);
	while (n->running && cond_wait_until(&n->told, &n->mu, deadline_ns))
		continue;
	return !n->running;
}

bool notifier_stop(struct notifier *n)
{
	return ends_within(n, NOTIFIER_STOP_MS, false);
}

bool notifier_leave(struct notifier *n)
{
	return ends_within(n, NOTIFIER_WAIT_MS, true);
}

static struct notifier_job *job_new(struct fs_stale *stale, const struct notifier_answer *answer)
{
	struct notifier_job *job = stale->count > 0 ? calloc(1, sizeof(*job)) : NULL;

	if (!job) {
		if (stale->count > 0)
			log_error("no memory to tell the kernel what has changed");
		return NULL;
	}
	job->stale = *stale;
	job->answer = *answer;
	*stale = (struct fs_stale){0};
	return job;
}

/* False: it stops, and takes no more. */
static bool push_locked(struct notifier *n, struct notifier_job *job)
{
	if (n->stopping)
		return false;
	if (n->last)
		n->last->next = job;
	else
		n->first = job;
	n->last = job;
	cond_signal(&n->wake);
	return true;
}

static bool push(struct notifier *n, struct notifier_job *job)
{
	mutex_guard(&n->mu);
	return push_locked(n, job);
}

/* The job may be gone once its waiter is told. */
static bool push_and_wait(struct notifier *n, struct notifier_job *job)
{
	uint64_t deadline_ns = clock_mono_ns() + NOTIFIER_WAIT_MS * UINT64_C(1000000);
	struct waiter waiter = {0};

	mutex_guard(&n->mu);
	job->waiter = &waiter;
	if (!push_locked(n, job))
		return false;
	while (!waiter.told) {
		if (cond_wait_until(&n->told, &n->mu, deadline_ns))
			continue;
		if (!waiter.told)
			job->waiter = NULL;
		break;
	}
	return true;
}

void notifier_answer_after(struct notifier *n, struct fs_stale *stale,
			   const struct notifier_answer *answer)
{
	struct notifier_job *job = job_new(stale, answer);
	bool pushed = false;

	fs_stale_done(stale); /* empty if the job has it */
	if (job && (n->answers || !answer->req))
		pushed = push(n, job);
	else if (job)
		pushed = push_and_wait(n, job);
	if (job && !pushed)
		job_free(job);
	if (!pushed || !n->answers)
		answer_now(answer);
}
