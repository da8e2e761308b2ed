/*
 * The session loop: takes requests from the kernel, has them processed, until the mount ends.
 *
 * The way here is libfuse's own loop over /dev/fuse.
 *
 * Thread rule: one session and one transport_run per process; transport_render from any thread
 * meanwhile.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/buf.h"

struct fuse_session;

struct transport_options {
	bool single_thread;   /* requests one after the other, in the caller's thread */
	bool clone_fd;        /* a device descriptor, and so a queue of answers, for each thread */
	unsigned max_threads; /* of the multi-threaded loop; at least 1 */
};

/*
 * To be called before any thread is started, so that all of them inherit it: SIGTERM, SIGINT and
 * SIGHUP wait for transport_run. Those that the process was told to ignore stay ignored (nohup).
 */
void transport_block_signals(void);

/*
 * Serve the mounted session until it is unmounted or a stop signal comes. 0 in both cases; else a
 * negative errno. No request is under way any more when it returns.
 */
must_check int transport_run(struct fuse_session *session, const struct transport_options *options);

/*
 * The hook for .stats: appends lines `transport...`, with whatever this transport counts. -ENOMEM.
 */
must_check int transport_render(const struct transport_options *options, struct buf *text);
