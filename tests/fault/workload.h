/*
 * A fixed list of operations on a store, the same for the same seed, each checked as it answers.
 *
 * The kinds are a table in workload.c: a new operation of the engine is one function, in one of
 * workload_*.c, and one line.
 * After each operation the background is waited for (quiet.h), so that two runs without a fault
 * make the same calls in the same order.
 *
 * What is checked while things fail: an operation that answers an error has met one (in a call of
 * its own, or since the store was opened for those that change it), and says so with a sentence; a
 * read that answers 0 or -ENOENT is right; a sync, a flush and a close that answer 0 after a failed
 * sync are lies. What is there afterwards is the ledger's to judge.
 *
 * Thread rule: one run at a time in a process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/fault/copies.h"

enum {
	WORKLOAD_OPERATIONS = 240,
	WORKLOAD_LONG_OPERATIONS = 300, /* of the programs' long forms */
	WORKLOAD_TEXT_MAX = 768,
};

/* How an error is to be judged. */
enum workload_rule {
	WORKLOAD_NO_ERRORS,   /* nothing fails, or nothing that may be seen */
	WORKLOAD_ERRORS,      /* changes may go on failing until the store is opened again */
	WORKLOAD_ERRORS_ONCE, /* only what was struck fails; the next try works */
};

struct workload {
	uint64_t seed;
	uint64_t trial; /* with another one other recovery modes are opened with */
	uint32_t operations;
	enum lsm_sync_mode sync_mode;
	struct env *env;  /* NULL: the kernel's file system */
	const char *path; /* of the store */
	enum workload_rule rule;
	bool may_tear;      /* what fails may leave half an append */
	bool dies_at_error; /* stop at the first error, and leave the store open */
	bool loses_power;   /* afterwards only what is durable must be there */
	void (*cut_power)(
		void); /* NULL, or: called at the end; the store is then closed all the same */
	uint64_t (*struck)(void); /* failures so far */
};

/* What is known of the one named snapshot that a run makes and drops. */
struct workload_named {
	enum {
		NAMED_ABSENT,
		NAMED_DOUBTFUL, /* it is there or not */
		NAMED_PRESENT,
	} state;
	struct ledger_state at; /* what it shows, if it is there */
};

/* In memory shared with the process that waits for the run. */
struct workload_outcome {
	uint32_t operation; /* the one under way at the end */
	uint32_t errors;    /* operations answered with an error */
	bool left_open;     /* the store was not closed */
	uint64_t opens, flushes, compactions;
	uint64_t blob_written_bytes, blob_moved_bytes;
	struct copies copies;
	struct workload_named named;
	char violation[WORKLOAD_TEXT_MAX]; /* "" when all was as it must be */
};

/* Run it in an empty or absent folder, up to lsm_close; the ledger is at its start. */
void workload_run(const struct workload *w, struct ledger *ledger,
		  struct workload_outcome *outcome);

/*
 * Open what a run has left, with nothing failing; hold it against the ledger, write, verify, and
 * open it a second time; look into the copies it has made. False: `why` says what is wrong.
 */
bool workload_check(const struct workload *w, struct ledger *ledger,
		    const struct workload_outcome *outcome, char why[WORKLOAD_TEXT_MAX]);

/* Another store shape for each opening; the same one for the same seed. */
struct lsm_options workload_options(const struct workload *w, uint64_t opening);

/* Remove the store at `path` and its copies from the kernel's file system. */
must_check int workload_remove(const char *path);
