/*
 * Chooses what to compact: pure functions from a version to a job, so that they are tested as
 * tables.
 *
 * Three strategies, to be changed at any reopen: each copes with whatever another left. Reading
 * costs what there are runs, writing costs what is merged again and again, and each strategy gives
 * one for the other (N. Dayan, S. Idreos: Dostoevsky, SIGMOD 2018; T is size_ratio here, K is
 * runs_max):
 *
 *	               runs a level        each record is rewritten
 *	leveled        1                   about T/2 times on each level
 *	tiered         up to K             about T/K times on each level
 *	lazy_leveling  up to K, the last   T/K times above the last level, T/2 times there
 *	               level 1
 *
 * Thread rule: reads the version and the files' `compacting` marks; the caller holds the tree's
 * mutex, or is a test.
 */
#pragma once

#include "lsm/tree/key_range.h"
#include "lsm/tree/number_list.h"

enum picker_strategy {
	PICKER_LEVELED,
	PICKER_TIERED,
	PICKER_LAZY_LEVELING,
};

struct picker_options {
	enum picker_strategy strategy;
	unsigned runs_max;          /* runs of a tiered level that call for a merge; at least 2 */
	unsigned garbage_ratio;     /* if tiered: newer runs of the last level, in units of its
				       oldest, that call for a merge; 0: 3 */
	unsigned max_levels;        /* level 0 too, unless deeper ones are in use; 0: TREE_LEVELS */
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

/* Tables of one run: sorted and disjoint, so one source for the merge. */
struct job_input {
	int level;
	struct table_file **files; /* borrowed from the job's version */
	size_t count;
};

struct compaction_job {
	int level;           /* of the first input; the others are there or in output_level */
	int output_level;    /* the same, or the next */
	bool new_run;        /* the output becomes a run above those that output_level has ... */
	uint64_t output_run; /* ... or else joins the one with this number */
	int below_level;     /* what is older than the inputs lies from this level on */
	struct version *version;  /* a reference: what the job was picked from */
	struct job_input *inputs; /* owned */
	size_t input_count, input_cap;
	uint64_t input_bytes;
	struct slice smallest, largest; /* user key range of all inputs; borrowed from them */
	bool trivial_move;          /* the inputs are one sorted run as they are: copy nothing */
	struct number_list leaving; /* owned: the job is for emptying these blob files */
	bool for_space;             /* nobody but picker_space wanted it */
};

/*
 * The most urgent job of the strategy that touches no file that is compacting and writes into no
 * busy level. 0 with *ret_job; -ENOENT: nothing to do now; -ENOMEM. End it with
 * compaction_job_done.
 */
must_check int picker_pick(struct version *v, const struct picker_options *o,
			   const struct picker_cursor *cursor, struct compaction_job *ret_job);

/*
 * Whatever the strategy, the job that moves everything of `level` that overlaps [from, to] (empty
 * `to`: no end), and what overlaps that, one level down, or merges it in place into one run when it
 * is the last level with data there (level 0 is always moved: it has no order to be rewritten in).
 * One such job for each level, downwards, leaves one run. -ENOENT: nothing there. -EBUSY: an input
 * is compacting, or a running job writes into the output level.
 */
must_check int picker_range(struct version *v, int level, struct slice from, struct slice to,
			    const struct picker_options *o, const struct picker_cursor *cursor,
			    struct compaction_job *ret_job);

/*
 * A job that lets tables name less of the blob files in `leaving`: one table of a level is written
 * anew in its place, in its own run; one of level 0 goes down as with picker_range. As picker_pick
 * it respects marks and busy levels. -ENOENT: no table names them, or those that do must wait;
 * -ENOMEM.
 */
must_check int picker_leave_blobs(struct version *v, const struct number_list *leaving,
				  const struct picker_options *o,
				  const struct picker_cursor *cursor,
				  struct compaction_job *ret_job);

/*
 * A job that merges a table with tombstones and the large values that they may hide below, whether
 * the strategy wants it or not: for a full disk. -ENOENT: there is none; -EBUSY: those there are
 * must wait; -ENOMEM.
 */
must_check int picker_space(struct version *v, const struct picker_options *o,
			    const struct picker_cursor *cursor, struct compaction_job *ret_job);

void compaction_job_done(struct compaction_job *job);

/* 1.0 and more: the strategy wants to compact the level. */
double picker_score(const struct version *v, int level, const struct picker_options *o);

/* The estimated bytes that compaction is behind. */
uint64_t picker_debt(const struct version *v, const struct picker_options *o);
