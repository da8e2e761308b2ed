/*
 * Jobs for a full disk: a table with tombstones is merged with what they hide, one level after the
 * other, even where the strategy wants nothing. Each such job takes its tombstones a level down,
 * or, in the last one, ends them, so there is an end to it.
 *
 * Only where tables below name blob files: merging needs room itself, as much as the tables have,
 * which is little against what they name. Of small values it would need more than it may free.
 */
#include <errno.h>

#include "lsm/tree/picker_job.h"

static bool run_names_blobs(const struct version_run *run, const struct table_file *range)
{
	struct run_span span = run_span_of(run, range->smallest, range->largest);

	for (size_t i = span.first; i < span.end; i++)
		if (run->files[i]->blobs.count > 0)
			return true;
	return false;
}

/* Whether another run of its level, or one below, has large values in its range. */
static bool may_hide(const struct version *v, int level, size_t own_run, const struct table_file *f)
{
	for (int l = level; l < TREE_LEVELS; l++) {
		for (size_t i = 0; i < v->levels[l].run_count; i++) {
			bool is_own = l == level && i == own_run;

			if (!is_own && run_names_blobs(&v->levels[l].runs[i], f))
				return true;
		}
	}
	return false;
}

/* -ENOENT: no table of the level hides anything; -EBUSY: those that may must wait. */
static int pick_level(struct version *v, int level, const struct picker_options *o,
		      const struct picker_cursor *cursor, struct compaction_job *ret_job)
{
	const struct version_level *l = &v->levels[level];
	int found = -ENOENT;

	for (size_t i = 0; i < l->run_count; i++) {
		for (size_t k = 0; k < l->runs[i].count; k++) {
			const struct table_file *f = l->runs[i].files[k];

			if (f->tombstones == 0 || !may_hide(v, level, i, f))
				continue;
			found = picker_range(v, level, f->smallest, f->largest, o, cursor, ret_job);
			if (found != -EBUSY)
				return found;
		}
	}
	return found;
}

int picker_space(struct version *v, const struct picker_options *o,
		 const struct picker_cursor *cursor, struct compaction_job *ret_job)
{
	int err = -ENOENT;

	for (int level = 0; level < TREE_LEVELS && err == -ENOENT; level++)
		err = pick_level(v, level, o, cursor, ret_job);
	if (!err)
		ret_job->for_space = true;
	return err;
}
