/*
 * Decoding of edits. Beyond the field's form, each is held against what a table can be at all, so
 * that the code that works on versions may assert those rules.
 */
#include <errno.h>

#include "lsm/base/array.h"
#include "lsm/base/coding.h"
#include "lsm/mem/record.h"
#include "lsm/sst/sst_format.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/version_edit.h"

struct edit_decoder {
	struct version_edit *edit;
	struct slice rest;
	struct table_file *last_added; /* borrowed: by the field before; NULL: it added none */
	const char *reason;
};

static int refuse(struct edit_decoder *d, const char *reason)
{
	d->reason = reason;
	return -EUCLEAN;
}

static int take_number(struct edit_decoder *d, uint64_t *ret_number)
{
	if (varint_take(&d->rest, ret_number) < 0)
		return refuse(d, "cut off number");
	return 0;
}

static int take_file_number(struct edit_decoder *d, uint64_t *ret_number)
{
	int err = take_number(d, ret_number);

	if (err)
		return err;
	if (*ret_number == 0 || *ret_number > FILE_NUMBER_MAX)
		return refuse(d, "file number out of range");
	return 0;
}

static int take_level(struct edit_decoder *d, int *ret_level)
{
	uint64_t level = 0;
	int err = take_number(d, &level);

	if (err)
		return err;
	if (level >= TREE_LEVELS)
		return refuse(d, "level out of range");
	*ret_level = (int)level;
	return 0;
}

static int take_key(struct edit_decoder *d, struct slice *ret_key)
{
	if (sized_take(&d->rest, ret_key) < 0)
		return refuse(d, "cut off key");
	if (ret_key->len == 0 || ret_key->len > RECORD_KEY_MAX)
		return refuse(d, "key length out of range");
	return 0;
}

/* A field that an edit has once. */
static int take_once(struct edit_decoder *d, bool *has, uint64_t *ret_number)
{
	if (*has)
		return refuse(d, "field repeated");
	*has = true;
	return take_number(d, ret_number);
}

static int take_next_file(struct edit_decoder *d)
{
	int err = take_once(d, &d->edit->has_next_file, &d->edit->next_file);

	if (!err && (d->edit->next_file == 0 || d->edit->next_file > MANIFEST_COUNT_MAX))
		return refuse(d, "file number out of range");
	return err;
}

static int take_seqno_once(struct edit_decoder *d, bool *has, uint64_t *ret_seqno)
{
	int err = take_once(d, has, ret_seqno);

	if (!err && *ret_seqno > MANIFEST_COUNT_MAX)
		return refuse(d, "seqno out of range");
	return err;
}

static int take_log_added(struct edit_decoder *d)
{
	uint64_t number = 0;
	int err = take_file_number(d, &number);

	if (err)
		return err;
	err = number_list_insert(&d->edit->logs_added, number);
	return err == -EEXIST ? refuse(d, "log added twice") : err;
}

static int check_table(struct edit_decoder *d, const struct table_file *f)
{
	if (f->entries == 0 || f->tombstones > f->entries)
		return refuse(d, "entry counts out of range");
	if (f->size_bytes <= SST_FOOTER_SIZE || f->size_bytes > INT64_MAX / TREE_LEVELS)
		return refuse(d, "table size out of range");
	if (f->smallest_seqno > f->largest_seqno || f->largest_seqno > RECORD_SEQNO_MAX)
		return refuse(d, "seqno out of range");
	if (slice_cmp(f->smallest, f->largest) > 0)
		return refuse(d, "keys in wrong order");
	return 0;
}

static int take_run(struct edit_decoder *d, int level, uint64_t *ret_run)
{
	int err = take_number(d, ret_run);

	if (err)
		return err;
	if (*ret_run > FILE_NUMBER_MAX)
		return refuse(d, "run number out of range");
	if (level == 0 && *ret_run != 0)
		return refuse(d, "a run number in level 0");
	return 0;
}

static int take_table_added(struct edit_decoder *d, bool has_run)
{
	struct table_file found = {0};
	uint64_t *const numbers[] = {
		&found.id,         &found.size_bytes,     &found.entries,
		&found.tombstones, &found.smallest_seqno, &found.largest_seqno};
	struct table_file *file;
	uint64_t run = 0;
	int level = 0;
	int err = take_level(d, &level);

	if (!err && has_run)
		err = take_run(d, level, &run);
	if (!err)
		err = take_file_number(d, &found.number);
	for (size_t i = 0; !err && i < array_size(numbers); i++)
		err = take_number(d, numbers[i]);
	if (!err)
		err = take_key(d, &found.smallest);
	if (!err)
		err = take_key(d, &found.largest);
	if (!err)
		err = check_table(d, &found);
	if (!err)
		err = table_file_new(&found, &file);
	if (err)
		return err;
	err = version_edit_add_table(d->edit, level, run, file);
	if (!err && has_run)
		d->last_added = file;
	table_file_unref(file);
	return err;
}

