/*
 * Which jobs may run side by side. Two rules: no table is input of two jobs (its `compacting`
 * mark), and no two jobs write into one level (the cursor's `busy`). Why they are enough:
 *
 * 1. The tables of a run stay disjoint. A job that makes a new run is alone in it. Let a job join
 * run r of level n, its inputs covering the keys [a, b]. When it was picked, every table of r
 * within [a, b] was made its input. Until it is installed, tables come into level n only by a job
 * that writes there, and there is no other. So at its end no table of r but its inputs lies within
 * [a, b], and its output replaces those.
 *
 * Marks alone would not do: inputs of level n - 1 may leave a gap that a table flushed or moved in
 * later fills; a second job from n - 1 to n with that table has disjoint inputs, and its output
 * lies within the first one's range.
 *
 *	n-1:  [10 20]  (gap)  [30 40]     job 1 -> one output [10 40]
 *	n-1:          [23 25]             job 2 -> output [23 25], inside it
 *
 * 2. No older version of a key ends up before a newer one, in the order of levels and runs. Take a
 * job from level n - 1 to n (or within n), and a version of one of its keys that is not among its
 * inputs.
 *
 * - An older one lay behind the inputs when the job was picked: of what overlaps, the job takes
 * from a level either all (a group), or the tables of its only run. It even lay behind the output's
 * place: a run that is joined is its level's only one, and what overlaps of it is among the inputs;
 * in place, what overlaps of all runs is; and a new run goes on top. Jobs never move anything up,
 *so behind it is where the older one still is.
 * - A newer one lay before the inputs, in level n - 1 or above. To get past the output it would
 *have to be written into level n, which is busy; and no way leads around, as jobs write one level
 *down at most.
 * - A table that is written anew in its place (picker_blobs.c) joins a run that may have others
 * before and behind it. Its output takes its place, within its keys, so the above holds as it did
 * for the input: nobody else writes into the level, and who takes tables away from it takes a group
 * of all that overlap, which this one would be in.
 * - A new run gets its number when it is installed (tree_compact.c). All runs of the level got
 * theirs before, since nobody else may write there now, and numbers only grow.
 *
 * A job may be running from n to n + 1 meanwhile: it takes away tables of level n that are not ours
 * and adds none, which disturbs none of the above.
 */
#include "lsm/tree/picker.h"

#include <assert.h>
#include <errno.h>

#include "lsm/tree/picker_strategy.h"

static const struct picker_strategy_ops *ops_of(const struct picker_options *o)
{
	switch (o->strategy) {
	case PICKER_LEVELED:
		return &picker_leveled;
	case PICKER_TIERED:
		return &picker_tiered;
	case PICKER_LAZY_LEVELING:
		return &picker_lazy_leveling;
	}
	assert(!"a strategy");
	return NULL;
}

double picker_score(const struct version *v, int level, const struct picker_options *o)
{
	return ops_of(o)->score(v, level, o);
}

uint64_t picker_debt(const struct version *v, const struct picker_options *o)
{
	return ops_of(o)->debt(v, o);
}

/*
 * The level with the highest score of at least 1 that has not been tried; the upper one on a tie.
 * -1: none.
 */
static int most_urgent(const struct version *v, const struct picker_options *o, const bool *tried)
{
	double best = 1;
	int found = -1;

	for (int level = 0; level < TREE_LEVELS; level++) {
		double score = tried[level] ? 0 : picker_score(v, level, o);

		if (score > best || (score >= best && found < 0)) {
			best = score;
			found = level;
		}
	}
	return found;
}

int picker_pick(struct version *v, const struct picker_options *o,
		const struct picker_cursor *cursor, struct compaction_job *ret_job)
{
	bool tried[TREE_LEVELS] = {false};

	for (;;) {
		int level = most_urgent(v, o, tried);
		struct compaction_job job;

		if (level < 0)
			return -ENOENT;
		tried[level] = true;
		int err = ops_of(o)->pick(v, level, o, cursor->after[level], &job);
		if (err == -EBUSY)
			continue;
		if (err)
			return err;
		if (!cursor->busy[job.output_level]) {
			*ret_job = job;
			return 0;
		}
		compaction_job_done(&job);
	}
}

double picker_level_target(int level, const struct picker_options *o)
{
	double target = (double)o->base_level_bytes;

	for (int i = 1; i < level; i++)
		target *= o->size_ratio;
	return target > 1 ? target : 1;
}

double picker_level0_score(const struct version *v, const struct picker_options *o)
{
	return (double)v->levels[0].count / (o->l0_threshold ? o->l0_threshold : 1);
}

int picker_last_level(const struct version *v)
{
	int level = TREE_LEVELS - 1;

	while (level > 1 && v->levels[level].count == 0)
		level--;
	return level;
}

int picker_bottom(const struct version *v, const struct picker_options *o)
{
	int allowed = o->max_levels ? (int)o->max_levels - 1 : TREE_LEVELS - 1;

	/* what lies deeper, by other options, is still to be merged with */
	return max_of(allowed, picker_last_level(v));
}

static int finish(struct compaction_job *job, int err, const struct picker_options *o,
		  struct compaction_job *ret_job)
{
	if (!err)
		err = picker_job_finish(job, o);
	if (err)
		compaction_job_done(job);
	else
		*ret_job = *job;
	return err;
}

int picker_whole_level(struct version *v, int level, enum job_output output,
		       const struct picker_options *o, struct compaction_job *ret_job)
{
	struct compaction_job job;

	picker_job_begin(&job, v, level, output);
	int err = picker_job_add_group(&job, (struct slice){0}, (struct slice){0});
	return finish(&job, err, o, ret_job);
}

int picker_oldest_group(struct version *v, const struct picker_options *o,
			struct compaction_job *ret_job)
{
	const struct version_level *level0 = &v->levels[0];
	const struct table_file *oldest = level0->files[level0->count - 1];
	struct compaction_job job;

	if (v->levels[1].run_count > 1)
		return -EBUSY;
	picker_job_begin(&job, v, 0, JOB_JOIN);
	int err = picker_job_add_group(&job, oldest->smallest, oldest->largest);
	return finish(&job, err, o, ret_job);
}

static bool has_keys_below(const struct version *v, int level, struct slice from, struct slice to)
{
	for (int below = level + 1; below < TREE_LEVELS; below++) {
		if (version_overlaps(v, below, from, to))
			return true;
	}
	return false;
}

static enum job_output range_output(const struct version *v, int level, struct slice from,
				    struct slice to)
{
	if (level > 0 && !has_keys_below(v, level, from, to))
		return JOB_IN_PLACE;
	return v->levels[level + 1].run_count <= 1 ? JOB_JOIN : JOB_NEW_RUN;
}

int picker_range(struct version *v, int level, struct slice from, struct slice to,
		 const struct picker_options *o, const struct picker_cursor *cursor,
		 struct compaction_job *ret_job)
{
	struct compaction_job job;

	picker_job_begin(&job, v, level, range_output(v, level, from, to));
	int err = picker_job_add_group(&job, from, to);
	if (!err && job.input_count == 0)
		err = -ENOENT;
	err = finish(&job, err, o, &job);
	if (err)
		return err;
	if (cursor->busy[job.output_level]) {
		compaction_job_done(&job);
		return -EBUSY;
	}
	/* In the last level what snapshots kept alive is to go, not only to change its run. */
	if (job.output_level == level)
		job.trivial_move = false;
	*ret_job = job;
	return 0;
}
