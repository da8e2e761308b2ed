/*
 * The session loop: takes requests from the kernel, has them processed, until the mount ends.
 *
 * Two ways for a request to travel: FUSE over io_uring (uring.h), and classic, libfuse's own loop
 * over /dev/fuse. Which of them is decided before the first request.
 *
 * Thread rule: one session and one transport_run per process; transport_render from any thread
 * meanwhile.
 */
#pragma once

#include <stdbool.h>

#include "fs/transport/stopper.h"
#include "lsm/base/buf.h"
#include "lsm/base/error.h"
#include "lsm/base/mutex.h"

struct fuse_session;
struct uring;

enum transport_kind {
	TRANSPORT_AUTO, /* io_uring where it works, else classic */
	TRANSPORT_URING,
	TRANSPORT_CLASSIC,
};

struct transport_options {
	enum transport_kind kind;
	bool single_thread;   /* requests one after the other, in the caller's thread: classic */
	unsigned depth;       /* io_uring: requests of a CPU worked on at the same time; 0: auto */
	unsigned max_write;   /* io_uring: bytes of a request or answer, at most */
	bool clone_fd;        /* classic: a device descriptor for each thread */
	unsigned max_threads; /* classic: at least 1 */
	/* Called with hook.arg before the first request, when all of them come over /dev/fuse:
	 * their answers may come from any thread. NULL: nothing. */
	void (*classic_begins)(void *arg);
	struct stopper_hook hook;
};

struct transport {
	/* Immutable after transport_init. */
	struct transport_options options;
	bool ready;      /* transport_init has been called, transport_done not yet */
	struct mutex mu; /* RANK_FS_TRANSPORT */
	/* guarded by mu; only transport_run's thread writes */
	struct uring *uring;         /* owned by transport_run; NULL: classic, or over */
	char reason[ERROR_TEXT_MAX]; /* why not the other way */
};

/*
 * To be called before any thread is started, so that all of them inherit it: SIGTERM, SIGINT and
 * SIGHUP wait for transport_run. Those that the process was told to ignore stay ignored (nohup).
 */
void transport_block_signals(void);

/*
 * Before the mount, so that what is impossible is said while someone listens. -EOPNOTSUPP with a
 * sentence: TRANSPORT_URING was asked for, and this machine does not offer it.
 */
must_check int transport_init(const struct transport_options *options,
			      struct transport *ret_transport);
/* Nothing when transport_init never succeeded. */
void transport_done(struct transport *transport);

/*
 * Serve the mounted session until it is unmounted or a stop signal comes. 0 in both cases; else a
 * negative errno. No request is under way any more when it returns.
 */
must_check int transport_run(struct transport *transport, struct fuse_session *session);

/*
 * In a thread that works on a request: it is about to wait for what may need the answer to another
 * one; and has waited. False: no thread would be left for that one, so it must not wait for long.
 */
must_check bool transport_wait_begin(void);
void transport_wait_end(void);

/*
 * The hook for .stats: appends lines `transport...`, with whatever this transport counts. -ENOMEM.
 */
must_check int transport_render(struct transport *transport, struct buf *text);
