#include "lsm/tree/version_edit.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"

void version_edit_done(struct version_edit *e)
{
	for (size_t i = 0; i < e->added_count; i++)
		table_file_unref(e->added[i].file);
	for (int level = 0; level < TREE_LEVELS; level++)
		buf_done(&e->cursors[level]);
	free(e->added);
	free(e->removed);
	number_list_done(&e->logs_added);
	snapshot_list_done(&e->snapshots_named);
	snapshot_list_done(&e->snapshots_dropped);
	buf_done(&e->note);
	*e = (struct version_edit){0};
}

int version_edit_add_table(struct version_edit *e, int level, uint64_t run, struct table_file *f)
{
	struct edit_table *grown =
		array_grow(e->added, &e->added_cap, e->added_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	e->added = grown;
	e->added[e->added_count++] =
		(struct edit_table){.level = level, .run = run, .file = table_file_ref(f)};
	return 0;
}

static int add_run(struct version_edit *e, int level, const struct version_run *run)
{
	int err = 0;

	for (size_t i = 0; !err && i < run->count; i++)
		err = version_edit_add_table(e, level, run->number, run->files[i]);
	return err;
}

int version_edit_add_version(struct version_edit *e, const struct version *v)
{
	int err = 0;

	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; !err && i < v->levels[level].run_count; i++)
			err = add_run(e, level, &v->levels[level].runs[i]);
	}
	return err;
}

int version_edit_remove_table(struct version_edit *e, int level, uint64_t number)
{
	struct edit_removal *grown =
		array_grow(e->removed, &e->removed_cap, e->removed_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	e->removed = grown;
	e->removed[e->removed_count++] = (struct edit_removal){.level = level, .number = number};
	return 0;
}

int version_edit_set_cursor(struct version_edit *e, int level, struct slice key)
{
	int err = buf_set(&e->cursors[level], key);

	if (err)
		return err;
	e->has_cursor[level] = true;
	return 0;
}

uint64_t version_edit_table_bytes(const struct table_file *f)
{
	enum {
		TABLE_NUMBERS = 9 + 2 + 2, /* with the lengths of keys, and the head of blobs */
	};

	return 2 + VARINT_MAX_BYTES * (TABLE_NUMBERS + 3 * (uint64_t)f->blobs.count) +
	       f->smallest.len + f->largest.len;
}

/* A field of numbers only: at most ten of ten bytes, so one reserve covers it. */
static int encode_numbers(struct buf *out, enum manifest_field id, const uint64_t *numbers,
			  size_t count)
{
	int err = buf_reserve(out, 1 + count * 10);

	if (err)
		return err;
	buf_add_varint(out, id);
	for (size_t i = 0; i < count; i++)
		buf_add_varint(out, numbers[i]);
	return 0;
}

static int encode_blobs(struct buf *out, const struct table_file *f)
{
	const uint64_t head[] = {f->number, f->blobs.count};
	int err = encode_numbers(out, FIELD_TABLE_BLOBS, head, array_size(head));

	for (size_t i = 0; !err && i < f->blobs.count; i++) {
		const struct blob_ref *r = &f->blobs.refs[i];
		const uint64_t numbers[] = {r->number, r->bytes, r->end};

		for (size_t k = 0; !err && k < array_size(numbers); k++)
			err = buf_append_varint(out, numbers[k]);
	}
	return err;
}

static int encode_table(struct buf *out, const struct edit_table *a)
{
	const struct table_file *f = a->file;
	const uint64_t numbers[] = {
		(uint64_t)a->level, a->run,     f->number,     f->id,
		f->size_bytes,      f->entries, f->tombstones, f->smallest_seqno,
		f->largest_seqno};
	int err = encode_numbers(out, FIELD_RUN_TABLE_ADDED, numbers, array_size(numbers));

	if (!err)
		err = buf_append_sized(out, f->smallest);
	if (!err)
		err = buf_append_sized(out, f->largest);
	if (!err && f->blobs.count > 0)
		err = encode_blobs(out, f);
	return err;
}

static int encode_scalars(const struct version_edit *e, struct buf *out)
{
	int err = 0;

	if (e->has_next_file)
		err = encode_numbers(out, FIELD_NEXT_FILE, &e->next_file, 1);
	if (!err && e->has_flushed_seqno)
		err = encode_numbers(out, FIELD_FLUSHED_SEQNO, &e->flushed_seqno, 1);
	if (!err && e->has_durable_seqno)
		err = encode_numbers(out, FIELD_DURABLE_SEQNO, &e->durable_seqno, 1);
	for (size_t i = 0; !err && i < e->logs_added.count; i++)
		err = encode_numbers(out, FIELD_LOG_ADDED, &e->logs_added.numbers[i], 1);
	if (!err && e->has_logs_dropped)
		err = encode_numbers(out, FIELD_LOGS_DROPPED, &e->logs_dropped, 1);
	if (!err && e->has_separator) {
		err = buf_append_byte(out, FIELD_SEPARATOR);
		if (!err)
			err = buf_append_byte(out, e->separator);
	}
	if (!err && e->has_note) {
		err = buf_append_byte(out, FIELD_NOTE);
		if (!err)
			err = buf_append_sized(out, buf_slice(&e->note));
	}
	return err;
}

static int encode_snapshots(const struct version_edit *e, struct buf *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->snapshots_dropped.count; i++) {
		err = buf_append_byte(out, FIELD_SNAPSHOT_DROPPED);
		if (!err)
			err = buf_append_sized(out,
					       named_snapshot_name(&e->snapshots_dropped.items[i]));
	}
	for (size_t i = 0; !err && i < e->snapshots_named.count; i++) {
		const struct named_snapshot *s = &e->snapshots_named.items[i];

		err = buf_append_byte(out, FIELD_SNAPSHOT_NAMED);
		if (!err)
			err = buf_append_sized(out, named_snapshot_name(s));
		if (!err)
			err = buf_append_varint(out, s->seqno);
		if (!err)
			err = buf_append_varint(out, s->time_ns);
	}
	return err;
}

int version_edit_encode(const struct version_edit *e, struct buf *out)
{
	int err = encode_scalars(e, out);

	if (!err)
		err = encode_snapshots(e, out);
	for (size_t i = 0; !err && i < e->added_count; i++)
		err = encode_table(out, &e->added[i]);
	for (size_t i = 0; !err && i < e->removed_count; i++) {
		const uint64_t numbers[] = {(uint64_t)e->removed[i].level, e->removed[i].number};

		err = encode_numbers(out, FIELD_TABLE_REMOVED, numbers, array_size(numbers));
	}
	for (int level = 0; !err && level < TREE_LEVELS; level++) {
		uint64_t number = (uint64_t)level;

		if (!e->has_cursor[level])
			continue;
		err = encode_numbers(out, FIELD_CURSOR, &number, 1);
		if (!err)
			err = buf_append_sized(out, buf_slice(&e->cursors[level]));
	}
	return err;
}
