/*
 * The checkpoints that a workload has made: beside its store, each held against the ledger when
 * nothing fails any more, so that a copy is also seen to outlive what happens to its process or
 * the power later.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "tests/support/ledger.h"

enum {
	COPIES_MAX = 2,
	COPY_PATH_MAX = 512,
};

/* In memory shared with the process that waits for the run. */
struct copies {
	unsigned made; /* answered with 0 */
	/* One for each copy made, and one that failed, was tried again, or was under way at the
	 * end: */
	bool begun;
	struct {
		uint32_t first, last; /* changes kept at the first and the last try */
	} tried[COPIES_MAX + 1];
};

/* Where the next copy of the store at `store` goes. False: there are enough. */
bool copies_begin(struct copies *c, const char *store, uint32_t kept, char path[COPY_PATH_MAX]);
/* ... and it was answered with 0. */
void copies_keep(struct copies *c);

/*
 * Open them: a copy made has all of the changes that were kept when it was begun and no other; one
 * that was not finished is no store, or a whole copy. False: `why` says what is wrong.
 */
bool copies_check(const struct copies *c, const char *store, const struct lsm_options *options,
		  const struct ledger *l, char why[LEDGER_WHY_MAX]);

/* Remove them from the kernel's file system. */
must_check int copies_remove(const char *store);
