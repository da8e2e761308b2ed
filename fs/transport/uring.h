/*
 * FUSE over io_uring (Linux 6.14 and later) beneath a libfuse that does not know it.
 *
 * The kernel has a queue for each possible CPU and puts a request into that of the CPU on which its
 * caller runs. Each queue has some workers (ring_worker.h), pinned to its CPU: the caller's CPU
 * goes to the worker and back, and no other has to be woken. libfuse decodes requests and encodes
 * answers as ever; fuse_session_custom_io carries the bytes. INIT, FORGET, INTERRUPT,
 * notifications, and what the kernel sends before the queues are ready, go through /dev/fuse, which
 * one thread reads.
 *
 * Thread rule: one thread; uring_requests from any. One at a time in a process.
 */
#pragma once

#include <stdint.h>

#include "lsm/base/compiler.h"

struct fuse_session;
struct uring;

struct uring_options {
	struct fuse_session *session; /* borrowed; mounted */
	unsigned depth;               /* workers of each queue, at least 2; 0: as suits the CPUs */
	unsigned max_write;           /* bytes of one request or answer, at most */
	int broken_fd; /* borrowed: an eventfd, written to when the connection is of no use any
			  more */
};

/*
 * Make the workers, and try that io_uring works here; nothing of it is visible to the kernel's
 * FUSE. An error with a sentence: without io_uring, or CPUs, threads, memory.
 */
must_check int uring_open(const struct uring_options *options, struct uring **ret_uring);

/*
 * Answer INIT, and agree on io_uring in it. 0: requests are served by the workers, and what comes
 * through /dev/fuse waits for uring_read. -EOPNOTSUPP, with a sentence: the session goes on without
 * io_uring, with INIT answered, and any loop of libfuse serves it. Else the session has ended.
 */
must_check int uring_begin(struct uring *uring);

/* Serve /dev/fuse until the session is exited or ends; a signal makes it look whether it is. */
must_check int uring_read(struct uring *uring);

/* Let the workers end what they work on, and free all. NULL is allowed. The session still works. */
void uring_close(struct uring *uring);

/* For .stats. */
unsigned uring_queues(const struct uring *uring);
unsigned uring_workers(const struct uring *uring);
uint64_t uring_requests(const struct uring *uring);
