#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "lsm/tree/manifest_bytes.h"

/*
 * Bytes that the search for an edit behind a bad one may checksum; past it the file counts as
 * damaged.
 */
#define TAIL_SEARCH_MAX (UINT64_C(256) << 20)

void manifest_state_done(struct manifest_state *s)
{
	number_list_done(&s->logs);
	snapshot_list_done(&s->snapshots);
	buf_done(&s->note);
	version_builder_done(&s->tables);
	for (int level = 0; level < TREE_LEVELS; level++)
		buf_done(&s->cursors[level]);
	*s = (struct manifest_state){0};
}

static int check_header(const char *name, struct slice content, uint64_t *ret_store_id)
{
	uint8_t expected[MANIFEST_HEADER_SIZE];

	if (content.len < MANIFEST_HEADER_SIZE)
		return fail(-EUCLEAN, "%s: offset %zu: the file ends, too short for a manifest",
			    name, content.len);
	if (fixed64_get(content.ptr) != MANIFEST_MAGIC)
		return fail(-EUCLEAN, "%s: offset 0: not a manifest", name);
	if (fixed32_get(content.ptr + 28) != crc32c(0, content.ptr, 28))
		return fail(-EBADMSG, "%s: offset 0: checksum of the header does not match", name);
	if (fixed32_get(content.ptr + 8) != MANIFEST_VERSION)
		return fail(-EUCLEAN, "%s: offset 8: version %" PRIu32 " is not known", name,
			    fixed32_get(content.ptr + 8));
	/*
	 * What is left is the reserved words: a header that we would not have written is refused.
	 */
	manifest_header_encode(fixed64_get(content.ptr + 16), expected);
	if (memcmp(expected, content.ptr, sizeof(expected)) != 0)
		return fail(-EUCLEAN, "%s: offset 12: reserved bytes are not zero", name);
	*ret_store_id = fixed64_get(content.ptr + 16);
	return 0;
}

/* The payload of the edit at `offset`, if there is a whole one with a length that can be. */
static bool frame_at(struct slice content, uint64_t offset, struct slice *ret_payload)
{
	if (offset + MANIFEST_EDIT_HEADER_SIZE > content.len)
		return false;
	struct slice rest = slice_skip(content, offset + MANIFEST_EDIT_HEADER_SIZE);
	uint32_t len = fixed32_get(rest.ptr - 4);
	if (len == 0 || len > MANIFEST_EDIT_MAX || len > rest.len)
		return false;
	*ret_payload = slice_of(rest.ptr, len);
	return true;
}

static bool is_intact(struct slice content, uint64_t store_id, uint64_t offset,
		      struct slice payload)
{
	return fixed32_get(content.ptr + offset) == manifest_edit_crc(store_id, offset, payload);
}

/* Where the zeros begin that end the file, which are space taken ahead; up to seven are missed. */
static uint64_t end_of_bytes(struct slice content)
{
	uint64_t end = content.len;

	while (end >= 8 && fixed64_get(content.ptr + end - 8) == 0)
		end -= 8;
	return end;
}

/*
 * The edit at `offset` is bad. If anything valid follows at any byte (the bad one's length may be
 * what is bad), it was not the last and no crash did this.
 */
static bool edit_follows(struct slice content, uint64_t store_id, uint64_t offset)
{
	/* among zeros no edit has a length */
	uint64_t end = end_of_bytes(content);
	uint64_t searched = 0;

	for (uint64_t at = offset + 1; at + MANIFEST_EDIT_HEADER_SIZE - 4 < end; at++) {
		struct slice payload;

		/* eight zeros: neither here nor at the next four places is there a length */
		if (at + 12 <= end && fixed64_get(content.ptr + at + 4) == 0) {
			at += 4;
			continue;
		}
		if (!frame_at(content, at, &payload))
			continue;
		searched += payload.len;
		if (searched > TAIL_SEARCH_MAX || is_intact(content, store_id, at, payload))
			return true;
	}
	return false;
}

static int apply_logs(struct manifest_state *s, const struct version_edit *e)
{
	if (e->has_logs_dropped)
		number_list_drop_below(&s->logs, e->logs_dropped);
	for (size_t i = 0; i < e->logs_added.count; i++) {
		int err = number_list_insert(&s->logs, e->logs_added.numbers[i]);

		if (err)
			return err;
	}
	return 0;
}

static int apply_numbers(struct manifest_state *s, const struct version_edit *e,
			 const char **ret_reason)
{
	*ret_reason = "a number goes backwards";
	if ((e->has_next_file && e->next_file < s->next_file) ||
	    (e->has_flushed_seqno && e->flushed_seqno < s->flushed_seqno) ||
	    (e->has_durable_seqno && e->durable_seqno < s->durable_seqno))
		return -EUCLEAN;
	if (e->has_next_file)
		s->next_file = e->next_file;
	if (e->has_flushed_seqno)
		s->flushed_seqno = e->flushed_seqno;
	if (e->has_durable_seqno)
		s->durable_seqno = e->durable_seqno;
	if (e->has_separator) {
		s->has_separator = true;
		s->separator = e->separator;
	}
	if (e->has_note) {
		int err = buf_set(&s->note, buf_slice(&e->note));

		if (err)
			return err;
		s->has_note = true;
	}
	for (int level = 0; level < TREE_LEVELS; level++) {
		int err = e->has_cursor[level]
				  ? buf_set(&s->cursors[level], buf_slice(&e->cursors[level]))
				  : 0;
		if (err)
			return err;
	}
	*ret_reason = "a log is added twice";
	int err = apply_logs(s, e);
	return err == -EEXIST ? -EUCLEAN : err;
}

