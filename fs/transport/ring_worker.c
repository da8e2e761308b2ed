#define FUSE_USE_VERSION 314
#include "fs/transport/ring_worker.h"

#include <assert.h>
#include <errno.h>
#include <fuse_lowlevel.h>
#include <liburing.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "fs/transport/ring_entry.h"
#include "fs/transport/uring_abi.h"
#include "lsm/base/log.h"

enum {
	RING_SUBMISSIONS = 4, /* the entry's command and the wait for stop_fd, no more */
};

/* What a completion is of: user_data. */
enum {
	TAG_TRIAL = 1,
	TAG_STOP,
	TAG_ENTRY,
};

/* A worker's own, on its stack. */
struct ring {
	struct ring_worker *worker;
	struct io_uring native;
	bool open;
	struct ring_entry entry;
};

/* What came with the completions of one wait. */
struct arrival {
	bool request;
	bool stop;
	int error; /* of the entry's command */
};

/* The entry whose request this thread works on: the session's callbacks know no more than that. */
static _Thread_local struct ring_entry *serving;
/* And that worker's queue. */
static _Thread_local struct ring_queue *serving_queue;

int ring_worker_take_answer(const struct iovec *message, int count)
{
	if (!serving || !ring_entry_is_answer(serving, message, count))
		return -ENOENT;
	return ring_entry_answer(serving, message, count);
}

bool ring_queue_wait_begin(struct ring_queue *queue)
{
	return atomic_fetch_add_explicit(&queue->waiting, 1, memory_order_relaxed) + 1 <
	       queue->workers;
}

void ring_queue_wait_end(struct ring_queue *queue)
{
	atomic_fetch_sub_explicit(&queue->waiting, 1, memory_order_relaxed);
}

bool ring_worker_wait_begin(void)
{
	return !serving_queue || ring_queue_wait_begin(serving_queue);
}

void ring_worker_wait_end(void)
{
	if (serving_queue)
		ring_queue_wait_end(serving_queue);
}

/* A CPU that is off, or not for us: the thread runs where it may. */
static void pin(unsigned cpu)
{
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	size_t size = CPU_ALLOC_SIZE(cpu + 1);

	if (!set)
		return;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	(void)sched_setaffinity(0, size, set);
	CPU_FREE(set);
}

/* ---- commands ---- */

/* The ring has room for all that can be under way. */
static struct io_uring_sqe *next_sqe(struct ring *r, uint64_t tag)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->native);

	assert(sqe);
	memset(sqe, 0, 2 * sizeof(*sqe)); /* IORING_SETUP_SQE128 */
	sqe->user_data = tag;
	return sqe;
}

static struct io_uring_sqe *entry_sqe(struct ring *r, uint32_t operation)
{
	struct io_uring_sqe *sqe = next_sqe(r, TAG_ENTRY);
	struct uring_command command = {.commit_id = r->entry.unique,
					.queue = (uint16_t)r->worker->queue};

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = r->worker->crew->device_fd;
	sqe->cmd_op = operation;
	memcpy(sqe->cmd, &command, sizeof(command));
	return sqe;
}

static void put_register(struct ring *r)
{
	struct io_uring_sqe *sqe = entry_sqe(r, URING_CMD_REGISTER);

	sqe->addr = (uintptr_t)r->entry.places;
	sqe->len = 2;
}

static void put_commit(struct ring *r)
{
	(void)entry_sqe(r, URING_CMD_COMMIT_AND_FETCH);
}

static void put_stop(struct ring *r)
{
	struct io_uring_sqe *sqe = next_sqe(r, TAG_STOP);

	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = r->worker->crew->stop_fd;
	sqe->poll32_events = POLLIN;
}

/*
 * Something that must complete. The device answers the command that means nothing with -EAGAIN
 * until INIT is answered; with -EOPNOTSUPP when it knows no commands or enable_uring is off, and
 * others may forbid it (-EACCES, -EPERM).
 */
static void put_trial(struct ring *r)
{
	struct io_uring_sqe *sqe;

	if (r->worker->asks_device) {
		sqe = entry_sqe(r, URING_CMD_INVALID);
	} else {
		sqe = next_sqe(r, TAG_TRIAL);
		sqe->opcode = IORING_OP_NOP;
	}
}

/* Submit what was put, and wait until something is complete, or not. */
static int submit(struct ring *r, unsigned wait_for)
{
	int rc;

	do
		rc = io_uring_submit_and_wait(&r->native, wait_for);
	while (rc == -EINTR || rc == -EAGAIN || rc == -EBUSY);
	return rc < 0 ? rc : 0;
}

static struct arrival collect(struct ring *r)
{
	struct arrival a = {0};
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;

	io_uring_for_each_cqe(&r->native, head, cqe)
	{
		n++;
		if (cqe->user_data == TAG_STOP)
			a.stop = true;
		else if (cqe->user_data == TAG_ENTRY && cqe->res < 0)
			a.error = cqe->res;
		else if (cqe->user_data == TAG_ENTRY)
			a.request = true;
	}
	io_uring_cq_advance(&r->native, n);
	return a;
}

/* ---- steps ---- */

