/*
 * Tiered and lazy leveling: a level lets runs pile up, and when it has runs_max they are merged
 * into one. Where that run goes, and what bounds the space that old versions take:
 *
 * Dostoevsky's "fluid" tree has two numbers, the size ratio T of levels and the most runs K of a
 * level; K = T - 1 is plain tiering, K = 1 leveling. So here: while the level's runs together are
 * smaller than its target (base_level_bytes, times size_ratio for each level), they are merged in
 * place; beyond it their merge becomes a run of the next level. By the number of runs alone, as in
 * plain tiering, small flushes would use up the levels: with memtables of 4 KiB the seventh level
 * begins at 64 MiB, and there, with nowhere to go, all data is rewritten each time.
 *
 * Space, tiered: until they are merged the runs of the last level may all hold the same keys, so K
 * times the live data, which is what tiering costs. With a large K that is too much, so the last
 * level is also merged when its newer runs together reach garbage_ratio times its oldest, which was
 * merged when it was made (RocksDB's universal compaction has the same rule, with two times; three,
 * the default, never comes before the fourth run of equal size). The levels above hold a fraction
 * of the last.
 *
 * Space, lazy leveling: the last level is one run. What comes down is merged with it, so garbage is
 * only in the levels above. When it outgrows its target it moves one level down as it is, without a
 * copy, and leaves room for a tiered level more.
 *
 * Tombstones go when they are merged into the last level with nothing older behind.
 *
 * Jobs take whole levels: they are as large as a level, unlike leveled ones, and while the one
 * thread of compaction_threads = 1 merges a deep level, level 0 waits, and at l0_stop so do
 * writers. With more threads only a merge into level 1 itself makes it wait, and all that job has
 * to merge is below the target of level 1.
 */
#include <errno.h>

#include "lsm/tree/picker_strategy.h"

enum {
	GARBAGE_RATIO = 3, /* of picker_options.garbage_ratio */
};

/* ---- both ---- */

static double runs_score(const struct version_level *l, const struct picker_options *o)
{
	return l->run_count > 1 ? (double)l->run_count / (o->runs_max ? o->runs_max : 1) : 0;
}

static bool is_below_target(const struct version *v, int level, const struct picker_options *o)
{
	return (double)v->levels[level].bytes < picker_level_target(level, o);
}

/* ---- tiered ---- */

static double garbage_score(const struct version_level *l, const struct picker_options *o)
{
	unsigned ratio = o->garbage_ratio ? o->garbage_ratio : (unsigned)GARBAGE_RATIO;

	if (l->run_count <= 1)
		return 0;
	double oldest = (double)l->runs[l->run_count - 1].bytes;

	return ((double)l->bytes - oldest) / (ratio * oldest);
}

static double tiered_score(const struct version *v, int level, const struct picker_options *o)
{
	if (level == 0)
		return picker_level0_score(v, o);
	double runs = runs_score(&v->levels[level], o);
	double garbage = level == picker_last_level(v) ? garbage_score(&v->levels[level], o) : 0;

	return garbage > runs ? garbage : runs;
}

static enum job_output tiered_output(const struct version *v, int level,
				     const struct picker_options *o)
{
	if (level == 0)
		return JOB_NEW_RUN;
	if (level >= picker_bottom(v, o) || is_below_target(v, level, o))
		return JOB_IN_PLACE;
	return JOB_NEW_RUN;
}

static int tiered_pick(struct version *v, int level, const struct picker_options *o,
		       struct slice after, struct compaction_job *ret_job)
{
	(void)after; /* whole levels */
	return picker_whole_level(v, level, tiered_output(v, level, o), o, ret_job);
}

/* All bytes of the levels that are due: each is merged once. */
static uint64_t tiered_debt(const struct version *v, const struct picker_options *o)
{
	uint64_t debt = 0;

	for (int level = 0; level < TREE_LEVELS; level++) {
		if (tiered_score(v, level, o) >= 1)
			debt += v->levels[level].bytes;
	}
	return debt;
}

const struct picker_strategy_ops picker_tiered = {
	.score = tiered_score,
	.debt = tiered_debt,
	.pick = tiered_pick,
};

/* ---- lazy leveling ---- */

static double lazy_score(const struct version *v, int level, const struct picker_options *o)
{
	const struct version_level *l = &v->levels[level];

	if (level == 0)
		return picker_level0_score(v, o);
	if (level != picker_last_level(v))
		return runs_score(l, o);
	if (l->run_count > 1)
		return (double)l->run_count; /* as another strategy left it: first of all */
	return level < picker_bottom(v, o) ? (double)l->bytes / picker_level_target(level, o) : 0;
}

/* Nothing lies deeper, so there is no tombstone to drop that could not stay a while longer. */
static int move_last_level(struct version *v, int level, const struct picker_options *o,
			   struct compaction_job *ret_job)
{
	int err = picker_whole_level(v, level, JOB_NEW_RUN, o, ret_job);

	if (!err)
		ret_job->trivial_move = true;
	return err;
}

static int lazy_pick(struct version *v, int level, const struct picker_options *o,
		     struct slice after, struct compaction_job *ret_job)
{
	int last = picker_last_level(v);

	(void)after; /* whole levels */
	if (level == 0 && last == 1)
		return picker_oldest_group(v, o, ret_job);
	if (level == 0)
		return picker_whole_level(v, level, JOB_NEW_RUN, o, ret_job);
	if (level == last && v->levels[level].run_count == 1)
		return move_last_level(v, level, o, ret_job);
	if (level == last || is_below_target(v, level, o))
		return picker_whole_level(v, level, JOB_IN_PLACE, o, ret_job);
	if (level + 1 < last)
		return picker_whole_level(v, level, JOB_NEW_RUN, o, ret_job);
	if (v->levels[last].run_count > 1)
		return -EBUSY;
	return picker_whole_level(v, level, JOB_JOIN, o, ret_job);
}

/* Where the output joins the last level that is merged too; moving it costs nothing. */
static uint64_t lazy_debt(const struct version *v, const struct picker_options *o)
{
	int last = picker_last_level(v);
	uint64_t debt = v->levels[last].run_count > 1 ? v->levels[last].bytes : 0;

	for (int level = 0; level < last; level++) {
		if (lazy_score(v, level, o) < 1)
			continue;
		debt += v->levels[level].bytes;
		if (level == last - 1)
			debt += v->levels[last].bytes;
	}
	return debt;
}

const struct picker_strategy_ops picker_lazy_leveling = {
	.score = lazy_score,
	.debt = lazy_debt,
	.pick = lazy_pick,
};
