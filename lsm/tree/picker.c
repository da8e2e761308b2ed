/*
 * Which jobs may run side by side. Two rules: no table is input of two jobs (its `compacting`
 * mark), and no two jobs write into one level (the cursor's `busy`). Why they are enough for a
 * level to stay free of overlaps:
 *
 * Let a job write into level n, its inputs covering the keys [a, b]. When it was picked, every
 * table of level n within [a, b] was made its input. Until it is installed, tables come into level
 * n only by a job that writes there, and there is no other. So at its end no table of level n but
 * its inputs lies within [a, b], and its output replaces those.
 *
 * Marks alone would not do: inputs of level n - 1 may leave a gap that a table flushed or moved in
 * later fills; a second job from n - 1 to n with that table has disjoint inputs, and its output
 * lies within the first one's range.
 *
 *	n-1:  [10 20]  (gap)  [30 40]     job 1 -> one output [10 40]
 *	n-1:          [23 25]             job 2 -> output [23 25], inside it
 *
 * And why no older version ends up above a newer one: a job takes a key from level n - 1 down to n
 * with everything that level n has of it, from level 0 with all older tables that share it, and
 * whatever arrives above meanwhile is newer.
 */
#include "lsm/tree/picker.h"

#include <errno.h>

#include "lsm/tree/picker_job.h"

static double level_target(int level, const struct picker_options *o)
{
	double target = (double)o->base_level_bytes;

	for (int i = 1; i < level; i++)
		target *= o->size_ratio;
	return target > 1 ? target : 1;
}

double picker_leveled_score(const struct version *v, int level, const struct picker_options *o)
{
	const struct version_level *l = &v->levels[level];

	if (level == TREE_LEVELS - 1)
		return 0; /* there is nowhere to go */
	if (level == 0)
		return (double)l->count / (o->l0_threshold ? o->l0_threshold : 1);
	return (double)l->bytes / level_target(level, o);
}

/*
 * The level with the highest score of at least 1 that has not been tried; the upper one on a tie.
 * -1: none.
 */
static int most_urgent(const struct version *v, const struct picker_options *o, const bool *tried)
{
	double best = 1;
	int found = -1;

	for (int level = 0; level < TREE_LEVELS - 1; level++) {
		double score = tried[level] ? 0 : picker_leveled_score(v, level, o);

		if (score > best || (score >= best && found < 0)) {
			best = score;
			found = level;
		}
	}
	return found;
}

/*
 * The oldest table and its group: where keys come in order groups are single tables, which just
 * move.
 */
static int pick_level0(struct version *v, const struct picker_options *o,
		       struct compaction_job *ret_job)
{
	const struct version_level *level0 = &v->levels[0];
	const struct table_file *oldest = level0->files[level0->count - 1];
	struct compaction_job job;

	picker_job_begin(&job, v, 0, 1);
	int err = picker_job_add_group(&job, oldest->smallest, oldest->largest);
	if (!err)
		err = picker_job_finish(&job, o);
	if (err)
		compaction_job_done(&job);
	else
		*ret_job = job;
	return err;
}

static int pick_one(struct version *v, int level, size_t at, const struct picker_options *o,
		    struct compaction_job *ret_job)
{
	struct compaction_job job;

	if (v->levels[level].files[at]->compacting)
		return -EBUSY;
	picker_job_begin(&job, v, level, level + 1);
	int err = picker_job_add_span(&job, (struct level_span){at, at + 1});
	if (!err)
		err = picker_job_finish(&job, o);
	if (err)
		compaction_job_done(&job);
	else
		*ret_job = job;
	return err;
}

/* Round the level from the cursor on; the first table that is free goes. */
static int pick_sorted(struct version *v, int level, const struct picker_options *o,
		       struct slice after, struct compaction_job *ret_job)
{
	const struct version_level *l = &v->levels[level];
	size_t start = after.len ? version_find(l, after) : 0;
	int err = -EBUSY;

	if (after.len && start < l->count && slice_cmp(l->files[start]->smallest, after) <= 0)
		start++;
	for (size_t i = 0; i < l->count && err == -EBUSY; i++)
		err = pick_one(v, level, (start + i) % l->count, o, ret_job);
	return err;
}

int picker_leveled(struct version *v, const struct picker_options *o,
		   const struct picker_cursor *cursor, struct compaction_job *ret_job)
{
	bool tried[TREE_LEVELS] = {false};

	for (;;) {
		int level = most_urgent(v, o, tried);

		if (level < 0)
			return -ENOENT;
		tried[level] = true;
		if (cursor->busy[level + 1])
			continue;
		int err = level == 0 ? pick_level0(v, o, ret_job)
				     : pick_sorted(v, level, o, cursor->after[level], ret_job);
		if (err != -EBUSY)
			return err;
	}
}

static bool has_keys_below(const struct version *v, int level, struct slice from, struct slice to)
{
	for (int below = level + 1; below < TREE_LEVELS; below++) {
		if (version_overlaps(v, below, from, to))
			return true;
	}
	return false;
}

int picker_range(struct version *v, int level, struct slice from, struct slice to,
		 const struct picker_options *o, struct compaction_job *ret_job)
{
	bool moves = level == 0 || (level < TREE_LEVELS - 1 && has_keys_below(v, level, from, to));
	struct compaction_job job;
	int err;

	picker_job_begin(&job, v, level, moves ? level + 1 : level);
	if (level == 0)
		err = picker_job_add_group(&job, from, to);
	else
		err = picker_job_add_span(&job, level_span_of(&v->levels[level], from, to));
	if (!err && job.inputs[0].count == 0)
		err = -ENOENT;
	if (!err)
		err = picker_job_finish(&job, o);
	if (err)
		compaction_job_done(&job);
	else
		*ret_job = job;
	return err;
}

/*
 * What level 0 must give up once it is due, and what each level then has above its target: bytes to
 * be moved, counted once for each level that they pass.
 */
uint64_t picker_debt(const struct version *v, const struct picker_options *o)
{
	double falling = picker_leveled_score(v, 0, o) >= 1 ? (double)v->levels[0].bytes : 0;
	double debt = falling;

	for (int level = 1; level < TREE_LEVELS - 1; level++) {
		double over = (double)v->levels[level].bytes + falling - level_target(level, o);

		falling = over > 0 ? over : 0;
		debt += falling;
	}
	return (uint64_t)debt;
}
