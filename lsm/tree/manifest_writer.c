#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "lsm/tree/manifest_bytes.h"

enum {
	RESERVE_STEP_BYTES = 16 << 10, /* dozens of edits */
};

uint32_t manifest_edit_crc(uint64_t store_id, uint64_t offset, struct slice payload)
{
	uint8_t place[20];

	fixed64_put(place, store_id);
	fixed64_put(place + 8, offset);
	fixed32_put(place + 16, (uint32_t)payload.len);
	return crc32c(crc32c(0, place, sizeof(place)), payload.ptr, payload.len);
}

void manifest_header_encode(uint64_t store_id, uint8_t ret_header[MANIFEST_HEADER_SIZE])
{
	memset(ret_header, 0, MANIFEST_HEADER_SIZE);
	fixed64_put(ret_header, MANIFEST_MAGIC);
	fixed32_put(ret_header + 8, MANIFEST_VERSION);
	fixed64_put(ret_header + 16, store_id);
	fixed32_put(ret_header + 28, crc32c(0, ret_header, 28));
}

static uint64_t edit_max(const struct manifest_writer *w)
{
	return w->edit_max ? w->edit_max : MANIFEST_EDIT_MAX;
}

static uint64_t file_max(const struct manifest_writer *w)
{
	return w->file_max ? w->file_max : MANIFEST_FILE_MAX;
}

static int check_fits(const struct manifest_writer *w, struct slice edit)
{
	if (edit.len <= edit_max(w) &&
	    w->size_bytes + MANIFEST_EDIT_HEADER_SIZE + edit.len <= file_max(w))
		return 0;
	return fail(-EFBIG,
		    "MANIFEST-%06" PRIu64 ": offset %" PRIu64 ": an edit of %zu bytes does not fit",
		    w->number, w->size_bytes, edit.len);
}

int manifest_reserve(struct manifest_writer *w, struct slice edit)
{
	uint64_t from = max_of(w->reserved_bytes, w->size_bytes);
	uint64_t end = w->size_bytes + MANIFEST_EDIT_HEADER_SIZE + edit.len;
	int err = check_fits(w, edit);

	if (err || end <= from)
		return err;
	uint64_t step =
		min_of(max_of(end - from, (uint64_t)RESERVE_STEP_BYTES), file_max(w) - from);
	err = env_file_allocate(w->file, from, step);
	if (env_is_full(err) && step > end - from) {
		/* the last step of a disk that is nearly full */
		step = end - from;
		err = env_file_allocate(w->file, from, step);
	}
	if (!err)
		w->reserved_bytes = from + step;
	return err;
}

/* Without a sync. */
static int append_frame(struct manifest_writer *w, struct slice edit)
{
	uint8_t header[MANIFEST_EDIT_HEADER_SIZE];

	assert(edit.len > 0);
	int err = check_fits(w, edit);
	if (err)
		return err;
	fixed32_put(header, manifest_edit_crc(w->store_id, w->size_bytes, edit));
	fixed32_put(header + 4, (uint32_t)edit.len);
	const struct slice parts[] = {slice_of(header, sizeof(header)), edit};
	err = env_file_append(w->file, parts, array_size(parts));
	if (!err)
		w->size_bytes += sizeof(header) + edit.len;
	return err;
}

/*
 * An append that found no room may have left a part of the edit, and with the zeros behind it that
 * may even be all of it. So the file is made durably what it was: who hears of a full disk removes
 * what the edit names.
 */
static int undo_append(struct manifest_writer *w, int error)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	int err = env_file_truncate(w->file, w->size_bytes);
	if (!err)
		err = env_file_sync(w->file);
	w->reserved_bytes = 0;
	return fail(err ? -EIO : error, "%s", why);
}

int manifest_append(struct manifest_writer *w, struct slice edit)
{
	int err = append_frame(w, edit);

	if (env_is_full(err))
		return undo_append(w, err);
	if (!err)
		err = env_file_sync(w->file);
	return env_is_full(err) ? -EIO : err; /* the sentence has the error itself */
}

void manifest_close(struct manifest_writer *w)
{
	env_file_close(w->file);
	*w = (struct manifest_writer){0};
}

static int encode_and_append(struct manifest_writer *w, const struct version_edit *edit)
{
	cleanup_buf struct buf encoded = {0};
	int err = version_edit_encode(edit, &encoded);

	return err ? err : append_frame(w, buf_slice(&encoded));
}

/* Where the tables end that go into one edit with the one at `begin`. */
static size_t part_end(const struct manifest_writer *w, const struct version_edit *whole,
		       size_t begin)
{
	/* the other half is more than what else is in a state comes to */
	uint64_t left = edit_max(w) / 2;
	size_t end = begin;

	while (end < whole->added_count) {
		uint64_t bytes = version_edit_table_bytes(whole->added[end].file);

		if (bytes > left && end > begin)
			break;
		left -= min_of(bytes, left);
		end++;
	}
	return end;
}

/*
 * Without syncs. Nothing behind a state vouches for its last edit, so one that a reader does not
 * take must not look like a crash's: until it has been read, the next file number is below those in
 * use, which no reader accepts.
 */
static int append_state(struct manifest_writer *w, const struct version_edit *whole)
{
	struct version_edit part = *whole; /* owns nothing */
	size_t end = part_end(w, whole, 0);

	part.added_count = end;
	if (end < whole->added_count)
		part.next_file = MANIFEST_NEXT_FILE_LATER;
	int err = encode_and_append(w, &part);

	while (!err && end < whole->added_count) {
		size_t begin = end;

		end = part_end(w, whole, begin);
		part = (struct version_edit){
			.has_next_file = end == whole->added_count,
			.next_file = whole->next_file,
			.added = whole->added + begin,
			.added_count = end - begin,
		};
		err = encode_and_append(w, &part);
	}
	return err;
}

/* So that a job that is tried again does not write hundreds of megabytes each time, for nothing. */
static int check_state_fits(const struct manifest_writer *w, const struct version_edit *whole)
{
	uint64_t key_bytes = 0;

	for (size_t i = 0; i < whole->added_count; i++)
		key_bytes += whole->added[i].file->smallest.len + whole->added[i].file->largest.len;
	if (key_bytes <= file_max(w))
		return 0;
	return fail(-EFBIG, "MANIFEST-%06" PRIu64 ": the keys of %zu tables do not fit", w->number,
		    whole->added_count);
}

static int write_first(struct manifest_writer *w, const struct version_edit *whole)
{
	uint8_t header[MANIFEST_HEADER_SIZE];
	struct slice part = slice_of(header, sizeof(header));
	int err = check_state_fits(w, whole);

	if (err)
		return err;
	manifest_header_encode(w->store_id, header);
	err = env_file_append(w->file, &part, 1);
	if (err)
		return err;
	w->size_bytes = sizeof(header);
	err = append_state(w, whole);
	return err ? err : env_file_sync(w->file);
}

int manifest_create(struct env_dir *dir, uint64_t number, enum env_open_mode mode,
		    uint64_t store_id, const struct version_edit *whole, struct manifest_writer *w)
{
	struct manifest_writer made = *w;
	char name[ENV_NAME_MAX + 1];

	made.number = number;
	made.store_id = store_id;
	file_name_make(FILE_MANIFEST, number, name);
	int err = env_dir_open(dir, name, mode, &made.file);
	if (err)
		return err;
	err = write_first(&made, whole);
	if (err) {
		manifest_close(&made);
		ignore_result(env_dir_unlink(dir, name)); /* the next open removes it */
		return err;
	}
	*w = made;
	return 0;
}
