#include "lsm/base/thread.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct seen {
	char name[64];
	sigset_t mask;
	pthread_t self;
};

static void look_around(void *arg)
{
	struct seen *seen = arg;

	(void)pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	(void)pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
	seen->self = pthread_self();
}

static void run(const char *name, struct seen *ret_seen)
{
	struct thread t = {0};

	ck_assert_int_eq(thread_start(&t, name, look_around, ret_seen), 0);
	ck_assert(t.started);
	thread_join(&t);
	ck_assert(!t.started);
}

START_TEST(body_runs_in_a_named_thread)
{
	struct seen seen = {0};

	run("flusher", &seen);
	ck_assert_str_eq(seen.name, "flusher");
	ck_assert(!pthread_equal(seen.self, pthread_self()));
}
END_TEST

START_TEST(long_name_is_cut)
{
	struct seen seen = {0};

	run("a-name-of-20-letters", &seen);
	ck_assert_str_eq(seen.name, "a-name-of-20-le");
}
END_TEST

START_TEST(signals_are_blocked_there_and_not_here)
{
	const int signals[] = {SIGTERM, SIGINT,  SIGHUP,  SIGUSR1, SIGUSR2,
			       SIGPIPE, SIGALRM, SIGCHLD, SIGRTMIN};
	struct seen seen = {0};
	sigset_t mask_before, mask_after;

	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask_before), 0);
	run("x", &seen);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask_after), 0);
	for (size_t i = 0; i < array_size(signals); i++) {
		ck_assert_int_eq(sigismember(&seen.mask, signals[i]), 1);
		ck_assert_int_eq(sigismember(&mask_after, signals[i]),
				 sigismember(&mask_before, signals[i]));
	}
}
END_TEST

START_TEST(faults_reach_their_handlers)
{
	struct seen seen = {0};

	run("x", &seen);
	ck_assert_int_eq(sigismember(&seen.mask, SIGSEGV), 0);
	ck_assert_int_eq(sigismember(&seen.mask, SIGBUS), 0);
}
END_TEST

START_TEST(join_of_a_thread_never_started_does_nothing)
{
	struct thread t = {0};

	thread_join(&t);
	ck_assert(!t.started);
}
END_TEST

/* What sched_getattr(2) answers, as far as it is looked at here. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t slice_ns; /* 0 before Linux 6.12 */
	uint64_t unused[2];
};

struct change {
	enum thread_kind kind;
	struct scheduling before, after;
};

static void change_kind(void *arg)
{
	struct change *c = arg;

	ck_assert_int_eq(syscall(SYS_sched_getattr, 0, &c->before, sizeof(c->before), 0), 0);
	thread_set_kind(c->kind);
	ck_assert_int_eq(syscall(SYS_sched_getattr, 0, &c->after, sizeof(c->after), 0), 0);
}

START_TEST(a_kind_changes_the_slice_and_nothing_else)
{
	static const uint64_t slices_ns[] = {[THREAD_PROMPT] = 100000, [THREAD_LONG] = 50000000};

	for (size_t i = 0; i < array_size(slices_ns); i++) {
		struct change c = {.kind = (enum thread_kind)i};
		struct thread t = {0};

		ck_assert_int_eq(thread_start(&t, "kind", change_kind, &c), 0);
		thread_join(&t);
		ck_assert_uint_eq(c.after.policy, c.before.policy);
		ck_assert_uint_eq(c.after.flags, c.before.flags);
		ck_assert_int_eq(c.after.nice, c.before.nice);
		if (c.before.policy == SCHED_OTHER && c.before.slice_ns > 0)
			ck_assert_uint_eq(c.after.slice_ns, slices_ns[i]);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&body_runs_in_a_named_thread,
	&long_name_is_cut,
	&signals_are_blocked_there_and_not_here,
	&faults_reach_their_handlers,
	&join_of_a_thread_never_started_does_nothing,
	&a_kind_changes_the_slice_and_nothing_else,
};

UNIT_SUITE("lsm/base/thread", tests)
