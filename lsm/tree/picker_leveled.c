/*
 * Leveled: each level is one run; a level above its target gives one table after the other to the
 * next, where it is merged with what overlaps.
 *
 * What another strategy left, a level of several runs, is merged in place before anything is taken
 * from it or written into it. The score of such a level is the number of its runs, at least 2, so
 * that it goes before a level that is only a little too large; where level 0 has to wait for it,
 * that level 1 is the smallest of all.
 */
#include <errno.h>

#include "lsm/tree/picker_strategy.h"

static double leveled_score(const struct version *v, int level, const struct picker_options *o)
{
	const struct version_level *l = &v->levels[level];

	if (level == 0)
		return picker_level0_score(v, o);
	if (l->run_count > 1)
		return (double)l->run_count;
	if (level >= picker_bottom(v, o))
		return 0; /* there is nowhere to go */
	return (double)l->bytes / picker_level_target(level, o);
}

static int pick_one(struct version *v, int level, size_t at, const struct picker_options *o,
		    struct compaction_job *ret_job)
{
	const struct version_run *run = &v->levels[level].runs[0];
	struct compaction_job job;

	if (run->files[at]->compacting)
		return -EBUSY;
	picker_job_begin(&job, v, level, JOB_JOIN);
	int err = picker_job_add_span(&job, run, (struct run_span){at, at + 1});
	if (!err)
		err = picker_job_finish(&job, o);
	if (err)
		compaction_job_done(&job);
	else
		*ret_job = job;
	return err;
}

/* Round the level from the cursor on; the first table that is free goes. */
static int pick_next(struct version *v, int level, const struct picker_options *o,
		     struct slice after, struct compaction_job *ret_job)
{
	const struct version_run *run = &v->levels[level].runs[0];
	size_t start = after.len ? version_find(run, after) : 0;
	int err = -EBUSY;

	if (after.len && start < run->count && slice_cmp(run->files[start]->smallest, after) <= 0)
		start++;
	for (size_t i = 0; i < run->count && err == -EBUSY; i++)
		err = pick_one(v, level, (start + i) % run->count, o, ret_job);
	return err;
}

static int leveled_pick(struct version *v, int level, const struct picker_options *o,
			struct slice after, struct compaction_job *ret_job)
{
	if (level == 0)
		return picker_oldest_group(v, o, ret_job);
	if (v->levels[level].run_count > 1)
		return picker_whole_level(v, level, JOB_IN_PLACE, o, ret_job);
	if (v->levels[level + 1].run_count > 1)
		return -EBUSY;
	return pick_next(v, level, o, after, ret_job);
}

/*
 * What level 0 must give up once it is due, and what each level then has above its target: bytes to
 * be moved, counted once for each level that they pass; and what must be merged in place.
 */
static uint64_t leveled_debt(const struct version *v, const struct picker_options *o)
{
	double falling = leveled_score(v, 0, o) >= 1 ? (double)v->levels[0].bytes : 0;
	double debt = falling;
	const int bottom = picker_bottom(v, o);

	for (int level = 1; level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];

		if (l->run_count > 1)
			debt += (double)l->bytes;
		if (level >= bottom)
			break;
		double over = (double)l->bytes + falling - picker_level_target(level, o);
		falling = over > 0 ? over : 0;
		debt += falling;
	}
	return (uint64_t)debt;
}

const struct picker_strategy_ops picker_leveled = {
	.score = leveled_score,
	.debt = leveled_debt,
	.pick = leveled_pick,
};
