/*
 * Chooses what to compact: pure functions from a version to a job, so that they are tested as
 * tables.
 *
 * Thread rule: reads the version and the files' `compacting` marks; the caller holds the tree's
 * mutex, or is a test.
 */
#pragma once

#include "lsm/tree/version.h"

struct picker_options {
	unsigned l0_threshold;      /* files in level 0 that call for a compaction */
	unsigned size_ratio;        /* each level's target is this many times the one above */
	uint64_t base_level_bytes;  /* target of level 1 */
	uint64_t target_file_bytes; /* of an output table */
};

/*
 * Where the last compaction of each level ended, so that all of its key range gets its turn; and
 * which levels running jobs write into. Owned by the tree.
 */
struct picker_cursor {
	struct slice after[TREE_LEVELS]; /* user key; empty: from the start */
	bool busy[TREE_LEVELS]; /* a running job's output level: no second job may have it */
};

enum {
	JOB_INPUT_LEVELS = 2,
};

/* Inputs are references. */
struct compaction_job {
	int level; /* of inputs[0]; the output goes to output_level */
	int output_level;
	struct version *version; /* a reference: what the job was picked from */
	struct version_level inputs[JOB_INPUT_LEVELS]; /* level and output_level */
	struct slice smallest, largest; /* user key range of all inputs; borrowed from them */
	bool trivial_move; /* the one input overlaps nothing: change its level, copy nothing */
};

/* 1.0 and more: the level needs compaction. */
double picker_leveled_score(const struct version *v, int level, const struct picker_options *o);

/*
 * The most urgent job of the leveled strategy that touches no file that is compacting and writes
 * into no busy level. 0 with *ret_job; -ENOENT: nothing to do now; -ENOMEM. End it with
 * compaction_job_done.
 */
must_check int picker_leveled(struct version *v, const struct picker_options *o,
			      const struct picker_cursor *cursor, struct compaction_job *ret_job);

/*
 * The job that moves everything of `level` that overlaps [from, to] (empty `to`: no end) one level
 * down, or rewrites it in place when it is the last level with data there (level 0 is always moved:
 * it has no order to be rewritten in). -ENOENT: nothing there. -EBUSY: an input is compacting. That
 * no running job writes into output_level is the caller's to check.
 */
must_check int picker_range(struct version *v, int level, struct slice from, struct slice to,
			    const struct picker_options *o, struct compaction_job *ret_job);

void compaction_job_done(struct compaction_job *job);

/* The estimated bytes that compaction is behind. */
uint64_t picker_debt(const struct version *v, const struct picker_options *o);
