/*
 * Ends a session's loop: at a stop signal, or when a descriptor says so.
 *
 * Thread rule: the thread that runs the loop.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "lsm/base/compiler.h"
#include "lsm/base/thread.h"

struct fuse_session;

/* What is to be done when a stop signal has come, while the loop still serves requests. */
struct stopper_hook {
	/* In a thread of its own, again and again until it returns true, or until the loop is over
	 * or of no use: then whatever it waits for may never come. NULL: nothing. */
	bool (*stopping)(void *arg);
	void *arg;
};

struct stopper {
	struct fuse_session *session; /* borrowed */
	struct stopper_hook hook;
	pthread_t runner; /* the thread in the loop */
	int signal_fd;    /* owned: stop signals */
	int broken_fd;    /* owned: an eventfd: the loop is of no use any more */
	int ended_fd;     /* owned: readable once the loop has been left */
	struct thread thread;
};

/* Block them, in this thread and those it will start. */
void stopper_block_signals(void);

/*
 * From now on a stop signal, or a write to broken_fd, exits the session and interrupts the calling
 * thread (EINTR) until stopper_end. -EMFILE and the like, with a sentence.
 */
must_check int stopper_begin(struct fuse_session *session, const struct stopper_hook *hook,
			     struct stopper *ret_stopper);
/* The loop has been left. Whether broken_fd was written to. */
void stopper_end(struct stopper *stopper, bool *ret_broken);
