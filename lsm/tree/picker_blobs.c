/*
 * Jobs that empty blob files: tables that name a file which is leaving are written anew, and what
 * they name in it is moved on the way (compaction_move.c). They come last, when the strategy wants
 * nothing, since its jobs move chunks out of leaving files as well.
 *
 * Such a job ends it for its tables: what it writes names no file of job->leaving. So there are at
 * most as many of them as there are tables that name the file.
 */
#include <errno.h>

#include "lsm/tree/picker_job.h"

static bool names_any(const struct table_file *f, const struct number_list *numbers)
{
	for (size_t i = 0; i < f->blobs.count; i++) {
		if (number_list_has(numbers, f->blobs.refs[i].number))
			return true;
	}
	return false;
}

/* Level 0 has no place to be rewritten in: the table goes down as it always does. */
static int leave_level_0(struct version *v, const struct table_file *f,
			 const struct picker_options *o, const struct picker_cursor *cursor,
			 struct compaction_job *ret_job)
{
	int err = picker_range(v, 0, f->smallest, f->largest, o, cursor, ret_job);

	if (!err)
		ret_job->trivial_move = false;
	return err;
}

/* The job of the first table of the level that is free; -ENOENT: none. */
static int leave_level(struct version *v, int level, const struct number_list *leaving,
		       const struct picker_options *o, const struct picker_cursor *cursor,
		       struct compaction_job *ret_job)
{
	const struct version_level *l = &v->levels[level];

	for (size_t i = 0; i < l->run_count; i++) {
		for (size_t k = 0; k < l->runs[i].count; k++) {
			if (!names_any(l->runs[i].files[k], leaving))
				continue;
			int err =
				level == 0
					? leave_level_0(v, l->runs[i].files[k], o, cursor, ret_job)
					: picker_job_rewrite(v, level, &l->runs[i], k, ret_job);
			if (err != -EBUSY)
				return err;
		}
	}
	return -ENOENT;
}

static int copy_numbers(const struct number_list *from, struct number_list *to)
{
	int err = number_list_reserve(to, from->count);

	for (size_t i = 0; !err && i < from->count; i++)
		number_list_add(to, from->numbers[i]);
	return err;
}

int picker_leave_blobs(struct version *v, const struct number_list *leaving,
		       const struct picker_options *o, const struct picker_cursor *cursor,
		       struct compaction_job *ret_job)
{
	struct compaction_job job;
	int err = -ENOENT;

	/* Level 0 last: a job of the strategy is likely to come before. */
	for (int level = TREE_LEVELS - 1; err == -ENOENT && level >= 0; level--) {
		if (!cursor->busy[level > 0 ? level : 1])
			err = leave_level(v, level, leaving, o, cursor, &job);
	}
	if (err)
		return err;
	err = copy_numbers(leaving, &job.leaving);
	if (err)
		compaction_job_done(&job);
	else
		*ret_job = job;
	return err;
}
