/*
 * Going to the background: the command returns when the mount works, or says why it does not.
 *
 * Thread rule: before any thread is started, daemon_ready excepted.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

struct daemon {
	int ready_fd; /* owned; -1 in the foreground, and once it is ready */
};

/*
 * Fork, unless in the foreground. The child goes on; the parent waits for daemon_ready and then
 * exits: 0 when the root of the mount answers, else with the child's status (it has said why).
 */
must_check int daemon_start(bool foreground, const char *mountpoint, struct daemon *ret_daemon);

/*
 * The mount is there and its requests are about to be served. In the background, standard input,
 * output and error are closed from now on and the log goes to syslog(3).
 */
must_check int daemon_ready(struct daemon *d);

/* Whether a person can still be told something on standard error. */
bool daemon_has_terminal(const struct daemon *d);
