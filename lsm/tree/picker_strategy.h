/*
 * What makes a strategy, for the files that implement one (picker_*.c).
 *
 * Thread rule: as picker.h.
 */
#pragma once

#include "lsm/tree/picker_job.h"

struct picker_strategy_ops {
	/* As picker_score and picker_debt. */
	double (*score)(const struct version *v, int level, const struct picker_options *o);
	uint64_t (*debt)(const struct version *v, const struct picker_options *o);
	/*
	 * The job for a level with a score of at least 1; the last one of this level ended at
	 * `after`. -EBUSY: it must wait for a running job, or for one of another level; -ENOMEM.
	 * Whether a running job writes into the same level is not looked at here.
	 */
	int (*pick)(struct version *v, int level, const struct picker_options *o,
		    struct slice after, struct compaction_job *ret_job);
};

extern const struct picker_strategy_ops picker_leveled;
extern const struct picker_strategy_ops picker_tiered;
extern const struct picker_strategy_ops picker_lazy_leveling;

/* The bytes that a level (>= 1) is meant for. */
double picker_level_target(int level, const struct picker_options *o);

/* How full level 0 is, in thresholds. */
double picker_level0_score(const struct version *v, const struct picker_options *o);

/* The deepest level with tables, but at least 1. */
int picker_last_level(const struct version *v);

/* The level below which nothing is put. */
int picker_bottom(const struct version *v, const struct picker_options *o);

/* All tables of the level become one run. -EBUSY, -ENOMEM. */
must_check int picker_whole_level(struct version *v, int level, enum job_output output,
				  const struct picker_options *o, struct compaction_job *ret_job);

/*
 * The oldest table of level 0, with all that overlap it, joins level 1: where keys come in order
 * that is a single table, which just moves. -EBUSY also while level 1 has several runs; -ENOMEM.
 */
must_check int picker_oldest_group(struct version *v, const struct picker_options *o,
				   struct compaction_job *ret_job);
