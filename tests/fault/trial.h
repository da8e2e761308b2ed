/*
 * One run of a workload under a fault, in a child process, and the look at what it has left.
 *
 * The child closes the store, or ends without closing it, or is killed; then the store is opened
 * here with nothing failing. A child that crashes, hangs, or leaves descriptors open is a
 * violation, and so is one that leaves memory allocated (where the leak sanitizer is in it).
 *
 * Thread rule: one trial at a time in a process, with no other threads.
 */
#pragma once

#include "tests/fault/workload.h"

enum {
	TRIAL_SECONDS_MAX = 120, /* then it hangs */
};

struct trial {
	struct workload workload;
	bool may_be_killed;              /* SIGKILL by itself is what was wanted */
	void (*begin)(const void *plan); /* faults may come from now on */
	/* ... until now; a sentence about what the closed store has left, or NULL. NULL: no end */
	const char *(*end)(void);
	const void *plan;
};

/* What lives in memory shared with the children; one for each process that makes trials. */
struct trial_board {
	struct ledger *ledger;
	struct workload_outcome *outcome;
};

must_check bool trial_board_init(struct trial_board *b);
void trial_board_done(struct trial_board *b);

/* False: a violation; `why` is a sentence about it. */
bool trial_run(const struct trial *t, struct trial_board *b, char why[WORKLOAD_TEXT_MAX]);
