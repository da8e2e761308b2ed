/*
 * Commands typed one after the other on a store that stays open.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/error.h"
#include "lsm/base/slice.h"
#include "lsm/cli/command.h"

struct repl {
	struct lsm *db;                 /* owned */
	const struct invocation *outer; /* borrowed: the store and its settings */
	struct lsm_options options;
	bool read_only; /* somebody else has it, or nobody may write: each command sees it as it is
			   by then */
	char in_use[ERROR_TEXT_MAX]; /* the sentence that tells who has it; "": nobody */
	bool ended;                  /* by exit */
	enum exit_status status;     /* of the last command that did not end well */
};

/* Open the store, made when it is missing; for reading only, which is said, beside another process
 * and where it cannot be written. Reports. */
must_check enum exit_status repl_open(struct repl *r, const struct invocation *outer);
/* Reports; answers the status of all that was run. */
must_check enum exit_status repl_close(struct repl *r);

/* Run what stands in the line. Reports. */
void repl_run_line(struct repl *r, struct slice line);
