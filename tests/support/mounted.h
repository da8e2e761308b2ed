/*
 * A store and a mount of it by the program under test, in a scratch folder that is cleaned up
 * whatever happens (guard.h).
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "tests/support/guard.h"

struct mounted {
	const char *program; /* borrowed: the apexfs binary */
	char *folder;        /* owned: the scratch folder; the rest lies in it */
	char *store;         /* owned */
	char *point;         /* owned */
	char *output;        /* owned: file with what the latest daemon wrote to standard error */
	dev_t outside;       /* the device of the mount point while nothing is mounted on it */
	pid_t daemon;        /* 0: none runs */
	struct guard guard;
};

/* Why nothing can be mounted here, for tap_skip; NULL when it can. */
const char *mounted_obstacle(void);

/* Make the folders and start the guard. */
must_check int mounted_begin(struct mounted *m, const char *program, const char *name);
/* End all there is and remove the folders; keep_store: after a failure, for inspection. */
void mounted_end(struct mounted *m, bool keep_store);

/* Run `apexfs -f -o options STORE POINT`; it may not have mounted yet. options "": none. */
must_check int mounted_spawn(struct mounted *m, const char *options);
/* Wait until the mount answers. An error: the daemon has ended, and what it wrote was noted. */
must_check int mounted_wait(struct mounted *m);
/* Both. */
must_check int mounted_start(struct mounted *m, const char *options);

/* A daemon runs. SIGTERM, as for a clean unmount. 0 when the daemon then ends with status 0 and
 * leaves no mount. */
must_check int mounted_stop(struct mounted *m);

/* Until alive_ns (of clock_mono_ns) the daemon certainly ran, from dead_ns on it certainly did not.
 */
struct mounted_death {
	uint64_t alive_ns, dead_ns;
};
/* A daemon runs. SIGKILL. -ECHILD: it had died by itself, which is noted. The dead mount stays. */
must_check int mounted_kill(struct mounted *m, struct mounted_death *ret_death);

/* Note as much as fits of what the latest daemon has written. */
void mounted_note_output(const struct mounted *m);
