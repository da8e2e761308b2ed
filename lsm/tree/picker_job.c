#include "lsm/tree/picker_job.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void picker_job_begin(struct compaction_job *job, struct version *v, int level, int output_level)
{
	*job = (struct compaction_job){
		.level = level, .output_level = output_level, .version = version_ref(v)};
}

void compaction_job_done(struct compaction_job *job)
{
	for (int i = 0; i < JOB_INPUT_LEVELS; i++) {
		for (size_t k = 0; k < job->inputs[i].count; k++)
			table_file_unref(job->inputs[i].files[k]);
		free(job->inputs[i].files);
	}
	version_unref(job->version);
	*job = (struct compaction_job){0};
}

static int add_span(struct version_level *into, const struct version_level *level,
		    struct level_span span)
{
	if (span.first >= span.end)
		return 0;
	assert(into->count == 0);
	into->files = calloc(span.end - span.first, sizeof(struct table_file *));
	if (!into->files)
		return -ENOMEM;
	for (size_t i = span.first; i < span.end; i++)
		into->files[into->count++] = table_file_ref(level->files[i]);
	into->bytes = level_span_bytes(level, span);
	return 0;
}

int picker_job_add_span(struct compaction_job *job, struct level_span span)
{
	return add_span(&job->inputs[0], &job->version->levels[job->level], span);
}

/*
 * Widen [*from, *to] over all level 0 files that overlap it, until none sticks out. False: there is
 * none.
 */
static bool widen_over_level0(const struct version_level *level0, struct slice *from,
			      struct slice *to)
{
	struct slice low = {0}, high = {0};
	bool widened = true;

	while (widened) {
		bool found = high.len > 0;

		widened = false;
		for (size_t i = 0; i < level0->count; i++) {
			const struct table_file *f = level0->files[i];

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
 * The group is closed under overlap because level 0 has no other order than age: a file left behind
 * that shares a key with one taken could be the older of the two, and would then hide the newer
 * version, by now one level below it.
 */
int picker_job_add_group(struct compaction_job *job, struct slice from, struct slice to)
{
	const struct version_level *level0 = &job->version->levels[0];
	struct version_level *into = &job->inputs[0];

	if (!widen_over_level0(level0, &from, &to))
		return 0;
	into->files = calloc(level0->count, sizeof(struct table_file *));
	if (!into->files)
		return -ENOMEM;
	for (size_t i = 0; i < level0->count; i++) {
		if (!file_overlaps(level0->files[i], from, to))
			continue;
		into->files[into->count++] = table_file_ref(level0->files[i]);
		into->bytes += level0->files[i]->size_bytes;
	}
	return 0;
}

static void cover(struct compaction_job *job, const struct version_level *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		const struct table_file *f = inputs->files[i];

		if (!job->smallest.len || slice_cmp(f->smallest, job->smallest) < 0)
			job->smallest = f->smallest;
		if (!job->largest.len || slice_cmp(f->largest, job->largest) > 0)
			job->largest = f->largest;
	}
}

static bool is_compacting(const struct version_level *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		if (inputs->files[i]->compacting)
			return true;
	}
	return false;
}

static bool is_bottom(const struct compaction_job *job)
{
	for (int level = job->output_level + 1; level < TREE_LEVELS; level++) {
		if (version_overlaps(job->version, level, job->smallest, job->largest))
			return false;
	}
	return true;
}

static bool is_trivial_move(const struct compaction_job *job, const struct picker_options *o)
{
	if (job->inputs[0].count != 1 || job->inputs[1].count != 0 ||
	    job->output_level == job->level)
		return false;
	/*
	 * Where nothing lies below, a rewrite gets rid of the tombstones; a move would keep them
	 * for ever.
	 */
	if (job->inputs[0].files[0]->tombstones > 0 && is_bottom(job))
		return false;
	if (job->output_level + 1 >= TREE_LEVELS)
		return true;
	const struct version_level *below = &job->version->levels[job->output_level + 1];
	struct level_span span = level_span_of(below, job->smallest, job->largest);
	return level_span_bytes(below, span) / GRANDPARENT_OVERLAP_FILES <= o->target_file_bytes;
}

int picker_job_finish(struct compaction_job *job, const struct picker_options *o)
{
	const struct version_level *below = &job->version->levels[job->output_level];

	assert(job->inputs[0].count > 0);
	cover(job, &job->inputs[0]);
	if (job->output_level != job->level) {
		struct level_span span = level_span_of(below, job->smallest, job->largest);
		int err = add_span(&job->inputs[1], below, span);

		if (err)
			return err;
		cover(job, &job->inputs[1]);
	}
	if (is_compacting(&job->inputs[0]) || is_compacting(&job->inputs[1]))
		return -EBUSY;
	job->trivial_move = is_trivial_move(job, o);
	return 0;
}
