/*
 * As with a flush: the tables' content is synced by their builders, then their names, then the edit
 * that names them. A crash in between leaves orphans that the next open removes.
 */
#include "lsm/tree/tree_ingest.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/tree/table_output.h"
#include "lsm/tree/version_filter.h"

struct ingest {
	struct tree *tree;
	struct version_filter filter;
	struct table_output out;
	uint64_t flushed_seqno;
};

static int check_empty(struct tree *t, uint64_t flushed_seqno)
{
	mutex_guard(&t->log_mu);

	for (int level = 0; level < TREE_LEVELS; level++) {
		if (t->current->levels[level].count > 0)
			return fail(-ENOTEMPTY, "loading sorted input needs an empty store");
	}
	if (t->logs.count > 0)
		return fail(-ENOTEMPTY, "loading sorted input needs a store without logs");
	if (flushed_seqno < t->flushed_seqno)
		return fail(-EINVAL, "loading sorted input: change %llu is in the store already",
			    (unsigned long long)t->flushed_seqno);
	return 0;
}

/* Tables end only between user keys: a get asks one table of a run. */
static int cut_before_key(struct ingest *in)
{
	if (table_output_size(&in->out) < in->out.tuning.picker.target_file_bytes)
		return 0;
	return table_output_cut(&in->out);
}

static int add_record(struct ingest *in, struct iter *source)
{
	enum version_verdict verdict;
	struct record rec = source->rec;
	int err = version_filter_next(&in->filter, &rec, &verdict);

	if (err)
		return err;
	in->flushed_seqno = max_of(in->flushed_seqno, rec.seqno);
	if (verdict == VERSION_DROP)
		return 0;
	err = iter_value(source, &rec.value);
	if (err)
		return err;
	if (rec.value.len != rec.value_len)
		return fail(-EUCLEAN, "a value has another length than its record says, seqno=%llu",
			    (unsigned long long)rec.seqno);
	if (verdict == VERSION_KEEP_FIRST)
		err = cut_before_key(in);
	return err ? err : table_output_add(&in->out, &rec);
}

static int write_tables(struct ingest *in, struct iter *source)
{
	int err = 0;

	for (iter_first(source); !err && iter_valid(source); iter_next(source))
		err = add_record(in, source);
	if (!err)
		err = iter_status(source);
	if (!err)
		err = table_output_cut(&in->out);
	return err ? err : table_output_sync_names(&in->out);
}

static int install_tables(struct ingest *in)
{
	cleanup_edit struct version_edit edit = {
		.has_flushed_seqno = true,
		.flushed_seqno = in->flushed_seqno,
	};
	const uint64_t run = tree_new_file_number(in->tree);
	int err = 0;

	for (size_t i = 0; !err && i < in->out.count; i++)
		err = version_edit_add_table(&edit, TREE_LEVELS - 1, run, in->out.files[i]);
	return err ? err : tree_apply(in->tree, &edit);
}

static int load(struct ingest *in, struct iter *source)
{
	int err = write_tables(in, source);

	if (err) {
		table_output_discard(&in->out);
		return err;
	}
	err = install_tables(in);
	/* The edit may be durable all the same; then its tables must be there. */
	if (err && !tree_is_broken(in->tree))
		table_output_discard(&in->out);
	return err;
}

int tree_ingest(struct tree *t, struct iter *source, uint64_t flushed_seqno)
{
	int err = tree_check_writable(t);

	if (!err)
		err = check_empty(t, flushed_seqno);
	if (err)
		return err;
	struct version *below = tree_current(t);
	struct ingest in = {
		.tree = t,
		.filter = {.below = below, .below_level = TREE_LEVELS},
		.out = {.tree = t, .tuning = tree_tuning(t)},
		.flushed_seqno = flushed_seqno,
	};

	err = load(&in, source);
	table_output_done(&in.out);
	version_filter_done(&in.filter);
	version_unref(below);
	return err;
}
