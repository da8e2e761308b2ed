/*
 * A process that cleans up after a test program, however that ends: by exit, by a failed assertion,
 * by SIGKILL. It then kills the processes it was told of, detaches the mount and removes the
 * scratch folder.
 *
 * A process that waits in a request to a daemon that hangs cannot be interrupted, not even by its
 * own alarm. So the guard also kills those processes when it hears nothing for GUARD_SILENCE_S; the
 * waiting call then fails.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lsm/base/compiler.h"

enum {
	GUARD_PROCESSES_MAX = 8,
	GUARD_SILENCE_S = 120,
};

struct guard_board; /* what the guard knows, in memory shared with it */

struct guard {
	struct guard_board *board; /* owned */
	pid_t process;
	int alive_fd; /* owned; closed when we are gone */
};

/*
 * Start it, before any other process. `folder` is the scratch folder and `mountpoint` lies in it
 * (both borrowed, absolute).
 */
must_check int guard_begin(struct guard *g, const char *folder, const char *mountpoint);
/* Let it clean up, and wait for that. keep_folder: the scratch folder stays. */
void guard_end(struct guard *g, bool keep_folder);

/* A child that must not outlive us, from now until it has been waited for. */
void guard_add(struct guard *g, pid_t child);
void guard_remove(struct guard *g, pid_t child);
/* There is progress. */
void guard_beat(struct guard *g);
/* In a forked child of the test program: its end is not ours. */
void guard_leave(struct guard *g);
