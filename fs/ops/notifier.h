/*
 * The threads that tell the kernel what to forget. The request that made it so is answered after
 * that, so that whoever has the answer sees what it says.
 *
 * The kernel takes the lock of a folder to drop a name in it, and whoever holds that lock may wait
 * for an answer of ours. So the thread that works on the request must not be needed for that one:
 * where any thread may answer, the notifier does; else the one that took the request waits, but not
 * for ever, and answers itself, as one over io_uring has to be. Where it is the last one there, it
 * waits as long as it takes when nothing is in the way.
 *
 * What nobody waits for, names that may go some time, has a thread of its own: it may meet a lock
 * that is held for a whole search, and no answer is to wait behind that. Who waits for an answer
 * may even hold that lock.
 *
 * Thread rule: any thread.
 */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fs/core/stale.h"
#include "fs/ops/ops.h"
#include "lsm/base/mutex.h"
#include "lsm/base/thread.h"

struct notifier_job;

/* How a request is answered. */
struct notifier_answer {
	fuse_req_t req; /* NULL: nobody waits */
	int rc;         /* 0 or a negative errno */
	size_t written; /* rc 0: of a WRITE; else 0 */
	bool has_attr;  /* rc 0: the answer is this */
	struct stat attr;
	double attr_timeout;
};

enum {
	NOTIFIER_WAIT_MS = 2000,
	NOTIFIER_WAIT_LAST_MS = 50, /* of who must not wait for long */
	NOTIFIER_STOP_MS = 100,     /* of notifier_stop */
};

enum notifier_kind {
	NOTIFIER_ANSWERS, /* a request is answered after it */
	NOTIFIER_TRIMS,   /* nobody waits for it */
	NOTIFIER_KINDS,
};

/* A thread and what it is to tell, in order; guarded by notifier.mu. */
struct notifier_lane {
	struct notifier *notifier; /* immutable: whose it is */
	struct cond wake;
	struct notifier_job *first; /* owned; oldest */
	struct notifier_job *last;
	bool running; /* the thread works on jobs */
	struct thread thread;
};

struct notifier {
	bool answers;                 /* nobody waits for it; immutable once requests come */
	struct ops_wait wait;         /* immutable */
	struct fuse_session *session; /* borrowed; set by notifier_start */
	struct mutex mu;              /* RANK_FS_NOTIFIER */
	struct cond told;             /* to those who wait; and that a lane has ended */
	struct notifier_lane lanes[NOTIFIER_KINDS];
	/* guarded by mu */
	bool stopping;
	bool leaving; /* nothing more is told */
};

void notifier_init(struct notifier *n, const struct ops_wait *wait);
/* The session's loop is about to run. */
must_check int notifier_start(struct notifier *n, struct fuse_session *session);
/* Before the first change: it answers what it was given, as any thread may. */
void notifier_answers(struct notifier *n);
/*
 * Do what is left, and end; from now on requests are answered at once, and the kernel is told of
 * nothing. To be called while the session's loop runs, or once the kernel has ended the connection:
 * else whoever holds the lock that the notifier waits for may wait for an answer that nobody gives,
 * and neither can be killed. Whether it has ended, within NOTIFIER_STOP_MS: if not, it is to be
 * called again. True when it was never started.
 */
must_check bool notifier_stop(struct notifier *n);
/*
 * The loop has broken down while the connection is there: end without what is left. False: for
 * NOTIFIER_WAIT_MS it has waited in the kernel, where nothing but the connection's end gets it out.
 * Until then it needs itself and the session, but begins nothing more.
 */
must_check bool notifier_leave(struct notifier *n);
/* It has ended. */
void notifier_done(struct notifier *n);

/*
 * Tell the kernel of *stale, which becomes the notifier's, then answer. With nothing to tell, or no
 * memory, it is answered at once.
 */
void notifier_answer_after(struct notifier *n, struct fs_stale *stale,
			   const struct notifier_answer *answer);
