#define FUSE_USE_VERSION 314
#include "fs/transport/uring.h"

#include <assert.h>
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fs/transport/cpus.h"
#include "fs/transport/handshake.h"
#include "fs/transport/ring_worker.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/log.h"

enum {
	/* Whoever tells the kernel of a change may need another for the answer to somebody else. */
	DEPTH_LEAST = 2,
	/* Workers of a queue when nobody says how many: fewer on a machine with many CPUs. */
	DEPTH_MIN = 4,
	DEPTH_MAX = 8,
	DEPTH_ALL = 64, /* of all queues, if DEPTH_MIN allows it */
};

struct uring {
	struct handshake handshake;
	struct ring_crew crew;
	unsigned queues;
	unsigned count;              /* of workers */
	unsigned started;            /* of them */
	bool serving;                /* they have taken their last step together */
	struct ring_worker *workers; /* owned */
	struct ring_queue *shared;   /* owned; of each queue */
	struct fuse_buf buf;         /* what is read from /dev/fuse; its memory owned */
	int stop_fd;                 /* owned */
	_Atomic unsigned dropped;    /* workers without an entry; relaxed: a number for people */
};

/*
 * The session's callbacks are given the file system's user data, not ours. Written while no worker
 * runs a session.
 */
static struct uring *current;

/* ---- the session's bytes ---- */

static ssize_t device_read(int fd, void *bytes, size_t room, void *userdata)
{
	(void)userdata;
	ssize_t n = read(fd, bytes, room);

	if (n > 0 && current && !current->handshake.answered)
		handshake_see(&current->handshake, slice_of(bytes, (size_t)n));
	return n;
}

static ssize_t total(const struct iovec *message, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += message[i].iov_len;
	return (ssize_t)size;
}

static ssize_t greet(struct handshake *h, int fd, const struct iovec *message, int count)
{
	struct handshake_message m;
	int rc = handshake_complete(h, message, count, &m);

	if (rc) {
		errno = -rc;
		return -1;
	}
	return write(fd, m.bytes, m.size);
}

/* What libfuse sends: answers to requests of entries stay there, the rest is for the device. */
static ssize_t session_writev(int fd, struct iovec *message, int count, void *userdata)
{
	(void)userdata;
	int rc = ring_worker_take_answer(message, count);

	if (!rc)
		return total(message, count);
	if (rc != -ENOENT) {
		errno = -rc;
		return -1;
	}
	if (current && handshake_is_answer(&current->handshake, message, count))
		return greet(&current->handshake, fd, message, count);
	return writev(fd, message, count);
}

static int session_attach(struct uring *u)
{
	static const struct fuse_custom_io io = {.writev = session_writev, .read = device_read};
	int rc = fuse_session_custom_io(u->crew.session, &io, u->crew.device_fd);

	if (rc)
		return fail(rc, "fuse_session_custom_io: %s", strerror(-rc));
	current = u;
	return 0;
}

/* ---- the workers, all together ---- */

/* Wait until all that were started are done with their step. */
static void crew_wait(struct uring *u)
{
	for (unsigned i = 0; i < u->started; i++) {
		while (sem_wait(&u->crew.arrived) != 0)
			continue; /* EINTR */
	}
}

/* The first failure of the last step, with its sentence. */
static int crew_failure(const struct uring *u)
{
	for (unsigned i = 0; i < u->started; i++) {
		if (u->workers[i].status)
			return fail(u->workers[i].status, "%s", u->workers[i].why);
	}
	return 0;
}

static void crew_go(struct uring *u, enum ring_step step)
{
	u->crew.step = step;
	for (unsigned i = 0; i < u->started; i++)
		(void)sem_post(&u->workers[i].go); /* fails when it overflows */
}

static int crew_start(struct uring *u)
{
	int rc = 0;

	for (unsigned i = 0; i < u->count && !rc; i++) {
		u->workers[i].crew = &u->crew;
		rc = ring_worker_start(&u->workers[i]);
		if (!rc)
			u->started++;
	}
	crew_wait(u);
	return rc ? rc : crew_failure(u);
}

static void crew_end(struct uring *u)
{
	(void)eventfd_write(u->stop_fd, 1); /* a fresh counter takes a 1 */
	if (!u->serving)
		crew_go(u, RING_STEP_QUIT);
	for (unsigned i = 0; i < u->started; i++)
		ring_worker_join(&u->workers[i]);
	u->started = 0;
}

/* ---- the whole ---- */

static unsigned default_depth(unsigned queues)
{
	return max_of(min_of(DEPTH_ALL / queues, (unsigned)DEPTH_MAX), (unsigned)DEPTH_MIN);
}

/* Which queue each worker serves. One that no caller is on needs one all the same. */
static int workers_assign(struct uring *u, const struct cpus *cpus, unsigned depth)
{
	assert(cpus->possible > 0); /* by the grammar of lists */
	u->queues = cpus->possible;
	for (unsigned cpu = 0; cpu < cpus->possible; cpu++)
		u->count += cpus->online[cpu] ? depth : 1;
	u->workers = calloc(u->count, sizeof(*u->workers));
	u->shared = calloc(u->queues, sizeof(*u->shared));
	if (!u->workers || !u->shared)
		return -ENOMEM;
	unsigned n = 0;

	for (unsigned cpu = 0; cpu < cpus->possible; cpu++) {
		unsigned last = n + (cpus->online[cpu] ? depth : 1);

		for (; n < last; n++) {
			u->workers[n].asks_device = n == 0;
			u->workers[n].queue = cpu;
			u->workers[n].shared = &u->shared[cpu];
			u->workers[n].pinned = cpus->online[cpu];
		}
	}
	return 0;
}

