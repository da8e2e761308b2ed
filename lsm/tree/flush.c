/*
 * A flush: a memtable's records become one table of level 0. Patches are folded with what they
 * change (lsm/tree/fold.h), so that the table holds whole values.
 *
 * Order on the disk: chunks (blob files, and their names), the table's content (synced by its
 * builder), its name (folder sync), the edit that names it and lets go of the logs. A crash between
 * two of them leaves orphans that the next open removes, and the logs.
 */
#include <assert.h>
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/blob/value_writer.h"
#include "lsm/tree/fold.h"
#include "lsm/tree/table_output.h"
#include "lsm/tree/version_filter.h"

struct flush {
	struct tree *tree;
	const struct tree_flush_job *job;
	struct version *below; /* a reference: the tables, in which older versions lie */
	struct version_filter filter;
	struct table_output out;
	struct buf meta, value; /* of a folded record */
};

/* The value as a whole into f->value. */
static int read_small(struct flush *f, const struct value_view *view)
{
	buf_clear(&f->value);
	int err = buf_reserve(&f->value, (size_t)view->size + 1);
	const struct value_range range = {.into = f->value.ptr, .len = (size_t)view->size};

	return err ? err : value_view_read(view, tree_blobs(f->tree), &range, &f->value.len);
}

static int add_put(struct flush *f, struct record *rec)
{
	rec->kind = RECORD_PUT;
	rec->value = buf_slice(&f->value);
	rec->value_len = f->value.len;
	return table_output_add(&f->out, rec);
}

static int make_large(struct flush *f, const struct value_view *view, struct record *rec)
{
	struct value_writer w = {
		.blobs = tree_blobs(f->tree),
		.lane = hash64(rec->key, 0),
		.frugal = f->job->frugal,
	};
	int err = value_writer_view(&w, view, 0, view->size, 0);

	buf_clear(&f->meta);
	if (!err)
		err = value_meta_append(&f->meta, view->size, rec->meta);
	rec->kind = RECORD_LARGE;
	rec->meta = buf_slice(&f->meta);
	rec->value = buf_slice(&w.extents);
	rec->value_len = rec->value.len;
	if (!err)
		err = table_output_add(&f->out, rec);
	/* the table refers to the files from now on; what patches name is kept by their memtable */
	value_writer_done(&w);
	return err;
}

/* rec: the newest of the patches, which becomes the whole value. */
static int add_fold(struct flush *f, struct fold *fold, struct record *rec)
{
	uint64_t size;
	int err = fold_add_versions(fold, f->job->versions, rec->key, rec->seqno);

	if (!err)
		err = fold_add_table(fold, f->tree, f->below, rec->key, rec->seqno);
	if (!err)
		err = fold_apply(fold);
	if (!err)
		err = value_meta_take(rec->meta, &size, &rec->meta);
	if (err)
		return err;
	if (fold->view.size > f->out.tuning.large_value_threshold)
		return make_large(f, &fold->view, rec);
	err = read_small(f, &fold->view);
	if (err && err != -ENOMEM) /* a damaged chunk is named again: who reads it is told */
		return make_large(f, &fold->view, rec);
	return err ? err : add_put(f, rec);
}

static int add_patched(struct flush *f, struct record *rec)
{
	struct fold fold = {0};
	int err = add_fold(f, &fold, rec);

	fold_done(&fold);
	return err;
}

static int add_record(struct flush *f)
{
	struct iter *source = f->job->source;
	enum version_verdict verdict;
	struct record rec = source->rec;
	int err = version_filter_next(&f->filter, &rec, &verdict);

	if (err || verdict == VERSION_DROP)
		return err;
	if (rec.kind == RECORD_PATCH)
		return add_patched(f, &rec);
	err = iter_value(source, &rec.value);
	if (err)
		return err;
	assert(rec.value.len == rec.value_len); /* of a memtable */
	return table_output_add(&f->out, &rec);
}

static int write_table(struct flush *f)
{
	struct iter *source = f->job->source;
	int err = 0;

	for (iter_first(source); !err && iter_valid(source); iter_next(source))
		err = add_record(f);
	if (!err)
		err = iter_status(source);
	if (!err)
		err = table_output_cut(&f->out);
	return err ? err : table_output_sync_names(&f->out);
}

static int install_table(struct flush *f)
{
	const struct table_output *out = &f->out;
	cleanup_edit struct version_edit edit = {
		.has_flushed_seqno = true,
		.flushed_seqno = f->job->flushed_seqno,
		.has_logs_dropped = true,
		.logs_dropped = f->job->keep_log,
	};
	int err = 0;

	assert(out->count <= 1);
	if (out->count == 1) {
		assert(out->files[0]->largest_seqno <= f->job->flushed_seqno);
		err = version_edit_add_table(&edit, 0, 0, out->files[0]);
	}
	return err ? err : tree_apply(f->tree, &edit);
}

static void flush_done(struct flush *f)
{
	table_output_done(&f->out);
	version_filter_done(&f->filter);
	version_unref(f->below);
	buf_done(&f->meta);
	buf_done(&f->value);
}

int tree_flush(struct tree *t, const struct tree_flush_job *job)
{
	int err = tree_check_writable(t);

	if (err)
		return err;
	/*
	 * All older versions are in tables of this version or of one that compactions make of it:
	 * see version_filter.h.
	 */
	struct version *below = tree_current(t);
	struct flush f = {
		.tree = t,
		.job = job,
		.below = below,
		.filter = {.snapshots = job->snapshots,
			   .snapshot_count = job->snapshot_count,
			   .below = below,
			   .below_level = 0,
			   .takes_patches = true},
		.out = {.tree = t, .tuning = tree_tuning(t)},
	};

	err = write_table(&f);
	if (err)
		table_output_discard(&f.out);
	if (!err) {
		err = install_table(&f);
		/* The edit may be durable all the same; then its table must be there. */
		if (err && !tree_is_broken(t))
			table_output_discard(&f.out);
	}
	if (!err) {
		counter_add(&t->counters.flushes, 1);
		counter_add(&t->counters.flush_bytes, f.out.written_bytes);
	}
	flush_done(&f);
	return err;
}
