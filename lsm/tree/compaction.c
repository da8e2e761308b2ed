#include "lsm/tree/compaction.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/tree/level_iter.h"
#include "lsm/tree/merge.h"
#include "lsm/tree/picker_job.h"

static int open_input(struct compaction *c, struct iter **ret_input)
{
	const struct compaction_job *job = c->job;
	cleanup_free struct iter **sources = calloc(job->input_count, sizeof(struct iter *));
	size_t count = 0;
	int err = sources ? 0 : -ENOMEM;

	while (!err && count < job->input_count) {
		const struct level_iter_source source = {
			.tables = &c->tree->tables,
			.version = job->version,
			.files = job->inputs[count].files,
			.count = job->inputs[count].count,
			.access = TABLE_SCAN,
		};

		err = level_iter_new(&source, &sources[count]);
		count += !err;
	}
	if (!err)
		return merge_iter_new(sources, count, ret_input);
	for (size_t i = 0; i < count; i++)
		iter_free(sources[i]);
	return err;
}

/*
 * Whether the open output, if extended up to key, would overlap too much of the level below its
 * own. That counts where the level is one run, and outputs are merged with it piece by piece;
 * several runs are merged as wholes.
 */
static bool overlaps_too_much(struct compaction *c, struct slice key)
{
	int below = c->job->output_level + 1;

	if (below >= TREE_LEVELS || c->job->version->levels[below].run_count != 1)
		return false;
	const struct version_run *run = &c->job->version->levels[below].runs[0];
	while (c->grandparent < run->count &&
	       slice_cmp(run->files[c->grandparent]->largest, key) < 0) {
		/* Those that end before the output begins do not count. */
		if (table_output_size(&c->out) > 0)
			c->grandparent_bytes += run->files[c->grandparent]->size_bytes;
		c->grandparent++;
	}
	return c->grandparent_bytes / GRANDPARENT_OVERLAP_FILES >
	       c->out.tuning.picker.target_file_bytes;
}

/*
 * Tables end only between user keys, or a run would have one key in two tables, and a get that asks
 * one table per run would miss versions.
 */
static int cut_before(struct compaction *c, struct slice key)
{
	bool too_wide = overlaps_too_much(c, key);

	if (!too_wide && table_output_size(&c->out) < c->out.tuning.picker.target_file_bytes)
		return 0;
	c->grandparent_bytes = 0;
	return table_output_cut(&c->out);
}

/*
 * The job has room for its outputs where the manifest says that its inputs are. A table that holds
 * other keys would make it overlap its neighbours.
 */
static int check_range(const struct compaction *c, struct slice key)
{
	if (slice_cmp(key, c->job->smallest) < 0 || slice_cmp(key, c->job->largest) > 0)
		return fail(-EUCLEAN,
			    "a table at level %d or %d holds keys that the manifest says "
			    "it has not",
			    c->job->level, c->job->output_level);
	return 0;
}

static int add_large(struct compaction *c, struct record *rec)
{
	struct value_writer w = {0};
	int err = compaction_move_chunks(c, rec, &w);

	if (!err)
		err = table_output_add(&c->out, rec);
	/* the table refers to the new files from now on */
	value_writer_done(&w);
	return err;
}

static int add_record(struct compaction *c, struct iter *input)
{
	enum version_verdict verdict;
	struct record rec = input->rec;
	int err = version_filter_next(&c->filter, &rec, &verdict);

	if (err || verdict == VERSION_DROP)
		return err;
	err = iter_value(input, &rec.value);
	if (err)
		return err;
	if (rec.value.len != rec.value_len)
		return fail(-EUCLEAN,
			    "a table holds a value of another length than it says, seqno=%llu",
			    (unsigned long long)rec.seqno);
	if (verdict == VERSION_KEEP_FIRST)
		err = check_range(c, rec.key);
	if (!err && verdict == VERSION_KEEP_FIRST)
		err = cut_before(c, rec.key);
	if (err)
		return err;
	return rec.kind == RECORD_LARGE ? add_large(c, &rec) : table_output_add(&c->out, &rec);
}

static int merge_record(struct compaction *c, struct iter *input)
{
	int err = long_work_step(c->work, input->rec.key.len + input->rec.value_len);

	return err ? err : add_record(c, input);
}

enum {
	PACE_STEP_BYTES = 64 << 10, /* written between two looks at the limit */
};

static void pace(struct compaction *c)
{
	uint64_t written = c->out.written_bytes + table_output_size(&c->out) + c->moved_bytes;

	if (written < c->paced_bytes + PACE_STEP_BYTES)
		return;
	pace_take(&c->tree->pace, written - c->paced_bytes);
	c->paced_bytes = written;
}

static int merge_inputs(struct compaction *c, struct iter *input)
{
	int err = 0;

	for (iter_first(input); !err && iter_valid(input); iter_next(input)) {
		err = pace_is_stopped(&c->tree->pace) ? -ECANCELED : merge_record(c, input);
		pace(c);
	}
	return err ? err : iter_status(input);
}

int compaction_write(struct compaction *c)
{
	struct iter *input;
	int err = open_input(c, &input);

	if (err)
		return err;
	err = merge_inputs(c, input);
	iter_free(input);
	if (!err)
		err = table_output_cut(&c->out);
	return err ? err : table_output_sync_names(&c->out);
}
