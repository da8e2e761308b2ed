/*
 * What to type while a store is mounted: a line for a shell (POSIX sh) that does in the mount what
 * the refused command would have done, with its keys, values and files.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"

/* The line being made. */
struct instead {
	const struct invocation *inv; /* borrowed */
	const char *mount;            /* borrowed; an absolute path */
	uint8_t separator;            /* of the store's keys */
	struct buf *out;              /* borrowed */
	int error;                    /* -ENOMEM: the line is not whole */
};

/* Of the commands of those names; for command.instead. False: nothing in a mount does the same. */
bool instead_put(struct instead *i);
bool instead_delete(struct instead *i);
bool instead_batch(struct instead *i);
bool instead_import(struct instead *i);
bool instead_checkpoint(struct instead *i);

/* command.on_mount with the mount for its M: what commands have that take no words. */
void instead_plain(struct instead *i);

/* The text as one word of a shell, quoted where that needs it, appended. */
void instead_word(struct instead *i, struct slice text);
