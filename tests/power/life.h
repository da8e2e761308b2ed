/*
 * What a store goes through between its creation or recovery and the cut: changes, syncs, flushes,
 * compactions, named snapshots made and dropped, a checkpoint, closing and opening with other
 * options; all of it at random.
 *
 * Each opening has one of the modes of enum lsm_recovery. Without damage they keep the same
 * history: WHOLE may refuse a torn end, naming file and offset, and changes nothing then; none may
 * find damage.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "tests/power/story.h"

/* What becomes known as life goes on. */
enum life_mark {
	LIFE_OPENED,  /* the store was: what it held then is on the disk */
	LIFE_ACKED,   /* change n was answered */
	LIFE_SYNCED,  /* changes up to n are on the disk */
	LIFE_COPYING, /* a checkpoint with the changes up to n begins */
	LIFE_COPIED,  /* and is whole and durable */
	LIFE_NAMING,  /* naming n of a snapshot begins */
	LIFE_NAMED,   /* and was answered; it is on the disk */
};

/* Counted over all lives, by several processes. */
struct life_counts {
	_Atomic uint64_t refused;                /* batches whose precondition did not hold */
	_Atomic uint64_t large, patches, copies; /* changes of these kinds */
	_Atomic uint64_t namings;                /* snapshots made or dropped */
	_Atomic uint64_t modes[4];               /* stores opened, by sync mode */
	_Atomic uint64_t strategies[3];          /* and by strategy */
	_Atomic uint64_t recoveries[3];          /* and by what is done with the end of the logs */
	_Atomic uint64_t torn;                   /* of LSM_RECOVER_WHOLE: refused */
};

/* What happens after a change, one time in so many; 0: never. */
struct life_odds {
	uint32_t changes;
	unsigned sync, flush, compact, reopen, roll, name;
	uint32_t copy_at; /* the change after which a checkpoint is made; 0: none */
};

/* What the next opening may find. */
enum life_end {
	LIFE_END_WHOLE,
	LIFE_END_TORN,
	LIFE_END_DAMAGED, /* it is opened with LSM_RECOVER_PREFIX */
};

struct life {
	struct env *env; /* NULL: the kernel's files */
	const char *path;
	const char *copy_path; /* the checkpoint's */
	struct story *story;
	struct rng *rng;
	const struct life_odds *odds;
	int (*note)(void *arg, enum life_mark mark, uint32_t n); /* NULL: nobody listens */
	void *note_arg;
	struct life_counts *counts;
	enum life_end end; /* whole from the first opening on */
	struct lsm *db;    /* NULL: closed */
};

/* Options for a small store, all of them at random. */
struct lsm_options life_options(const struct life *l);

/* Each answers NULL, or what went wrong. */
const char *life_open(struct life *l);
const char *life_run(struct life *l);
const char *life_close(struct life *l);
