#include "tests/fault/quiet.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lsm/base/clock.h"

struct watched {
	bool used;
	bool asleep;
	const pthread_cond_t *cond; /* where, while it sleeps */
	unsigned pauses;            /* in a row */
	void *(*body)(void *);
	void *arg;
};

/*
 * A sleeper is noted while it still holds the mutex that goes with its condition, and the store
 * signals with that mutex held: so between the note and the sleep nobody signals.
 */
static struct {
	pthread_mutex_t mu;
	pthread_cond_t changed;
	struct watched threads[QUIET_THREADS_MAX]; /* guarded by mu */
} quiet = {.mu = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static _Atomic uint64_t starts;
static _Atomic uint64_t fail_start = UINT64_MAX;
static _Thread_local struct watched *self; /* NULL: not one of the store's threads */

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __real_pthread_cond_wait(pthread_cond_t *, pthread_mutex_t *);
int __wrap_pthread_cond_wait(pthread_cond_t *, pthread_mutex_t *);
int __real_pthread_cond_timedwait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int __wrap_pthread_cond_timedwait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int __real_pthread_cond_signal(pthread_cond_t *);
int __wrap_pthread_cond_signal(pthread_cond_t *);
int __real_pthread_cond_broadcast(pthread_cond_t *);
int __wrap_pthread_cond_broadcast(pthread_cond_t *);

static void leave(void *arg)
{
	struct watched *w = arg;

	pthread_mutex_lock(&quiet.mu);
	*w = (struct watched){0};
	__real_pthread_cond_broadcast(&quiet.changed);
	pthread_mutex_unlock(&quiet.mu);
}

static void *thread_body(void *arg)
{
	struct watched *w = arg;
	void *result = NULL;

	self = w;
	pthread_cleanup_push(leave, w);
	result = w->body(w->arg);
	pthread_cleanup_pop(1);
	return result;
}

static struct watched *enter(void *(*body)(void *), void *arg)
{
	struct watched *w = quiet.threads;

	pthread_mutex_lock(&quiet.mu);
	while (w->used)
		w++;
	assert(w < quiet.threads + QUIET_THREADS_MAX);
	*w = (struct watched){.used = true, .body = body, .arg = arg};
	pthread_mutex_unlock(&quiet.mu);
	return w;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*body)(void *), void *arg)
{
	if (atomic_fetch_add(&starts, 1) == atomic_load(&fail_start))
		return EAGAIN;

	struct watched *w = enter(body, arg);
	int rc = __real_pthread_create(thread, attributes, thread_body, w);

	if (rc)
		leave(w);
	return rc;
}

static void fall_asleep(const pthread_cond_t *cond, bool pause)
{
	if (!self)
		return;
	pthread_mutex_lock(&quiet.mu);
	self->pauses = pause ? self->pauses + 1 : 0;
	self->asleep = !pause || self->pauses > QUIET_TRIES;
	self->cond = cond;
	__real_pthread_cond_broadcast(&quiet.changed);
	pthread_mutex_unlock(&quiet.mu);
}

static void wake(void)
{
	if (!self)
		return;
	pthread_mutex_lock(&quiet.mu);
	self->asleep = false;
	pthread_mutex_unlock(&quiet.mu);
}

static void note_signal(const pthread_cond_t *cond)
{
	pthread_mutex_lock(&quiet.mu);
	for (struct watched *w = quiet.threads; w < quiet.threads + QUIET_THREADS_MAX; w++)
		if (w->used && w->cond == cond)
			w->asleep = false;
	pthread_mutex_unlock(&quiet.mu);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
	fall_asleep(cond, false);
	int rc = __real_pthread_cond_wait(cond, mu);

	wake();
	return rc;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
				  const struct timespec *deadline)
{
	uint64_t now = clock_mono_ns();
	uint64_t end = (uint64_t)deadline->tv_sec * 1000000000 + (uint64_t)deadline->tv_nsec;
	bool pause = end < now + QUIET_PAUSE_MAX_MS * UINT64_C(1000000);
	uint64_t soon = now + 1000000;
	struct timespec until = *deadline;

	if (self && pause && soon < end)
		until = (struct timespec){.tv_sec = (time_t)(soon / 1000000000),
					  .tv_nsec = (long)(soon % 1000000000)};
	fall_asleep(cond, pause);
	int rc = __real_pthread_cond_timedwait(cond, mu, &until);

	wake();
	return rc;
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
	note_signal(cond);
	return __real_pthread_cond_signal(cond);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
	note_signal(cond);
	return __real_pthread_cond_broadcast(cond);
}

static bool is_anyone_awake_locked(void)
{
	for (struct watched *w = quiet.threads; w < quiet.threads + QUIET_THREADS_MAX; w++)
		if (w->used && !w->asleep)
			return true;
	return false;
}

void quiet_wait(void)
{
	pthread_mutex_lock(&quiet.mu);
	while (is_anyone_awake_locked())
		__real_pthread_cond_wait(&quiet.changed, &quiet.mu);
	pthread_mutex_unlock(&quiet.mu);
}

void quiet_fail_start(uint64_t n)
{
	atomic_store(&starts, 0);
	atomic_store(&fail_start, n);
}

uint64_t quiet_starts(void)
{
	return atomic_load(&starts);
}

uint64_t quiet_starts_refused(void)
{
	return atomic_load(&starts) > atomic_load(&fail_start);
}
