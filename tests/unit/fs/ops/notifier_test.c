#include "fs/ops/notifier.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <semaphore.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "tests/unit/unit.h"

enum {
	HELD = 5, /* a folder whose lock somebody has */
	FREE = 6,
	EVENTS_MAX = 8,
	ANSWER = 1000, /* an event: a request's answer; else the node that was told of */
};

/* What the kernel would get, in order; guarded by mu. */
static struct {
	struct mutex mu;
	uint64_t events[EVENTS_MAX];
	unsigned count;
	sem_t told;   /* posted for each */
	sem_t unlock; /* waited for in the kernel, by who tells of HELD */
	fuse_req_t req;
} kernel;

static struct fuse_session *session;
static struct notifier notifier;

static ssize_t kernel_take(int fd, struct iovec *message, int count, void *userdata)
{
	struct fuse_out_header out;
	uint64_t event = ANSWER;

	(void)fd;
	(void)userdata;
	memcpy(&out, message[0].iov_base, sizeof(out));
	if (out.unique == 0)
		memcpy(&event, message[1].iov_base, sizeof(event)); /* a node comes first */
	mutex_lock(&kernel.mu);
	ck_assert_uint_lt(kernel.count, EVENTS_MAX);
	kernel.events[kernel.count++] = event;
	mutex_unlock(&kernel.mu);
	(void)sem_post(&kernel.told);
	if (event == HELD)
		(void)sem_wait(&kernel.unlock);
	(void)count;
	return out.len;
}

static ssize_t kernel_give(int fd, void *bytes, size_t room, void *userdata)
{
	(void)fd;
	(void)bytes;
	(void)room;
	(void)userdata;
	return -1;
}

/* A request that is answered later. */
static void on_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
	(void)node;
	(void)file;
	kernel.req = req;
}

static void request(uint32_t opcode, const void *body, size_t size)
{
	uint8_t bytes[sizeof(struct fuse_in_header) + 256] = {0};
	struct fuse_in_header in = {.len = (uint32_t)(sizeof(in) + size),
				    .opcode = opcode,
				    .unique = opcode,
				    .nodeid = FUSE_ROOT_ID};
	struct fuse_buf buf = {.mem = bytes, .size = in.len};

	memcpy(bytes, &in, sizeof(in));
	memcpy(bytes + sizeof(in), body, size);
	fuse_session_process_buf(session, &buf);
}

/* A session that has been greeted, as it must have been before it tells of anything. */
static void session_open(void)
{
	static const struct fuse_lowlevel_ops ops = {.getattr = on_getattr};
	static const struct fuse_custom_io io = {.writev = kernel_take, .read = kernel_give};
	char *words[] = {(char *)"test"};
	struct fuse_args args = FUSE_ARGS_INIT(1, words);
	struct fuse_init_in init = {.major = 7, .minor = 31};

	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	ck_assert_ptr_nonnull(session);
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* the session's: it closes it */

	ck_assert_int_eq(fuse_session_custom_io(session, &io, fd), 0);
	request(FUSE_INIT, &init, sizeof(init));
	(void)sem_wait(&kernel.told);
	kernel.count = 0;
}

static bool is_spare = true;
static unsigned waiting, waits;

static bool wait_begin(void)
{
	waits++;
	waiting++;
	return is_spare;
}

static void wait_end(void)
{
	waiting--;
}

static void begin(bool answers)
{
	static const struct ops_wait wait = {.begin = wait_begin, .end = wait_end};

	mutex_init(&kernel.mu, RANK_ENV);
	(void)sem_init(&kernel.told, 0, 0);
	(void)sem_init(&kernel.unlock, 0, 0);
	waits = 0;
	session_open();
	notifier_init(&notifier, &wait);
	if (answers)
		notifier_answers(&notifier);
	ck_assert_int_eq(notifier_start(&notifier, session), 0);
}

static void end(void)
{
	while (!notifier_stop(&notifier))
		continue;
	notifier_done(&notifier);
	fuse_session_destroy(session);
	mutex_done(&kernel.mu);
	kernel.count = 0;
}

/* Tell of a name in a folder; then answer a request, if there is one. */
static void tell(uint64_t folder, fuse_req_t req)
{
	struct fs_stale stale = {0};
	struct notifier_answer answer = {.req = req};

	ck_assert_int_eq(fs_stale_add_name(&stale, folder, slice_str("name")), 0);
	notifier_answer_after(&notifier, &stale, &answer);
}

static fuse_req_t new_request(void)
{
	struct fuse_getattr_in in = {0};

	request(FUSE_GETATTR, &in, sizeof(in));
	return kernel.req;
}

static void check_answer_passes_trim(bool answers)
{
	begin(answers);
	tell(HELD, NULL);
	(void)sem_wait(&kernel.told); /* it waits for the folder now */
	tell(FREE, new_request());
	(void)sem_wait(&kernel.told);
	(void)sem_wait(&kernel.told);
	ck_assert_uint_eq(kernel.events[1], FREE); /* and not the answer */
	ck_assert_uint_eq(kernel.events[2], ANSWER);
	(void)sem_post(&kernel.unlock);
	end();
}

START_TEST(no_answer_waits_behind_what_nobody_waits_for)
{
	check_answer_passes_trim(false);
	check_answer_passes_trim(true);
}
END_TEST

/* Else the kernel could wait for a lock whose holder waits for the thread that waits here. */
START_TEST(where_any_thread_answers_nobody_waits)
{
	begin(true);
	tell(HELD, new_request());
	(void)sem_wait(&kernel.told);
	ck_assert_uint_eq(kernel.count, 1); /* not answered yet, and here we are */
	(void)sem_post(&kernel.unlock);
	(void)sem_wait(&kernel.told);
	ck_assert_uint_eq(kernel.events[1], ANSWER);
	end();
}
END_TEST

START_TEST(who_is_needed_elsewhere_does_not_wait_long)
{
	begin(false);
	is_spare = false;
	uint64_t start_ns = clock_mono_ns();

	tell(HELD, new_request());
	ck_assert_uint_lt(clock_mono_ns() - start_ns, NOTIFIER_WAIT_MS * UINT64_C(1000000));
	ck_assert_uint_eq(kernel.events[1], ANSWER);
	ck_assert(waits == 1 && waiting == 0);
	is_spare = true;
	(void)sem_post(&kernel.unlock);
	end();
}
END_TEST

START_TEST(what_is_left_is_told_before_it_ends)
{
	begin(true);
	tell(FREE, NULL);
	tell(FREE, new_request());
	end();
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(sem_trywait(&kernel.told), 0);
}
END_TEST

START_TEST(who_hangs_in_the_kernel_can_be_left)
{
	begin(true);
	tell(HELD, NULL);
	tell(FREE, NULL);
	(void)sem_wait(&kernel.told);
	ck_assert(!notifier_stop(&notifier));
	ck_assert(!notifier_leave(&notifier));
	(void)sem_post(&kernel.unlock);
	ck_assert(notifier_leave(&notifier));
	ck_assert_uint_eq(kernel.count, 1); /* the rest is not told any more */
	end();
}
END_TEST

static const TTest *const *const tests[] = {
	&no_answer_waits_behind_what_nobody_waits_for, &where_any_thread_answers_nobody_waits,
	&who_is_needed_elsewhere_does_not_wait_long,   &what_is_left_is_told_before_it_ends,
	&who_hangs_in_the_kernel_can_be_left,
};

UNIT_SUITE("fs/ops/notifier", tests)