static int ring_try(struct ring *r)
{
	put_trial(r);
	int rc = submit(r, 1);

	if (!rc)
		rc = collect(r).error;
	return rc == -EAGAIN || rc == -EINVAL ? 0 : rc;
}

static int ring_prepare(struct ring *r)
{
	struct ring_worker *w = r->worker;

	if (w->pinned)
		pin(w->queue);
	thread_set_kind(THREAD_PROMPT);
	int rc = io_uring_queue_init(RING_SUBMISSIONS, &r->native,
				     IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER |
					     IORING_SETUP_DEFER_TASKRUN);

	if (rc)
		return fail(rc, "io_uring: %s", strerror(-rc));
	r->open = true;
	rc = ring_try(r);
	if (rc)
		return fail(rc, "io_uring: %s", strerror(-rc));
	rc = ring_entry_open(w->crew->payload_size, &r->entry);
	if (rc)
		return fail(rc, "memory for requests: %s", strerror(-rc));
	return 0;
}

/* A command that the kernel takes completes when a request comes; one that it refuses, at once. */
static int ring_register(struct ring *r)
{
	struct io_uring_cqe *cqe;
	unsigned head;

	put_stop(r);
	put_register(r);
	int rc = submit(r, 0);

	if (rc)
		return fail(rc, "registering with the kernel: %s", strerror(-rc));
	io_uring_for_each_cqe(&r->native, head, cqe)
	{ /* they stay for ring_serve */
		if (cqe->user_data == TAG_ENTRY && cqe->res < 0)
			return fail(-EOPNOTSUPP, "the kernel does not take an entry: %s",
				    strerror(-cqe->res));
	}
	return 0;
}

static void answer(struct ring *r)
{
	struct slice request;
	int rc = ring_entry_take(&r->entry, &request);

	if (!rc) {
		struct fuse_buf buf = {.mem = (void *)request.ptr, .size = request.len};

		serving = &r->entry;
		serving_queue = r->worker->shared;
		fuse_session_process_buf(r->worker->crew->session, &buf);
		serving = NULL;
		serving_queue = NULL;
	}
	if (!r->entry.answered) {
		log_error("a request over io_uring got no answer unique=%llu rc=%d",
			  (unsigned long long)r->entry.unique, rc);
		ring_entry_refuse(&r->entry, -EIO);
	}
	atomic_fetch_add_explicit(&r->worker->requests, 1, memory_order_relaxed);
	put_commit(r);
}

/* What the commands of a connection end with that was unmounted or aborted. */
static bool is_end(int error)
{
	return error == -ENOTCONN || error == -ECONNABORTED || error == -ECANCELED ||
	       error == -ENODEV;
}

/* When one worker cannot go on, others mostly cannot either: it is said once. */
static void give_up(const struct ring *r, int error)
{
	struct ring_crew *crew = r->worker->crew;

	if (atomic_exchange_explicit(&crew->broken, true, memory_order_relaxed))
		return;
	log_error("io_uring queue=%u: %s", r->worker->queue, strerror(-error));
	(void)eventfd_write(crew->broken_fd, 1); /* a fresh counter takes a 1 */
}

static void ring_serve(struct ring *r)
{
	for (;;) {
		int rc = submit(r, 1);
		struct arrival a = collect(r);

		if (!rc)
			rc = a.error;
		if (rc) {
			if (!is_end(rc))
				give_up(r, rc);
			return;
		}
		if (a.request)
			answer(r);
		if (a.stop) {
			ignore_result(submit(r, 0)); /* at least the answer goes out */
			return;
		}
	}
}

static void ring_close(struct ring *r)
{
	if (r->open)
		io_uring_queue_exit(&r->native);
	ring_entry_close(&r->entry);
}

/* Say how the step went, and learn the next one. */
static enum ring_step next_step(struct ring_worker *w, int status)
{
	w->status = status;
	if (status)
		(void)snprintf(w->why, sizeof(w->why), "%s", fail_text());
	(void)sem_post(&w->crew->arrived); /* fails when it overflows */
	while (sem_wait(&w->go) != 0)
		continue; /* EINTR: a debugger's doing */
	return w->crew->step;
}

static void worker_body(void *arg)
{
	struct ring_worker *w = arg;
	struct ring r = {.worker = w};

	if (next_step(w, ring_prepare(&r)) == RING_STEP_REGISTER &&
	    next_step(w, ring_register(&r)) == RING_STEP_SERVE && !w->status)
		ring_serve(&r);
	ring_close(&r);
}

int ring_worker_start(struct ring_worker *worker)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "apexfs-ring%u", worker->queue);
	(void)sem_init(&worker->go, 0, 0); /* fails on wrong arguments only */
	int rc = thread_start(&worker->thread, name, worker_body, worker);

	if (rc)
		(void)sem_destroy(&worker->go);
	return rc;
}

bool ring_workers_cover(const struct ring_worker *workers, unsigned count, unsigned queues)
{
	unsigned covered = 0; /* so many of the first queues */

	for (unsigned i = 0; i < count; i++) {
		if (!workers[i].status && workers[i].queue == covered)
			covered++;
	}
	return covered == queues;
}

void ring_worker_join(struct ring_worker *worker)
{
	if (!worker->thread.started)
		return;
	thread_join(&worker->thread);
	(void)sem_destroy(&worker->go);
}