static int workers_make(struct uring *u, const struct uring_options *options)
{
	cleanup_free struct cpus *cpus = calloc(1, sizeof(*cpus));

	if (!cpus)
		return -ENOMEM;
	int rc = cpus_read(cpus);

	if (rc)
		return rc;
	unsigned depth = options->depth ? options->depth : default_depth(cpus->possible);

	rc = workers_assign(u, cpus, max_of(depth, (unsigned)DEPTH_LEAST));
	return rc ? rc : crew_start(u);
}

static size_t whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

int uring_open(const struct uring_options *options, struct uring **ret_uring)
{
	struct uring *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->stop_fd = eventfd(0, EFD_CLOEXEC);
	u->handshake.payload_max = whole_pages(options->max_write);
	u->handshake.pages_limit = handshake_pages_limit();
	u->crew = (struct ring_crew){.session = options->session,
				     .device_fd = fuse_session_fd(options->session),
				     .payload_size = u->handshake.payload_max,
				     .stop_fd = u->stop_fd,
				     .broken_fd = options->broken_fd,
				     .step = RING_STEP_QUIT};
	(void)sem_init(&u->crew.arrived, 0, 0); /* fails on wrong arguments only */
	int rc = u->stop_fd < 0 ? fail(-errno, "eventfd: %s", strerror(errno)) : 0;

	if (!rc)
		rc = workers_make(u, options);
	if (!rc)
		rc = session_attach(u);
	if (rc) {
		uring_close(u);
		return rc;
	}
	*ret_uring = u;
	return 0;
}

/* One request of /dev/fuse. 0 also when a signal came instead; the session may be exited then. */
static int read_one(struct uring *u)
{
	int rc = fuse_session_receive_buf(u->crew.session, &u->buf);

	if (rc > 0)
		fuse_session_process_buf(u->crew.session, &u->buf);
	if (rc == -EINTR || rc == -EAGAIN || rc > 0)
		return 0;
	return rc < 0 ? fail(rc, "reading requests: %s", strerror(-rc)) : 0;
}

static int greeting_wait(struct uring *u)
{
	int rc = 0;

	while (!rc && !u->handshake.answered) {
		if (fuse_session_exited(u->crew.session))
			return -ENOTCONN;
		rc = read_one(u);
	}
	if (rc)
		return rc;
	if (u->handshake.agreed)
		return 0;
	return fail(-EOPNOTSUPP, "%s", u->handshake.reason);
}

/* FUSE has refused one of the entries. */
static bool is_refused(const struct uring *u)
{
	for (unsigned i = 0; i < u->started; i++) {
		if (u->workers[i].status == -EOPNOTSUPP)
			return true;
	}
	return false;
}

/* Who is left to wait for the others of its queue. */
static void count_serving(struct uring *u)
{
	for (unsigned i = 0; i < u->started; i++)
		u->workers[i].shared->workers += !u->workers[i].status;
}

/* Those that the kernel did not take end with this step: see RING_STEP_SERVE. */
static void say_dropped(struct uring *u)
{
	unsigned dropped = 0;

	for (unsigned i = 0; i < u->started; i++)
		dropped += u->workers[i].status != 0;
	if (dropped == 0)
		return;
	ignore_result(crew_failure(u)); /* for its sentence */
	log_warn("io_uring: %u of %u threads are not used: %s", dropped, u->started, fail_text());
	fail_clear();
	atomic_store_explicit(&u->dropped, dropped, memory_order_relaxed);
}

/*
 * From here on the kernel keeps requests back until each queue has an entry. Then all go through
 * the rings, for good, whatever else it refused. Only if it refused one and some queue has none do
 * they all go through the device, where any loop may take them. Entries that did not come so far
 * for another reason help nobody: with a queue that has none the kernel would wait for ever.
 */
static int crew_register(struct uring *u)
{
	crew_go(u, RING_STEP_REGISTER);
	crew_wait(u);
	if (!ring_workers_cover(u->workers, u->started, u->queues)) {
		int rc = crew_failure(u);

		rc = is_refused(u) ? -EOPNOTSUPP : rc;
		crew_end(u);
		return rc;
	}
	say_dropped(u);
	count_serving(u);
	u->serving = true;
	crew_go(u, RING_STEP_SERVE);
	return 0;
}

int uring_begin(struct uring *u)
{
	int rc = greeting_wait(u);

	return rc ? rc : crew_register(u);
}

int uring_read(struct uring *u)
{
	int rc = 0;

	while (!rc && !fuse_session_exited(u->crew.session))
		rc = read_one(u);
	return rc;
}

void uring_close(struct uring *u)
{
	if (!u)
		return;
	crew_end(u);
	current = NULL;
	if (u->stop_fd >= 0)
		(void)close(u->stop_fd); /* nothing was written to a file */
	(void)sem_destroy(&u->crew.arrived);
	free(u->workers);
	free(u->shared);
	free(u->buf.mem);
	free(u);
}

unsigned uring_queues(const struct uring *u)
{
	return u->queues;
}

unsigned uring_workers(const struct uring *u)
{
	return u->count - atomic_load_explicit(&u->dropped, memory_order_relaxed);
}

uint64_t uring_requests(const struct uring *u)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < u->count; i++)
		sum += atomic_load_explicit(&u->workers[i].requests, memory_order_relaxed);
	return sum;
}