static int take_blob(struct edit_decoder *d, struct blob_refs *refs)
{
	const uint64_t before = refs->count > 0 ? refs->refs[refs->count - 1].number : 0;
	struct blob_ref found = {0};
	int err = take_number(d, &found.number);

	if (!err)
		err = take_number(d, &found.bytes);
	if (!err)
		err = take_number(d, &found.end);
	if (err)
		return err;
	if (found.number <= before || found.number > BLOB_NUMBER_MAX)
		return refuse(d, "blob file number out of range");
	if (found.bytes > BLOB_OFFSET_MAX || found.end <= BLOB_HEADER_SIZE ||
	    found.end > BLOB_OFFSET_MAX)
		return refuse(d, "bytes of a blob file out of range");
	struct blob_ref *grown =
		array_grow(refs->refs, &refs->cap, refs->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	refs->refs = grown;
	refs->refs[refs->count++] = found;
	return 0;
}

static int take_table_blobs(struct edit_decoder *d, struct table_file *table)
{
	uint64_t number = 0, count = 0;
	int err = take_number(d, &number);

	if (!err && (!table || table->number != number))
		return refuse(d, "blobs of a table that was not just added");
	if (!err)
		err = take_number(d, &count);
	if (!err && count == 0)
		return refuse(d, "no blobs");
	/* more than there can be end with the bytes */
	for (; !err && count > 0; count--)
		err = take_blob(d, &table->blobs);
	return err;
}

static int take_table_removed(struct edit_decoder *d)
{
	uint64_t number = 0;
	int level = 0;
	int err = take_level(d, &level);

	if (!err)
		err = take_file_number(d, &number);
	return err ? err : version_edit_remove_table(d->edit, level, number);
}

static int take_cursor(struct edit_decoder *d)
{
	struct slice key = {0};
	int level = 0;
	int err = take_level(d, &level);

	if (!err)
		err = take_key(d, &key);
	if (!err && d->edit->has_cursor[level])
		return refuse(d, "field repeated");
	return err ? err : version_edit_set_cursor(d->edit, level, key);
}

static int take_separator(struct edit_decoder *d)
{
	if (d->edit->has_separator)
		return refuse(d, "field repeated");
	d->edit->has_separator = true;
	return byte_take(&d->rest, &d->edit->separator) < 0 ? refuse(d, "cut off field") : 0;
}

static int take_note(struct edit_decoder *d)
{
	struct slice note;

	if (d->edit->has_note)
		return refuse(d, "field repeated");
	if (sized_take(&d->rest, &note) < 0)
		return refuse(d, "cut off field");
	if (note.len > MANIFEST_NOTE_MAX)
		return refuse(d, "length of a note out of range");
	d->edit->has_note = true;
	return buf_set(&d->edit->note, note);
}

static int take_snapshot_name(struct edit_decoder *d, struct slice *ret_name)
{
	if (sized_take(&d->rest, ret_name) < 0)
		return refuse(d, "cut off name of a snapshot");
	if (!snapshot_name_is_valid(*ret_name))
		return refuse(d, "length of a snapshot's name out of range");
	return 0;
}

static int note_snapshot(struct edit_decoder *d, struct snapshot_list *list,
			 const struct named_snapshot *s)
{
	int err = list->count < SNAPSHOT_NAMES_MAX ? snapshot_list_insert(list, s) : -EMLINK;

	if (err == -EEXIST)
		return refuse(d, "a snapshot's name repeated");
	return err == -EMLINK ? refuse(d, "too many snapshots") : err;
}

static int take_snapshot_named(struct edit_decoder *d)
{
	struct slice name = {0};
	uint64_t seqno = 0, time_ns = 0;
	int err = take_snapshot_name(d, &name);

	if (!err)
		err = take_number(d, &seqno);
	if (!err && seqno > MANIFEST_COUNT_MAX)
		return refuse(d, "seqno out of range");
	if (!err)
		err = take_number(d, &time_ns);
	if (err)
		return err;
	struct named_snapshot s = named_snapshot_of(name, seqno);

	s.time_ns = time_ns;
	return note_snapshot(d, &d->edit->snapshots_named, &s);
}

static int take_snapshot_dropped(struct edit_decoder *d)
{
	struct slice name = {0};
	int err = take_snapshot_name(d, &name);

	if (err)
		return err;
	const struct named_snapshot s = named_snapshot_of(name, 0);

	return note_snapshot(d, &d->edit->snapshots_dropped, &s);
}

static int take_field(struct edit_decoder *d)
{
	struct table_file *last_added = d->last_added;
	uint8_t id = 0;

	d->last_added = NULL;
	if (byte_take(&d->rest, &id) < 0)
		return refuse(d, "cut off field");
	switch (id) {
	case FIELD_NEXT_FILE:
		return take_next_file(d);
	case FIELD_FLUSHED_SEQNO:
		return take_seqno_once(d, &d->edit->has_flushed_seqno, &d->edit->flushed_seqno);
	case FIELD_DURABLE_SEQNO:
		return take_seqno_once(d, &d->edit->has_durable_seqno, &d->edit->durable_seqno);
	case FIELD_LOG_ADDED:
		return take_log_added(d);
	case FIELD_LOGS_DROPPED:
		return take_once(d, &d->edit->has_logs_dropped, &d->edit->logs_dropped);
	case FIELD_TABLE_ADDED:
		return take_table_added(d, false);
	case FIELD_RUN_TABLE_ADDED:
		return take_table_added(d, true);
	case FIELD_TABLE_BLOBS:
		return take_table_blobs(d, last_added);
	case FIELD_TABLE_REMOVED:
		return take_table_removed(d);
	case FIELD_CURSOR:
		return take_cursor(d);
	case FIELD_SEPARATOR:
		return take_separator(d);
	case FIELD_NOTE:
		return take_note(d);
	case FIELD_SNAPSHOT_NAMED:
		return take_snapshot_named(d);
	case FIELD_SNAPSHOT_DROPPED:
		return take_snapshot_dropped(d);
	default:
		return refuse(d, "unknown field");
	}
}

int version_edit_decode(struct version_edit *e, struct slice payload, const char **ret_reason)
{
	struct edit_decoder d = {.edit = e, .rest = payload, .reason = ""};
	int err = 0;

	while (!err && d.rest.len > 0)
		err = take_field(&d);
	if (err)
		*ret_reason = d.reason;
	return err;
}
