/*
 * As with a flush: the tables' content is synced by their builders, then their names, then the edit
 * that names them. A crash in between leaves orphans that the next open removes.
 */
#include "lsm/tree/tree_ingest.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/tree/table_output.h"
#include "lsm/tree/version_filter.h"

struct tree_ingest {
	struct tree *tree; /* borrowed */
	struct late_sync late;
	struct table_output out;
	uint64_t flushed_seqno;
	bool installed;
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

int tree_ingest_begin(struct tree *t, uint64_t flushed_seqno, struct tree_ingest **ret_ingest)
{
	int err = tree_check_writable(t);

	if (!err)
		err = check_empty(t, flushed_seqno);
	if (err)
		return err;
	struct tree_ingest *in = calloc(1, sizeof(*in));

	if (!in)
		return -ENOMEM;
	*in = (struct tree_ingest){
		.tree = t,
		.out = {.tree = t, .tuning = tree_tuning(t), .late = &in->late},
		.flushed_seqno = flushed_seqno,
	};
	late_sync_init(&in->late);
	*ret_ingest = in;
	return 0;
}

const struct table_options *tree_ingest_table_options(const struct tree_ingest *in)
{
	return &in->out.tuning.table;
}

uint64_t tree_ingest_table_bytes(const struct tree_ingest *in)
{
	return in->out.tuning.picker.target_file_bytes;
}

/* Tables end only between user keys: a get asks one table of a run. */
static int cut_before_key(struct tree_ingest *in)
{
	if (table_output_size(&in->out) < tree_ingest_table_bytes(in))
		return 0;
	return table_output_cut(&in->out);
}

int tree_ingest_add(struct tree_ingest *in, const struct record *rec)
{
	int err = cut_before_key(in);

	in->flushed_seqno = max_of(in->flushed_seqno, rec->seqno);
	return err ? err : table_output_add(&in->out, rec);
}

int tree_ingest_add_part(struct tree_ingest *in, const struct table_part *part)
{
	int err = cut_before_key(in);

	in->flushed_seqno =
		max_of(in->flushed_seqno, part->filler.properties.numbers[SST_LARGEST_SEQNO]);
	return err ? err : table_output_add_part(&in->out, part);
}

static int install_tables(struct tree_ingest *in)
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

int tree_ingest_finish(struct tree_ingest *in)
{
	int err = table_output_cut(&in->out);

	if (!err)
		err = table_output_sync_names(&in->out);
	if (err)
		return err;
	err = install_tables(in);
	/* The edit may be durable all the same; then its tables must be there. */
	in->installed = err == 0 || tree_is_broken(in->tree);
	return err;
}

void tree_ingest_end(struct tree_ingest *in)
{
	if (!in)
		return;
	late_sync_done(&in->late);
	if (!in->installed)
		table_output_discard(&in->out);
	table_output_done(&in->out);
	free(in);
}

static int add_version(struct tree_ingest *in, struct version_filter *filter, struct iter *source)
{
	enum version_verdict verdict;
	struct record rec = source->rec;
	int err = version_filter_next(filter, &rec, &verdict);

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
	return tree_ingest_add(in, &rec);
}

static int add_all(struct tree_ingest *in, struct iter *source)
{
	struct version *below = tree_current(in->tree);
	struct version_filter filter = {.below = below, .below_level = TREE_LEVELS};
	int err = 0;

	for (iter_first(source); !err && iter_valid(source); iter_next(source))
		err = add_version(in, &filter, source);
	if (!err)
		err = iter_status(source);
	version_filter_done(&filter);
	version_unref(below);
	return err;
}

int tree_ingest(struct tree *t, struct iter *source, uint64_t flushed_seqno)
{
	struct tree_ingest *in = NULL;
	int err = tree_ingest_begin(t, flushed_seqno, &in);

	if (!err)
		err = add_all(in, source);
	if (!err)
		err = tree_ingest_finish(in);
	tree_ingest_end(in);
	return err;
}
