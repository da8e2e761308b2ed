/*
 * Jobs from the tree's side: picking them, marking what they touch, running them, installing what
 * they made.
 */
#include <assert.h>
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/tree/compaction.h"

static void mark_locked(struct tree *t, const struct compaction_job *job, bool busy)
{
	mutex_assert_held(&t->mu);
	for (int i = 0; i < JOB_INPUT_LEVELS; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++)
			job->inputs[i].files[k]->compacting = busy;
	}
	assert(t->cursor.busy[job->output_level] != busy);
	t->cursor.busy[job->output_level] = busy;
}

int tree_pick(struct tree *t, struct compaction_job *ret_job)
{
	int err = tree_check_writable(t);

	if (err)
		return err;
	/*
	 * The picker drops references under mu, but none is the last: the current version has one.
	 */
	mutex_guard(&t->mu);

	err = picker_leveled(t->current, &t->options.picker, &t->cursor, ret_job);
	if (!err)
		mark_locked(t, ret_job, true);
	return err;
}

int tree_pick_range(struct tree *t, int level, struct slice from, struct slice to,
		    struct compaction_job *ret_job)
{
	struct compaction_job job;
	int err = tree_check_writable(t);

	if (err)
		return err;
	mutex_guard(&t->mu);

	err = picker_range(t->current, level, from, to, &t->options.picker, &job);
	if (err)
		return err;
	if (t->cursor.busy[job.output_level]) {
		compaction_job_done(&job);
		return -EBUSY;
	}
	mark_locked(t, &job, true);
	*ret_job = job;
	return 0;
}

void tree_drop_job(struct tree *t, struct compaction_job *job)
{
	mutex_lock(&t->mu);
	mark_locked(t, job, false);
	mutex_unlock(&t->mu);
	/* Outside mu: the references may be the last. */
	compaction_job_done(job);
}

/*
 * The job's inputs go, its outputs (references) come; the next job of the level begins behind this
 * one.
 */
static int install_job(struct tree *t, const struct compaction_job *job,
		       struct table_file *const *outputs, size_t output_count)
{
	cleanup_edit struct version_edit edit = {0};
	const int levels[JOB_INPUT_LEVELS] = {job->level, job->output_level};
	const struct version_level *first = &job->inputs[0];
	int err = 0;

	for (int i = 0; i < JOB_INPUT_LEVELS; i++) {
		for (size_t k = 0; !err && k < job->inputs[i].count; k++)
			err = version_edit_remove_table(&edit, levels[i],
							job->inputs[i].files[k]->number);
	}
	for (size_t i = 0; !err && i < output_count; i++)
		err = version_edit_add_table(&edit, job->output_level, outputs[i]);
	if (!err && job->level > 0)
		err = version_edit_set_cursor(&edit, job->level,
					      first->files[first->count - 1]->largest);
	return err ? err : tree_apply(t, &edit);
}

static int move_table(struct tree *t, const struct compaction_job *job)
{
	int err = install_job(t, job, job->inputs[0].files, 1);

	if (!err)
		counter_add(&t->counters.trivial_moves, 1);
	return err;
}

static void count_job(struct tree *t, const struct compaction_job *job, uint64_t written_bytes)
{
	struct tree_counters *c = &t->counters;

	counter_add(&c->read_bytes[job->output_level], job->inputs[0].bytes + job->inputs[1].bytes);
	counter_add(&c->written_bytes[job->output_level], written_bytes);
	counter_add(&c->jobs[job->output_level], 1);
}

static int rewrite_tables(struct tree *t, const struct compaction_job *job,
			  const struct tree_compact_limits *limits)
{
	struct compaction c = {
		.tree = t,
		.job = job,
		.stop = limits->stop,
		.filter = {.snapshots = limits->snapshots,
			   .snapshot_count = limits->snapshot_count,
			   .below = job->version,
			   .below_level = job->output_level + 1},
		.out = {.tree = t},
	};
	int err = compaction_write(&c);

	if (err)
		table_output_discard(&c.out);
	if (!err) {
		err = install_job(t, job, c.out.files, c.out.count);
		/* The edit may be durable all the same; then its tables must be there. */
		if (err && !tree_is_broken(t))
			table_output_discard(&c.out);
	}
	if (!err)
		count_job(t, job, c.out.written_bytes);
	table_output_done(&c.out);
	version_filter_done(&c.filter);
	return err;
}

int tree_compact(struct tree *t, struct compaction_job *job,
		 const struct tree_compact_limits *limits)
{
	int err = tree_check_writable(t);

	if (!err && job->trivial_move)
		err = move_table(t, job);
	else if (!err)
		err = rewrite_tables(t, job, limits);
	tree_drop_job(t, job);
	return err;
}
