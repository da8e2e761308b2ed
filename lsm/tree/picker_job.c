#include "lsm/tree/picker_job.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"

void picker_job_begin(struct compaction_job *job, struct version *v, int level,
		      enum job_output output)
{
	int output_level = output == JOB_IN_PLACE ? level : level + 1;
	const struct version_level *into = &v->levels[output_level];

	assert(output_level > 0 && output_level < TREE_LEVELS);
	assert(output != JOB_JOIN || into->run_count <= 1);
	*job = (struct compaction_job){
		.level = level, .output_level = output_level, .version = version_ref(v)};
	job->new_run = output == JOB_NEW_RUN || into->run_count == 0;
	if (!job->new_run)
		job->output_run = into->runs[0].number;
	job->below_level = job->new_run ? output_level : output_level + 1;
}

void compaction_job_done(struct compaction_job *job)
{
	free(job->inputs);
	number_list_done(&job->leaving);
	version_unref(job->version);
	*job = (struct compaction_job){0};
}

static void cover(struct compaction_job *job, struct slice smallest, struct slice largest)
{
	if (!job->smallest.len || slice_cmp(smallest, job->smallest) < 0)
		job->smallest = smallest;
	if (!job->largest.len || slice_cmp(largest, job->largest) > 0)
		job->largest = largest;
}

static struct slice input_smallest(const struct job_input *in)
{
	return in->files[0]->smallest;
}

static struct slice input_largest(const struct job_input *in)
{
	return in->files[in->count - 1]->largest;
}

static int add_input(struct compaction_job *job, int level, const struct version_run *run,
		     struct run_span span)
{
	if (span.first >= span.end)
		return 0;
	struct job_input *grown =
		array_grow(job->inputs, &job->input_cap, job->input_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	job->inputs = grown;
	struct job_input *in = &job->inputs[job->input_count++];
	*in = (struct job_input){
		.level = level, .files = &run->files[span.first], .count = span.end - span.first};
	job->input_bytes += run_span_bytes(run, span);
	cover(job, input_smallest(in), input_largest(in));
	return 0;
}

int picker_job_add_span(struct compaction_job *job, const struct version_run *run,
			struct run_span span)
{
	return add_input(job, job->level, run, span);
}

/*
 * Widen [*from, *to] over all files of the level that overlap it, until none sticks out. False:
 * there is none.
 */
static bool widen_over_level(const struct version_level *level, struct slice *from,
			     struct slice *to)
{
	struct slice low = {0}, high = {0};
	bool widened = true;

	while (widened) {
		bool found = high.len > 0;

		widened = false;
		for (size_t i = 0; i < level->count; i++) {
			const struct table_file *f = level->files[i];

			if (!file_overlaps(f, found ? low : *from, found ? high : *to))
				continue;
			widened |= !low.len || slice_cmp(f->smallest, low) < 0 ||
				   slice_cmp(f->largest, high) > 0;
			if (!low.len || slice_cmp(f->smallest, low) < 0)
				low = f->smallest;
			if (!high.len || slice_cmp(f->largest, high) > 0)
				high = f->largest;
		}
	}
	*from = low;
	*to = high;
	return high.len > 0;
}

/*
 * The group is closed under overlap because a file left behind that shares a key with one taken
 * could be the older of the two, and would then hide the newer version, by now below it.
 */
int picker_job_add_group(struct compaction_job *job, struct slice from, struct slice to)
{
	const struct version_level *l = &job->version->levels[job->level];
	int err = 0;

	if (!widen_over_level(l, &from, &to))
		return 0;
	for (size_t i = 0; !err && i < l->run_count; i++)
		err = add_input(job, job->level, &l->runs[i], run_span_of(&l->runs[i], from, to));
	return err;
}

static bool has_compacting(const struct compaction_job *job)
{
	for (size_t i = 0; i < job->input_count; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++) {
			if (job->inputs[i].files[k]->compacting)
				return true;
		}
	}
	return false;
}

static bool has_tombstones(const struct compaction_job *job)
{
	for (size_t i = 0; i < job->input_count; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++) {
			if (job->inputs[i].files[k]->tombstones > 0)
				return true;
		}
	}
	return false;
}

static bool is_bottom(const struct compaction_job *job)
{
	for (int level = job->below_level; level < TREE_LEVELS; level++) {
		if (version_overlaps(job->version, level, job->smallest, job->largest))
			return false;
	}
	return true;
}

/* The inputs follow each other in the order of keys, whatever their own order is. */
static bool inputs_are_disjoint(const struct compaction_job *job)
{
	for (size_t i = 1; i < job->input_count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct job_input *a = &job->inputs[i], *b = &job->inputs[k];

			if (slice_cmp(input_smallest(a), input_largest(b)) <= 0 &&
			    slice_cmp(input_smallest(b), input_largest(a)) <= 0)
				return false;
		}
	}
	return true;
}

/* Whether a table, moved as it is, would later be merged with too much. */
static bool reaches_too_far(const struct compaction_job *job, const struct version_run *below,
			    const struct picker_options *o)
{
	for (size_t i = 0; i < job->input_count; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++) {
			const struct table_file *f = job->inputs[i].files[k];
			struct run_span span = run_span_of(below, f->smallest, f->largest);

			if (run_span_bytes(below, span) / GRANDPARENT_OVERLAP_FILES >
			    o->target_file_bytes)
				return true;
		}
	}
	return false;
}

static bool is_trivial_move(const struct compaction_job *job, const struct picker_options *o)
{
	if (job->output_level == job->level && job->input_count == 1)
		return false; /* it would change nothing */
	if (!inputs_are_disjoint(job))
		return false;
	/*
	 * Where nothing lies below, a rewrite gets rid of the tombstones; a move would keep them
	 * for ever.
	 */
	if (has_tombstones(job) && is_bottom(job))
		return false;
	if (job->output_level + 1 >= TREE_LEVELS)
		return true;
	const struct version_level *below = &job->version->levels[job->output_level + 1];
	return below->run_count != 1 || !reaches_too_far(job, &below->runs[0], o);
}

int picker_job_finish(struct compaction_job *job, const struct picker_options *o)
{
	const struct version_level *into = &job->version->levels[job->output_level];

	assert(job->input_count > 0);
	if (job->output_level != job->level && !job->new_run) {
		int err = add_input(job, job->output_level, &into->runs[0],
				    run_span_of(&into->runs[0], job->smallest, job->largest));

		if (err)
			return err;
	}
	if (has_compacting(job))
		return -EBUSY;
	job->trivial_move = is_trivial_move(job, o);
	return 0;
}

int picker_job_rewrite(struct version *v, int level, const struct version_run *run, size_t at,
		       struct compaction_job *ret_job)
{
	/* What is older lies in the runs behind it, too, unless there is no other. */
	struct compaction_job job = {
		.level = level,
		.output_level = level,
		.output_run = run->number,
		.below_level = v->levels[level].run_count == 1 ? level + 1 : level,
		.version = version_ref(v),
	};
	int err = add_input(&job, level, run, (struct run_span){at, at + 1});

	assert(level > 0);
	if (!err && has_compacting(&job))
		err = -EBUSY;
	if (err)
		compaction_job_done(&job);
	else
		*ret_job = job;
	return err;
}
