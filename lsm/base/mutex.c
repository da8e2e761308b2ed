#include "lsm/base/mutex.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef LSM_DEBUG

enum {
	HELD_MAX = 16,
};

/* The mutexes that this thread holds, in the order in which it took them. */
static _Thread_local const struct mutex *held[HELD_MAX];
static _Thread_local int held_count;

static const char *rank_name(enum lock_rank rank)
{
	static const char *const names[] = {
		[RANK_FS_CONTROL] = "fs control",   [RANK_FS_FEATURES] = "fs features",
		[RANK_FS_MOVE] = "fs move",         [RANK_FS_PATH] = "fs path",
		[RANK_FS_HELD] = "fs held",         [RANK_FS_NODES] = "fs nodes",
		[RANK_FS_STAGES] = "fs stages",     [RANK_FS_STAGE] = "fs stage",
		[RANK_FS_VIEWS] = "fs views",       [RANK_FS_WATCH] = "fs watch",
		[RANK_FS_VIRT] = "fs virt",         [RANK_FS_REASONS] = "fs reasons",
		[RANK_FS_SHUTDOWN] = "fs shutdown", [RANK_FS_NOTIFIER] = "fs notifier",
		[RANK_FS_DIRS] = "fs dirs",         [RANK_FS_CONFIG] = "fs config",
		[RANK_DB_NAMING] = "db naming",     [RANK_DB_RESERVE] = "db reserve",
		[RANK_DB_SYNC] = "db sync",         [RANK_DB_WRITE] = "db write",
		[RANK_DB_TIMER] = "db timer",       [RANK_DB_SNAPSHOTS] = "db snapshots",
		[RANK_DB_FOLD] = "db fold",         [RANK_DB_WORK] = "db work",
		[RANK_TREE_LOG] = "tree log",       [RANK_TREE] = "tree",
		[RANK_HELPER] = "helper",           [RANK_BLOB_SYNC] = "blob sync",
		[RANK_BLOB_WRITER] = "blob writer", [RANK_BLOB] = "blob",
		[RANK_TREE_PACE] = "tree pace",     [RANK_CACHE] = "cache",
		[RANK_ARENA_POOL] = "arena pool",   [RANK_ENV] = "env",
	};
	size_t i = (size_t)rank;

	return i < array_size(names) && names[i] ? names[i] : "unnamed";
}

static _Noreturn void die_of_order(const struct mutex *wanted, const struct mutex *other)
{
	fprintf(stderr, "mutex: rank %s (%d) wanted while rank %s (%d) is held\n",
		rank_name(wanted->rank), (int)wanted->rank, rank_name(other->rank),
		(int)other->rank);
	abort();
}

static bool may_follow(const struct mutex *m, const struct mutex *other, bool same_rank_allowed)
{
	if (same_rank_allowed && m->rank == other->rank)
		return (uintptr_t)m > (uintptr_t)other;
	return m->rank > other->rank;
}

/* Before m is waited for. */
static void check_order(const struct mutex *m, bool same_rank_allowed)
{
	for (int i = 0; i < held_count; i++) {
		if (!may_follow(m, held[i], same_rank_allowed))
			die_of_order(m, held[i]);
	}
}

/* After m was taken. */
static void note_taken(const struct mutex *m)
{
	assert(held_count < HELD_MAX);
	held[held_count++] = m;
}

/* The place of m among the held, or -1. Searched from the end, where it usually is. */
static int held_index(const struct mutex *m)
{
	int i = held_count - 1;

	while (i >= 0 && held[i] != m)
		i--;
	return i;
}

static void check_held(const struct mutex *m)
{
	if (held_index(m) >= 0)
		return;
	fprintf(stderr, "mutex: rank %s (%d) is not held by this thread\n", rank_name(m->rank),
		(int)m->rank);
	abort();
}

/* Before m is given back. */
static void note_released(const struct mutex *m)
{
	check_held(m);
	for (int i = held_index(m); i + 1 < held_count; i++)
		held[i] = held[i + 1];
	held_count--;
}

/* A wait gives m back and takes it again, so m comes after all else the thread holds. */
static void check_wait(const struct mutex *m)
{
	check_held(m);
	for (int i = 0; i < held_count; i++) {
		if (held[i] != m && held[i]->rank >= m->rank)
			die_of_order(m, held[i]);
	}
}

#else

static inline void check_order(const struct mutex *m, bool same_rank_allowed)
{
	(void)m;
	(void)same_rank_allowed;
}

static inline void note_taken(const struct mutex *m)
{
	(void)m;
}

static inline void check_held(const struct mutex *m)
{
	(void)m;
}

static inline void note_released(const struct mutex *m)
{
	(void)m;
}

static inline void check_wait(const struct mutex *m)
{
	(void)m;
}

#endif

/* The GNU kind that spins before it sleeps; other C libraries have their own policy. */
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
static const int native_kind = PTHREAD_MUTEX_ADAPTIVE_NP;
#else
static const int native_kind = PTHREAD_MUTEX_NORMAL;
#endif

/* The calls below fail only when they are misused. */
static inline void expect_zero(int rc)
{
	assert(rc == 0);
	(void)rc;
}

void mutex_init(struct mutex *m, enum lock_rank rank)
{
	pthread_mutexattr_t attributes;

	expect_zero(pthread_mutexattr_init(&attributes));
	expect_zero(pthread_mutexattr_settype(&attributes, native_kind));
	expect_zero(pthread_mutex_init(&m->native, &attributes));
	expect_zero(pthread_mutexattr_destroy(&attributes));
	m->rank = rank;
}

void mutex_done(struct mutex *m)
{
	expect_zero(pthread_mutex_destroy(&m->native));
}

void mutex_lock(struct mutex *m)
{
	check_order(m, false);
	expect_zero(pthread_mutex_lock(&m->native));
	note_taken(m);
}

void mutex_lock_same_rank(struct mutex *m)
{
	check_order(m, true);
	expect_zero(pthread_mutex_lock(&m->native));
	note_taken(m);
}

bool mutex_trylock(struct mutex *m)
{
	int rc = pthread_mutex_trylock(&m->native);

	assert(rc == 0 || rc == EBUSY);
	if (rc)
		return false;
	note_taken(m);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	note_released(m);
	expect_zero(pthread_mutex_unlock(&m->native));
}

void mutex_assert_held(const struct mutex *m)
{
	check_held(m);
}

struct mutex *mutex_hold_(struct mutex *m)
{
	mutex_lock(m);
	return m;
}

void mutex_release_(struct mutex **m)
{
	mutex_unlock(*m);
}

void cond_init(struct cond *c)
{
	pthread_condattr_t attributes;

	expect_zero(pthread_condattr_init(&attributes));
	expect_zero(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	expect_zero(pthread_cond_init(&c->native, &attributes));
	expect_zero(pthread_condattr_destroy(&attributes));
}

void cond_done(struct cond *c)
{
	expect_zero(pthread_cond_destroy(&c->native));
}

void cond_wait(struct cond *c, struct mutex *m)
{
	check_wait(m);
	expect_zero(pthread_cond_wait(&c->native, &m->native));
}

bool cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / 1000000000),
		.tv_nsec = (long)(deadline_ns % 1000000000),
	};

	check_wait(m);
	int rc = pthread_cond_timedwait(&c->native, &m->native, &deadline);

	assert(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}

void cond_signal(struct cond *c)
{
	expect_zero(pthread_cond_signal(&c->native));
}

void cond_broadcast(struct cond *c)
{
	expect_zero(pthread_cond_broadcast(&c->native));
}
