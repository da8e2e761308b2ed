#include "lsm/base/thread.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lsm/base/error.h"

enum {
	NAME_CAP = 16, /* TASK_COMM_LEN of the kernel, the NUL included */
};

/* What a new thread must know; owned by it. */
struct start {
	void (*body)(void *);
	void *arg;
	char name[NAME_CAP];
};

static void *thread_main(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	(void)pthread_setname_np(pthread_self(), start.name); /* a name is only for people */
	start.body(start.arg);
	return NULL;
}

/* Faults are a thread's own and must reach their handlers, a sanitizer's for example. */
static void fill_blocked_set(sigset_t *set)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

	sigfillset(set);
	for (size_t i = 0; i < array_size(faults); i++)
		sigdelset(set, faults[i]);
}

int thread_start(struct thread *t, const char *name, void (*body)(void *), void *arg)
{
	struct start *start = malloc(sizeof(*start));

	if (!start)
		return -ENOMEM;
	start->body = body;
	start->arg = arg;
	snprintf(start->name, sizeof(start->name), "%s", name);

	/* A thread inherits its creator's mask: blocked before it begins, so no signal slips in. */
	sigset_t blocked;
	sigset_t before;
	pthread_t native;

	fill_blocked_set(&blocked);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, &before); /* fails on a wrong `how` only */
	int rc = pthread_create(&native, NULL, thread_main, start);

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc) {
		free(start);
		return fail(-rc, "thread %s cannot be started: %s", name, strerror(rc));
	}
	t->native = native;
	t->started = true;
	return 0;
}

/* sched_setattr(2), which glibc 2.36 has no call and no type for. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

void thread_set_kind(enum thread_kind kind)
{
	static const uint64_t slices_ns[] = {
		/* the least and half of the most that the kernel takes */
		[THREAD_PROMPT] = 100000,
		[THREAD_LONG] = 50000000,
	};
	struct scheduling now = {.size = sizeof(now)};

	/* Refused, it runs as it did. */
	if (syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) != 0 || now.policy != SCHED_OTHER)
		return;
	now.runtime_ns = slices_ns[kind];
	(void)syscall(SYS_sched_setattr, 0, &now, 0);
}

void thread_join(struct thread *t)
{
	if (!t->started)
		return;

	int rc = pthread_join(t->native, NULL);

	assert(rc == 0);
	(void)rc;
	t->started = false;
}

unsigned thread_cpus(void)
{
	cpu_set_t set;

	/* fails where there are more than the set has room for */
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (unsigned)max_of(CPU_COUNT(&set), 1);
}
