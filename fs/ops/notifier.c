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

void notifier_init(struct notifier *n, const struct ops_wait *wait)
{
	*n = (struct notifier){.wait = *wait};
	mutex_init(&n->mu, RANK_FS_NOTIFIER);
	cond_init(&n->told);
	for (unsigned i = 0; i < NOTIFIER_KINDS; i++) {
		n->lanes[i].notifier = n;
		cond_init(&n->lanes[i].wake);
	}
}

void notifier_done(struct notifier *n)
{
	for (unsigned i = 0; i < NOTIFIER_KINDS; i++) {
		thread_join(&n->lanes[i].thread);
		cond_done(&n->lanes[i].wake);
	}
	cond_done(&n->told);
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
static struct notifier_job *job_take(struct notifier_lane *lane)
{
	mutex_guard(&lane->notifier->mu);
	while (!lane->first && !lane->notifier->stopping)
		cond_wait(&lane->wake, &lane->notifier->mu);
	struct notifier_job *job = lane->first;

	if (job)
		lane->first = job->next;
	if (!lane->first)
		lane->last = NULL;
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
	struct notifier_lane *lane = arg;
	struct notifier *n = lane->notifier;
	struct notifier_job *job;

	while ((job = job_take(lane)) != NULL) {
		tell(n, &job->stale);
		job_end(n, job);
	}
	mutex_guard(&n->mu);
	lane->running = false;
	cond_broadcast(&n->told);
}

static int lane_start(struct notifier_lane *lane, const char *name)
{
	lane->running = true;
	int rc = thread_start(&lane->thread, name, work, lane);

	if (rc)
		lane->running = false;
	return rc;
}

int notifier_start(struct notifier *n, struct fuse_session *session)
{
	n->session = session;
	int rc = lane_start(&n->lanes[NOTIFIER_ANSWERS], "fs-notify");

	return rc ? rc : lane_start(&n->lanes[NOTIFIER_TRIMS], "fs-trim");
}

void notifier_answers(struct notifier *n)
{
	n->answers = true;
}

static bool runs_locked(const struct notifier *n)
{
	bool runs = false;

	for (unsigned i = 0; i < NOTIFIER_KINDS; i++)
		runs |= n->lanes[i].running;
	return runs;
}

static bool ends_within(struct notifier *n, unsigned timeout_ms, bool leaving)
{
	uint64_t deadline_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000);

	mutex_guard(&n->mu);
	n->stopping = true;
	n->leaving |= leaving;
	for (unsigned i = 0; i < NOTIFIER_KINDS; i++)
		cond_signal(&n->lanes[i].wake);
	while (runs_locked(n) && cond_wait_until(&n->told, &n->mu, deadline_ns))
		continue;
	return !runs_locked(n);
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
	struct notifier_lane *lane = &n->lanes[job->answer.req ? NOTIFIER_ANSWERS : NOTIFIER_TRIMS];

	if (lane->last)
		lane->last->next = job;
	else
		lane->first = job;
	lane->last = job;
	cond_signal(&lane->wake);
	return true;
}

static bool push(struct notifier *n, struct notifier_job *job)
{
	mutex_guard(&n->mu);
	return push_locked(n, job);
}

/* The job may be gone once its waiter is told. */
static bool push_and_wait(struct notifier *n, struct notifier_job *job, unsigned timeout_ms)
{
	uint64_t deadline_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000);
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

/* For as long as this thread is not needed elsewhere. */
static bool push_and_wait_its_time(struct notifier *n, struct notifier_job *job)
{
	bool spare = !n->wait.begin || n->wait.begin();
	bool pushed = push_and_wait(n, job, spare ? NOTIFIER_WAIT_MS : NOTIFIER_WAIT_LAST_MS);

	if (n->wait.end)
		n->wait.end();
	return pushed;
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
		pushed = push_and_wait_its_time(n, job);
	if (job && !pushed)
		job_free(job);
	if (!pushed || !n->answers)
		answer_now(answer);
}
