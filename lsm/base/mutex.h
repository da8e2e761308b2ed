/*
 * Mutexes with a rank, and condition variables on the monotonic clock.
 *
 * A thread may take a mutex only if its rank is higher than that of every mutex the thread
 * already holds; builds with LSM_DEBUG abort, naming both, when it is not. So no two threads can
 * wait for each other. The table of ranks, and what each mutex guards, stands in lsm/README.md.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

/* In the order in which they may be taken, outermost first. */
enum lock_rank {
	RANK_FS_CONTROL = 3,  /* fs/virt: one write(2) at a time to a control file that is open */
	RANK_FS_FEATURES = 4, /* fs/virt: the feature flags, with the I/O of keeping them */
	RANK_FS_MOVE = 5,     /* fs/core: one rename of a folder at a time */
	RANK_FS_PATH = 10, /* fs/core: one stripe of keys under change (stripes in address order) */
	RANK_FS_HELD = 20, /* fs/core: creations and truncations waiting for their write */
	RANK_FS_NODES = 30,     /* fs/core: the inode table */
	RANK_FS_STAGES = 34,    /* fs/virt: the list of staged batches */
	RANK_FS_STAGE = 35,     /* fs/virt: the text of one */
	RANK_FS_VIEWS = 38,     /* fs/virt: snapshots that are looked into */
	RANK_FS_WATCH = 39,     /* fs/virt: the window of changes, being opened */
	RANK_FS_VIRT = 40,      /* fs/virt: rendered files */
	RANK_FS_TRANSPORT = 41, /* fs/transport: which way requests come, while it is asked for */
	RANK_FS_REASONS = 42,   /* fs/virt: why commands failed */
	RANK_FS_SHUTDOWN = 43,  /* fs: whether closing has come to its end */
	RANK_FS_NOTIFIER = 44,  /* fs/ops: what the kernel has yet to be told */
	RANK_FS_DIRS = 45,      /* fs/ops: the list of open folders */
	RANK_FS_CONFIG = 46,    /* lsm/config: one change of a running program's settings */
	RANK_DB_NAMING = 47,    /* lsm/db: one naming or dropping of a snapshot */
	RANK_DB_RESERVE = 48,   /* lsm/db: giving back and taking the reserve */
	RANK_DB_SYNC = 50,      /* lsm/db: one log sync at a time */
	RANK_DB_WRITE = 60,     /* lsm/db: the order of commits */
	RANK_DB_TIMER = 75,     /* lsm/db: when the log is synced unasked */
	RANK_DB_SNAPSHOTS = 80, /* lsm/db: the list of live snapshots */
	RANK_DB_FOLD = 85,      /* lsm/db: what one key's patches come to */
	RANK_DB_WORK = 87,      /* lsm/db: background work wanted and under way */
	RANK_TREE_LOG = 90,     /* lsm/tree: one manifest edit at a time */
	RANK_TREE = 100,        /* lsm/tree: the current version, file marks */
	RANK_HELPER = 101,      /* lsm/base: what a helping thread is offered */
	RANK_BLOB_SYNC = 102,   /* lsm/blob: one sync at a time */
	RANK_BLOB_WRITER = 104, /* lsm/blob: one file being appended to, with its I/O */
	RANK_BLOB = 106,        /* lsm/blob: which files there are, and which are open */
	RANK_TREE_PACE = 108,   /* lsm/tree: the end of a wait for the rate limit */
	RANK_CACHE = 110,       /* lsm/sst: one shard of a cache */
	RANK_ARENA_POOL = 115,  /* lsm/base: memory that ended memtables leave */
	RANK_ENV = 120,         /* lsm/env: in-memory, recording, fault-injecting */
};

struct mutex {
	pthread_mutex_t native;
	enum lock_rank rank;
};

void mutex_init(struct mutex *m, enum lock_rank rank);
/* No thread holds or waits for it. */
void mutex_done(struct mutex *m);
/* Spins a little before it sleeps: critical sections are short, wake-ups are not. */
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
/* True when taken. Out-of-order tries are allowed: they cannot wait. */
must_check bool mutex_trylock(struct mutex *m);
/* Aborts when the calling thread does not hold m (LSM_DEBUG builds; else nothing). */
void mutex_assert_held(const struct mutex *m);
/* As mutex_lock for several mutexes of one rank that the caller takes in address order. */
void mutex_lock_same_rank(struct mutex *m);

struct cond {
	pthread_cond_t native;
};

void cond_init(struct cond *c);
void cond_done(struct cond *c);
void cond_wait(struct cond *c, struct mutex *m);
/* Waits until clock_mono_ns() >= deadline_ns at the latest; false when it ended by time. */
bool cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

struct mutex *mutex_hold_(struct mutex *m);
void mutex_release_(struct mutex **m);

/* Hold m until the end of the enclosing block. */
#define mutex_guard(m)                                                                             \
	__attribute__((cleanup(mutex_release_), unused)) struct mutex *guard_ = mutex_hold_(m)
