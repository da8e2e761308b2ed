/*
 * Creations and truncations that wait for their write, so that `echo v > f` is one put: old value
 * or new value after a crash, never an empty one.
 *
 * What is held belongs to a node and is seen by every call; in the store there is nothing of it
 * yet. It ends in one of three ways: the first write to the node makes one put of both (hold_end),
 * it is logged as an empty file (hold_log), or its file is removed (hold_end). It is logged before
 * any other change by the caller that made it, by fs_sync, after FS_HOLD_MS, and when the kernel
 * forgets the node, always in the order in which things were held. Logging that fails leaves it
 * held: the change or sync that wanted it fails with the error, the timer tries again.
 *
 * While nothing is held, all this costs one relaxed load: the count is raised before the creation
 * is answered, and whoever may rely on it heard of that answer.
 *
 * Thread rule: any thread. What a node holds changes only with the stripe of its name held; hold.mu
 * (RANK_FS_HELD) guards the list for those who have no stripe.
 */
#pragma once

#include <stdatomic.h>

#include "fs/core/attr.h"
#include "fs/core/node_table.h"
#include "lsm/base/buf.h"
#include "lsm/base/mutex.h"
#include "lsm/base/thread.h"

enum {
	HOLD_MAX = 256,      /* more than this are logged at once */
	HOLD_RETRY_MS = 250, /* after logging failed */
	HOLD_IDLE_MS = 1000, /* without anything held: the timer goes to sleep */
	HOLD_BY_MANY = 0,    /* pid: several callers rely on it, so any caller's change logs it */
};

struct held {
	struct node *node;    /* pinned */
	struct node_key *key; /* owned reference: the node's, which stays while this is held */
	pid_t pid;            /* who made it; guarded by hold.mu */
	bool creation;        /* there is no record of this file in the store */
	uint64_t deadline_ns; /* of clock_mono_ns */
	struct attr attr;     /* as everyone sees it */
	struct buf xattrs;    /* owned: what attr.xattrs is */
	struct held *next;
	struct held *prev;
};

struct hold {
	struct mutex mu;
	struct cond wake;
	/* guarded by mu */
	struct held *first; /* oldest; owned */
	struct held *last;
	uint64_t retry_ns;  /* the timer logs nothing before */
	uint64_t active_ns; /* when something was held last */
	bool asleep;        /* the timer waits for a signal */
	bool stopping;
	uint64_t total, merged;
	/* written under mu; see above */
	_Atomic uint32_t count;
	_Atomic bool failing; /* the log has heard of the error */
	struct thread timer;
};

void hold_init(struct hold *h);
/* Drops what is still held. */
void hold_done(struct fs *fs);
/* The thread that logs in time. Without it, hold_expire does. */
must_check int hold_timer_start(struct fs *fs);
void hold_timer_stop(struct fs *fs);

/*
 * Hold an empty file with these attributes (times: now). The stripe is held, the node holds
 * nothing. False, and nothing held: there is too much already, no memory, no room for a creation on
 * the disk, or the store is frozen; log it instead.
 */
must_check bool hold_add(struct fs *fs, const struct node_view *view, const struct attr *attr,
			 bool creation, pid_t pid);
/* Another caller relies on it too. The stripe is held. */
void hold_share(struct fs *fs, struct node *node, pid_t pid);
/* Whether the node holds something, with its attributes, whose xattrs are good while the stripe is
 * held. */
must_check bool hold_peek(struct fs *fs, struct node *node, struct attr *ret_attr,
			  bool *ret_creation);
/* It is in the store now, with a write (merged), or no more. The stripe is held. Nothing when
 * nothing is held. */
void hold_end(struct fs *fs, struct node *node, bool merged);
/* Log what the node holds, if anything. The stripe is held. */
must_check int hold_log(struct fs *fs, struct node *node);
/* Log all that is held. All stripes are held. */
must_check int hold_log_all_locked(struct fs *fs);

/* No stripe is held by the callers of these. */

/* Log what pid holds, but for the file `except`, before pid changes something else. */
must_check int hold_log_of(struct fs *fs, pid_t pid, struct slice except);
must_check int hold_log_all(struct fs *fs);
/* Log what is due at now_ns (of clock_mono_ns). */
must_check int hold_expire(struct fs *fs, uint64_t now_ns);

/* Whether something is held under this key. */
must_check bool hold_has(struct fs *fs, struct slice key);
/* Whether a creation is held whose key begins with prefix. */
must_check bool hold_has_below(struct fs *fs, struct slice prefix);
/* The keys of these, appended to *ret_keys, each after its length as a varint, in key order.
 * -ENOMEM. */
must_check int hold_keys_below(struct fs *fs, struct slice prefix, struct buf *ret_keys);

void hold_stats(struct hold *h, struct fs_stats *ret_stats);

static inline bool hold_is_empty(struct hold *h)
{
	return atomic_load_explicit(&h->count, memory_order_relaxed) == 0;
}
