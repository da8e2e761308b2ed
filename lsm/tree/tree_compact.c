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
	for (size_t i = 0; i < job->input_count; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++)
			job->inputs[i].files[k]->compacting = busy;
	}
	assert(t->cursor.busy[job->output_level] != busy);
	t->cursor.busy[job->output_level] = busy;
}

static int pick_wanted(struct tree *t, struct compaction_job *ret_job)
{
	/*
	 * The picker drops references under mu, but none is the last: the current version has one.
	 */
	mutex_guard(&t->mu);

	int err = picker_pick(t->current, &t->tuning.picker, &t->cursor, ret_job);
	if (!err)
		mark_locked(t, ret_job, true);
	return err;
}

/* The version may be another one by the time of the pick: what was leaving still is. */
static int pick_leaving(struct tree *t, struct compaction_job *ret_job)
{
	cleanup_number_list struct number_list leaving = {0};
	struct version *v = tree_current(t);
	int err = tree_list_leaving_blobs(t, v, &leaving);

	version_unref(v);
	if (!err && leaving.count == 0)
		err = -ENOENT;
	if (err)
		return err;
	mutex_guard(&t->mu);

	err = picker_leave_blobs(t->current, &leaving, &t->tuning.picker, &t->cursor, ret_job);
	if (!err)
		mark_locked(t, ret_job, true);
	return err;
}

static int pick_space(struct tree *t, struct compaction_job *ret_job)
{
	mutex_guard(&t->mu);

	int err = picker_space(t->current, &t->tuning.picker, &t->cursor, ret_job);
	if (!err)
		mark_locked(t, ret_job, true);
	else if (err == -ENOENT)
		atomic_store_explicit(&t->space_wanted, false, memory_order_relaxed);
	return err == -EBUSY ? -ENOENT : err;
}

void tree_want_space(struct tree *t)
{
	atomic_store_explicit(&t->space_wanted, true, memory_order_relaxed);
}

int tree_pick(struct tree *t, struct compaction_job *ret_job)
{
	int err = tree_check_writable(t);

	if (err)
		return err;
	err = atomic_load_explicit(&t->space_wanted, memory_order_relaxed) ? pick_space(t, ret_job)
									   : -ENOENT;
	if (err == -ENOENT)
		err = pick_wanted(t, ret_job);
	return err == -ENOENT ? pick_leaving(t, ret_job) : err;
}

int tree_pick_range(struct tree *t, int level, struct slice from, struct slice to,
		    struct compaction_job *ret_job)
{
	int err = tree_check_writable(t);

	if (err)
		return err;
	mutex_guard(&t->mu);

	err = picker_range(t->current, level, from, to, &t->tuning.picker, &t->cursor, ret_job);
	if (!err)
		mark_locked(t, ret_job, true);
	return err;
}

void tree_drop_job(struct tree *t, struct compaction_job *job)
{
	mutex_lock(&t->mu);
	mark_locked(t, job, false);
	mutex_unlock(&t->mu);
	/* Outside mu: the references may be the last. */
	compaction_job_done(job);
}

static int remove_input(struct version_edit *edit, const struct job_input *in)
{
	int err = 0;

	for (size_t i = 0; !err && i < in->count; i++)
		err = version_edit_remove_table(edit, in->level, in->files[i]->number);
	return err;
}

/* The job's inputs go; the next job of the level begins behind this one. */
static int begin_edit(struct version_edit *edit, const struct compaction_job *job)
{
	const struct job_input *first = &job->inputs[0];
	int err = 0;

	for (size_t i = 0; !err && i < job->input_count; i++)
		err = remove_input(edit, &job->inputs[i]);
	if (!err && job->level > 0)
		err = version_edit_set_cursor(edit, job->level,
					      first->files[first->count - 1]->largest);
	return err;
}

/* The number of the output's run; only for the job that is about to be installed (picker.c). */
static uint64_t output_run(struct tree *t, const struct compaction_job *job)
{
	return job->new_run ? tree_new_file_number(t) : job->output_run;
}

static int install_outputs(struct tree *t, const struct compaction_job *job,
			   struct table_file *const *outputs, size_t output_count)
{
	cleanup_edit struct version_edit edit = {0};
	uint64_t run = output_run(t, job);
	int err = begin_edit(&edit, job);

	for (size_t i = 0; !err && i < output_count; i++)
		err = version_edit_add_table(&edit, job->output_level, run, outputs[i]);
	return err ? err : tree_apply(t, &edit);
}

/* The inputs are the outputs. */
static int move_tables(struct tree *t, const struct compaction_job *job)
{
	cleanup_edit struct version_edit edit = {0};
	uint64_t run = output_run(t, job);
	int err = begin_edit(&edit, job);

	for (size_t i = 0; i < job->input_count; i++) {
		for (size_t k = 0; !err && k < job->inputs[i].count; k++)
			err = version_edit_add_table(&edit, job->output_level, run,
						     job->inputs[i].files[k]);
	}
	if (!err)
		err = tree_apply(t, &edit);
	if (!err)
		counter_add(&t->counters.trivial_moves, 1);
	return err;
}

static void count_job(struct tree *t, const struct compaction_job *job, uint64_t written_bytes)
{
	struct tree_counters *c = &t->counters;

	counter_add(&c->read_bytes[job->output_level], job->input_bytes);
	counter_add(&c->written_bytes[job->output_level], written_bytes);
	counter_add(&c->jobs[job->output_level], 1);
}

/* Those that the job is for, and those that are leaving by now. */
static int list_leaving(struct tree *t, const struct compaction_job *job,
			struct number_list *leaving)
{
	int err = number_list_reserve(leaving, job->leaving.count);

	for (size_t i = 0; !err && i < job->leaving.count; i++)
		number_list_add(leaving, job->leaving.numbers[i]);
	return err ? err : tree_list_leaving_blobs(t, job->version, leaving);
}

static int rewrite_tables(struct tree *t, const struct compaction_job *job,
			  const struct tree_compact_limits *limits)
{
	struct compaction c = {
		.tree = t,
		.job = job,
		.work = limits->work,
		.filter = {.snapshots = limits->snapshots,
			   .snapshot_count = limits->snapshot_count,
			   .below = job->version,
			   .below_level = job->below_level},
		.out = {.tree = t, .tuning = tree_tuning(t)},
	};
	int err = list_leaving(t, job, &c.leaving);

	if (!err)
		err = compaction_write(&c);
	if (err)
		table_output_discard(&c.out);
	if (!err) {
		err = install_outputs(t, job, c.out.files, c.out.count);
		/* The edit may be durable all the same; then its tables must be there. */
		if (err && !tree_is_broken(t))
			table_output_discard(&c.out);
	}
	if (!err)
		count_job(t, job, c.out.written_bytes);
	table_output_done(&c.out);
	version_filter_done(&c.filter);
	number_list_done(&c.leaving);
	return err;
}

int tree_compact(struct tree *t, struct compaction_job *job,
		 const struct tree_compact_limits *limits)
{
	int err = tree_check_writable(t);

	if (!err && job->trivial_move)
		err = move_tables(t, job);
	else if (!err)
		err = rewrite_tables(t, job, limits);
	/* merging needs room itself: no use in going on until somebody asks again */
	if (job->for_space && env_is_full(err))
		atomic_store_explicit(&t->space_wanted, false, memory_order_relaxed);
	tree_drop_job(t, job);
	return err;
}
