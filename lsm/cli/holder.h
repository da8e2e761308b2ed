/*
 * Who has a store that is locked, and what to do about it.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "lsm/cli/command.h"

struct holder {
	pid_t pid; /* 0: not known */
	char program[32];
	char mount[4096]; /* "": it is no mount, or not there any more */
};

/* Of the sentence with which lsm_open refused: what is known, the mount only if `mounts` (the
 * kernel's /proc/self/mountinfo) lists it as one of apexfs. */
void holder_parse(const char *sentence, const char *mounts, struct holder *ret_holder);

/* Reports that the store of the invocation is in use, by whom, and what to type instead. */
enum exit_status holder_report(const struct invocation *inv);
