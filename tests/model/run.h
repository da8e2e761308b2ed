/*
 * One run of random operations: a store, the model of what it must hold, and what the operations
 * share. Whatever is not as the model says ends the process, with the seed and the operation.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/rng.h"
#include "lsm/lsm.h"
#include "tests/model/model.h"

enum {
	RUN_SNAPSHOTS_MAX = 6,
	RUN_ITERS_MAX = 2,
	RUN_NAMES_MAX = 4,
};

struct held_snapshot {
	struct lsm_snapshot *snapshot; /* NULL: none is held */
	struct model model;
};

/* A snapshot with a name, which stays when the store is closed. */
struct named_model {
	bool made;
	struct lsm_snapshot *snapshot; /* opened, while the store is; NULL when not made */
	struct model model;
};

struct held_iter {
	struct lsm_iter *it; /* NULL: none is held */
	struct model model;
};

/* What stores did, counted over all runs, by several processes. */
struct run_counts {
	_Atomic uint64_t patches, blob_written_bytes, blob_moved_bytes, checkpoints, namings;
	_Atomic uint64_t looks, stale_looks; /* by a reader beside the store */
	_Atomic uint64_t recoveries[3];      /* stores opened, by enum lsm_recovery */
};

struct run {
	struct rng rng;
	uint64_t seed;
	uint64_t operation;
	struct env *env;  /* borrowed */
	const char *path; /* of the store that is open */
	struct lsm *db;
	uint64_t value_max; /* of its options */
	struct model_keys keys;
	struct model model;
	struct held_snapshot held[RUN_SNAPSHOTS_MAX];
	struct held_iter iters[RUN_ITERS_MAX];
	struct named_model named[RUN_NAMES_MAX];
	struct buf bytes, meta;    /* scratch */
	struct run_counts *counts; /* borrowed */
};

#define REQUIRE(run, condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			run_give_up(run, #condition, __LINE__);                                    \
	} while (0)

_Noreturn void run_give_up(const struct run *run, const char *condition, int line);

/* Open the store at run->path with random options, and in it the snapshots that have names. It was
 * closed, so the end of its logs is whole. */
void run_open(struct run *run);
void run_close(struct run *run);
/* Other random options, as far as they can change while it is open. */
void run_tune(struct run *run);

/* The name of run->named[i]. */
struct slice run_name(size_t i);

struct slice run_key(const struct run *run, size_t i);
size_t run_random_key(struct run *run);
/* Every other time one of a few that many patches and reads meet. */
size_t run_warm_key(struct run *run);

/* A view to read through: now, or a snapshot that is held or has a name. */
const struct model *run_random_view(struct run *run, struct lsm_read_options *ret_options);

/* One of a list, by weight. */
struct operation {
	unsigned weight;
	void (*run)(struct run *run);
};
void run_one_of(struct run *run, const struct operation *list, size_t count);