static int apply_snapshots(struct manifest_state *s, const struct version_edit *e,
			   const char **ret_reason)
{
	for (size_t i = 0; i < e->snapshots_dropped.count; i++) {
		struct slice name = named_snapshot_name(&e->snapshots_dropped.items[i]);

		*ret_reason = "a snapshot is dropped that is not there";
		if (!snapshot_list_remove(&s->snapshots, name))
			return -EUCLEAN;
	}
	for (size_t i = 0; i < e->snapshots_named.count; i++) {
		int err = snapshot_list_insert(&s->snapshots, &e->snapshots_named.items[i]);

		*ret_reason = "a snapshot is named twice";
		if (err)
			return err == -EEXIST ? -EUCLEAN : err;
	}
	*ret_reason = "too many snapshots";
	return s->snapshots.count > SNAPSHOT_NAMES_MAX ? -EUCLEAN : 0;
}

static int apply_payload(struct manifest_state *s, struct slice payload, const char **ret_reason)
{
	cleanup_edit struct version_edit edit = {0};
	int err = version_edit_decode(&edit, payload, ret_reason);

	if (err)
		return err;
	if (s->edits == 0 && !(edit.has_next_file && edit.has_flushed_seqno)) {
		*ret_reason = "the first edit is not a whole state";
		return -EUCLEAN;
	}
	err = apply_numbers(s, &edit, ret_reason);
	if (!err)
		err = apply_snapshots(s, &edit, ret_reason);
	return err ? err : version_builder_apply(&s->tables, &edit, ret_reason);
}

/* Its own, its run's, and that of the last blob file that it names. */
static uint64_t highest_number(const struct builder_file *table)
{
	const struct blob_refs *blobs = &table->file->blobs;
	uint64_t highest = max_of(table->file->number, table->run);

	return blobs->count ? max_of(highest, blobs->refs[blobs->count - 1].number) : highest;
}

/* Every number in use must lie below the next one, or it would be given away a second time. */
static int check_numbers(const char *name, const struct manifest_state *s)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < s->tables.count; i++)
		highest = max_of(highest, highest_number(&s->tables.files[i]));
	if (s->logs.count > 0)
		highest = max_of(highest, s->logs.numbers[s->logs.count - 1]);
	if (highest >= s->next_file)
		return fail(-EUCLEAN, "%s: file %" PRIu64 " is not below the next file's number",
			    name, highest);
	return 0;
}

/* What a snapshot shows was on the disk before it was named. */
static int check_snapshots(const char *name, const struct manifest_state *s)
{
	uint64_t newest = snapshot_list_newest_seqno(&s->snapshots);

	if (newest > max_of(s->flushed_seqno, s->durable_seqno))
		return fail(-EUCLEAN,
			    "%s: a snapshot of seqno %" PRIu64 " that was not yet on the disk",
			    name, newest);
	return 0;
}

/* Not all zeros, which are space taken ahead. */
static bool bytes_are_set(struct slice bytes)
{
	return bytes.len > 0 &&
	       (bytes.ptr[0] != 0 || memcmp(bytes.ptr, bytes.ptr + 1, bytes.len - 1) != 0);
}

/* The edit at s->valid_bytes is not whole: a crash's torn end, or damage. */
static int judge_tail(const char *name, struct slice content, struct manifest_state *s)
{
	unsigned long long offset = s->valid_bytes;

	s->torn = bytes_are_set(slice_skip(content, s->valid_bytes));
	if (s->edits == 0)
		return fail(-EBADMSG, "%s: offset %llu: the first edit is damaged", name, offset);
	if (edit_follows(content, s->store_id, s->valid_bytes))
		return fail(-EBADMSG, "%s: offset %llu: a damaged edit that is not the last", name,
			    offset);
	return 0;
}

int manifest_replay(const char *name, struct slice content, struct manifest_state *ret_state)
{
	struct manifest_state *s = ret_state;
	struct slice payload;

	*s = (struct manifest_state){0};
	int err = check_header(name, content, &s->store_id);
	if (err)
		return err;
	s->valid_bytes = MANIFEST_HEADER_SIZE;
	while (frame_at(content, s->valid_bytes, &payload) &&
	       is_intact(content, s->store_id, s->valid_bytes, payload)) {
		const char *reason = "";

		err = apply_payload(s, payload, &reason);
		if (err == -EUCLEAN)
			return fail(err, "%s: offset %" PRIu64 ": %s", name, s->valid_bytes,
				    reason);
		if (err)
			return err;
		s->edits++;
		s->valid_bytes += MANIFEST_EDIT_HEADER_SIZE + payload.len;
	}
	if (s->valid_bytes < content.len || s->edits == 0)
		err = judge_tail(name, content, s);
	if (!err)
		err = check_numbers(name, s);
	return err ? err : check_snapshots(name, s);
}

int manifest_read(struct env_dir *dir, uint64_t number, struct manifest_state *ret_state)
{
	cleanup_free uint8_t *bytes = NULL;
	char name[ENV_NAME_MAX + 1];
	size_t len = 0;

	file_name_make(FILE_MANIFEST, number, name);
	int err = env_dir_read_small(dir, name, MANIFEST_FILE_MAX, &bytes, &len);
	if (err == -ENOENT)
		return fail(-EUCLEAN, "CURRENT: names %s, which is missing", name);
	if (err)
		return err;
	return manifest_replay(name, slice_of(bytes, len), ret_state);
}
