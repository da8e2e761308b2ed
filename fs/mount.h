/*
 * The mount itself: libfuse's session.
 *
 * Thread rule: one thread, before and after the session's loop.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

struct fuse_session;
struct ops;

struct mount_options {
	const char *store;      /* shown as the source of the mount */
	const char *mountpoint; /* from mount_point_check */
	const char *words;      /* for libfuse: "nosuid,allow_other"; "" for none */
	unsigned max_readahead; /* bytes; as far as this user may */
	bool debug;             /* libfuse writes each request to standard error */
};

/* Mount; the ops (borrowed until mount_end) answer its requests, as soon as a loop is run. */
must_check int mount_begin(const struct mount_options *options, struct ops *ops,
			   struct fuse_session **ret_session);
/*
 * The loop has broken down: unmount, and end the connection by force, as far as this user may, so
 * that whoever waits for an answer, or in the kernel for who does, goes on. mount_end is to follow.
 * NULL is allowed.
 */
void mount_abort(struct fuse_session *session, const char *mountpoint);
/* Unmount, if that has not happened yet, and free the session. NULL is allowed. */
void mount_end(struct fuse_session *session);
