/*
 * Who has a store that is locked, and what to do about it; and what is a mount, not a store.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lsm/cli/command.h"
#include "lsm/cli/mounts.h"

struct holder {
	pid_t pid; /* 0: not known */
	char program[32];
	char mount[MOUNT_PATH_MAX]; /* "": it is no mount, or not there any more */
};

/* Of the sentence with which lsm_open refused: what is known, the mount only if `mounts` (see
 * mounts.h) lists it as one of apexfs. */
void holder_parse(const char *sentence, const char *mounts, struct holder *ret_holder);

/* Reports that the store of the invocation is in use, by whom, and what to type instead. */
enum exit_status holder_report(const struct invocation *inv);

/*
 * STORE is the folder that is mounted; where it is given as a path in the mount, there is no store,
 * and none is to be made: reports that. STATUS_OK: it is elsewhere, or a store that somebody keeps
 * in a mount.
 */
must_check enum exit_status holder_check_place(const struct invocation *inv);
