/*
 * Running a command on its store.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"

/*
 * Open the invocation's store as its command needs it, run the command, close the store. Fills in
 * inv->options and inv->progress for the time of the call. Reports errors.
 */
must_check enum exit_status run_invocation(struct invocation *inv);
