#include "lsm/tree/table_output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/blob/value_format.h"

static int begin_table(struct table_output *o)
{
	struct tree *t = o->tree;
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;

	o->number = tree_new_file_number(t);
	o->id = tree_file_id(t, o->number);
	table_file_name(o->number, name);
	int err;

	do
		err = env_dir_open(t->options.dir, name,
				   t->options.direct_tables ? ENV_CREATE_DIRECT : ENV_CREATE,
				   &file);
	while (table_cache_make_way(&t->tables, err));
	if (err)
		return err;
	o->file = file;
	return table_builder_new(file, name, o->id, &o->tuning.table, &o->builder);
}

static int no_sense(const struct record *rec)
{
	return fail(-EUCLEAN, "the record of a large value makes no sense, seqno=%llu",
		    (unsigned long long)rec->seqno);
}

/* Hold the files at once: the record's owner may let go of them when the record is in. */
static int note_large(struct table_output *o, const struct record *rec)
{
	struct slice user_meta;
	uint64_t size = 0;

	if (rec->value.len > RECORD_VALUE_MAX)
		return fail(-EFBIG, "the record of a large value names too many pieces, seqno=%llu",
			    (unsigned long long)rec->seqno);
	if (value_meta_take(rec->meta, &size, &user_meta) < 0 ||
	    extent_list_check(rec->value, size) < 0)
		return no_sense(rec);
	int err = blob_refs_note_list(&o->blobs, rec->value);
	if (!err)
		err = blob_refs_resolve(&o->blobs, o->tree->blobs);
	/* A table that names a chunk behind a file's end must not get as far as the manifest: the
	 * store could not be opened any more. */
	return err ? err : blob_refs_check_ends(&o->blobs);
}

int table_output_add(struct table_output *o, const struct record *rec)
{
	int err = o->builder ? 0 : begin_table(o);

	assert(rec->kind != RECORD_PATCH);
	if (!err && rec->kind == RECORD_LARGE)
		err = note_large(o, rec);
	return err ? err : table_builder_add(o->builder, rec);
}

int table_output_add_part(struct table_output *o, const struct table_part *part)
{
	int err = o->builder ? 0 : begin_table(o);

	return err ? err : table_builder_add_part(o->builder, part);
}

uint64_t table_output_size(const struct table_output *o)
{
	return o->builder ? table_builder_size(o->builder) : 0;
}

static void close_table(struct table_output *o)
{
	table_builder_free(o->builder);
	env_file_close(o->file);
	o->builder = NULL;
	o->file = NULL;
	blob_refs_done(&o->blobs);
}

static int keep_table(struct table_output *o, const struct table_summary *summary)
{
	const struct table_file made = {
		.number = o->number,
		.id = o->id,
		.size_bytes = summary->file_size,
		.entries = summary->entries,
		.tombstones = summary->tombstones,
		.smallest_seqno = summary->smallest_seqno,
		.largest_seqno = summary->largest_seqno,
		.smallest = summary->smallest_key,
		.largest = summary->largest_key,
		.blobs = o->blobs,
		.tree = o->tree,
	};
	struct table_file **grown =
		array_grow(o->files, &o->cap, o->count + 1, sizeof(struct table_file *));

	if (!grown)
		return -ENOMEM;
	o->files = grown;
	int err = table_file_new(&made, &o->files[o->count]);
	if (!err)
		o->count++;
	return err;
}

enum {
	LATE_BYTES = 256 * 1024, /* a table smaller than that is not worth a thread's waking */
};

static int sync_table(struct table_output *o, uint64_t size)
{
	if (!o->late || size < LATE_BYTES)
		return env_file_sync(o->file);
	return late_sync_begin(o->late, move_ptr(&o->file));
}

int table_output_cut(struct table_output *o)
{
	struct table_summary summary;

	if (!o->builder)
		return 0;
	int err = table_builder_finish(o->builder, &summary);
	if (!err)
		err = keep_table(o, &summary);
	if (!err)
		err = sync_table(o, summary.file_size);
	if (err)
		return err;
	o->written_bytes += summary.file_size;
	close_table(o);
	return 0;
}

static bool names_blobs(const struct table_output *o)
{
	for (size_t i = 0; i < o->count; i++) {
		if (o->files[i]->blobs.count > 0)
			return true;
	}
	return false;
}

int table_output_sync_names(struct table_output *o)
{
	int err = o->late ? late_sync_wait(o->late) : 0;

	if (err)
		return err;
	if (names_blobs(o))
		err = blob_store_sync(o->tree->blobs);
	if (!err && o->count > 0)
		err = env_dir_sync(o->tree->options.dir);
	/*
	 * A sync that failed may well "succeed" when it is tried again, without the names or the
	 * chunks being on the disk. So no edit may rely on this folder any more.
	 */
	return err ? tree_break(o->tree, err) : 0;
}

static void unlink_table(struct table_output *o, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	table_file_name(number, name);
	ignore_result(env_dir_unlink(o->tree->options.dir, name)); /* the next open removes it */
}

void table_output_discard(struct table_output *o)
{
	if (o->file)
		unlink_table(o, o->number);
	for (size_t i = 0; i < o->count; i++)
		unlink_table(o, o->files[i]->number);
}

void table_output_done(struct table_output *o)
{
	close_table(o);
	for (size_t i = 0; i < o->count; i++)
		table_file_unref(o->files[i]);
	free(o->files);
	*o = (struct table_output){0};
}
