/*
 * A flush: a memtable's records become one table of level 0.
 *
 * Order on the disk: the table's content (synced by its builder), its name (folder sync), the edit
 * that names it and lets go of the logs. A crash between two of them leaves an orphan that the next
 * open removes, and the logs.
 */
#include <assert.h>
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/tree/table_output.h"
#include "lsm/tree/version_filter.h"

static int add_record(struct table_output *out, struct version_filter *filter, struct iter *source)
{
	enum version_verdict verdict;
	struct record rec = source->rec;
	int err = version_filter_next(filter, &rec, &verdict);

	if (err || verdict == VERSION_DROP)
		return err;
	err = iter_value(source, &rec.value);
	if (err)
		return err;
	assert(rec.value.len == rec.value_len); /* of a memtable */
	return table_output_add(out, &rec);
}

static int write_table(struct table_output *out, struct version_filter *filter, struct iter *source)
{
	int err = 0;

	for (iter_first(source); !err && iter_valid(source); iter_next(source))
		err = add_record(out, filter, source);
	if (!err)
		err = iter_status(source);
	if (!err)
		err = table_output_cut(out);
	return err ? err : table_output_sync_names(out);
}

static int install_table(struct tree *t, const struct tree_flush_job *job,
			 const struct table_output *out)
{
	cleanup_edit struct version_edit edit = {
		.has_flushed_seqno = true,
		.flushed_seqno = job->flushed_seqno,
		.has_logs_dropped = true,
		.logs_dropped = job->keep_log,
	};
	int err = 0;

	assert(out->count <= 1);
	if (out->count == 1) {
		assert(out->files[0]->largest_seqno <= job->flushed_seqno);
		err = version_edit_add_table(&edit, 0, 0, out->files[0]);
	}
	return err ? err : tree_apply(t, &edit);
}

int tree_flush(struct tree *t, const struct tree_flush_job *job)
{
	struct table_output out = {.tree = t};
	int err = tree_check_writable(t);

	if (err)
		return err;
	/*
	 * All older versions are in tables of this version or of one that compactions make of it:
	 * see version_filter.h.
	 */
	struct version *below = tree_current(t);
	struct version_filter filter = {
		.snapshots = job->snapshots,
		.snapshot_count = job->snapshot_count,
		.below = below,
		.below_level = 0,
	};
	err = write_table(&out, &filter, job->source);
	if (err)
		table_output_discard(&out);
	if (!err) {
		err = install_table(t, job, &out);
		/* The edit may be durable all the same; then its table must be there. */
		if (err && !tree_is_broken(t))
			table_output_discard(&out);
	}
	if (!err) {
		counter_add(&t->counters.flushes, 1);
		counter_add(&t->counters.flush_bytes, out.written_bytes);
	}
	table_output_done(&out);
	version_filter_done(&filter);
	version_unref(below);
	return err;
}
