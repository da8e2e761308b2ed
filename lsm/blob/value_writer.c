#include "lsm/blob/value_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/helper.h"

void value_writer_done(struct value_writer *w)
{
	buf_done(&w->extents);
	blob_refs_done(&w->refs);
	buf_done(&w->room);
}

/* The last extent of the list grows by e, if that is what follows it in the chunk and the value. */
static bool extend_last(struct value_writer *w, const struct extent *e)
{
	size_t count = extent_list_count(buf_slice(&w->extents));
	struct extent last;

	if (count == 0 || extent_list_get(buf_slice(&w->extents), count - 1, &last))
		return false;
	if (!extent_same_chunk(&last, e) || extent_end(&last) != e->offset ||
	    last.from + last.len != e->from)
		return false;
	last.len += e->len;
	w->extents.len -= BLOB_EXTENT_SIZE;
	return extent_append(&w->extents, &last) == 0; /* there is room for it */
}

static int add_extent(struct value_writer *w, const struct extent *e)
{
	int rc = blob_refs_note(&w->refs, e);

	if (rc || extend_last(w, e))
		return rc;
	return extent_append(&w->extents, e);
}

/* One chunk. */
static int write_chunk(struct value_writer *w, uint64_t offset, struct slice bytes)
{
	struct blob_file *file;
	struct extent e;
	const struct blob_write write = {.lane = w->lane, .raw = bytes, .as_it_is = w->untried > 0};
	int rc = blob_store_write(w->blobs, &write, &e, &file);

	if (rc)
		return rc;
	if (w->untried > 0)
		w->untried--;
	else if (e.stored_len == e.raw_len)
		w->untried = VALUE_UNTRIED;
	e.offset = offset;
	rc = add_extent(w, &e);
	if (rc) {
		blob_file_unref(file);
		return rc;
	}
	struct blob_ref *ref = blob_refs_find(&w->refs, e.file);

	if (ref->file)
		blob_file_unref(file);
	else
		ref->file = file;
	return 0;
}

/* To the end of the window that offset lies in: chunks begin and end at multiples of their size, if
 * they can. */
static uint64_t window_rest(const struct value_writer *w, uint64_t offset)
{
	uint64_t size = blob_store_options(w->blobs)->chunk_bytes;

	return size - offset % size;
}

static int write_bytes(struct value_writer *w, uint64_t offset, struct slice bytes)
{
	int rc = 0;

	while (!rc && bytes.len > 0) {
		size_t piece = (size_t)min_of(window_rest(w, offset), (uint64_t)bytes.len);

		rc = write_chunk(w, offset, slice_of(bytes.ptr, piece));
		bytes = slice_skip(bytes, piece);
		offset += piece;
	}
	return rc;
}

/* The second half of some bytes, for another thread and another file. */
struct second_half {
	struct value_writer writer;
	uint64_t offset;
	struct slice bytes;
	int rc;
	char why[ERROR_TEXT_MAX]; /* rc's sentence, which is the thread's own */
};

static void second_half_run(void *arg)
{
	struct second_half *half = arg;

	fail_clear();
	half->rc = write_bytes(&half->writer, half->offset, half->bytes);
	(void)snprintf(half->why, sizeof(half->why), "%s", half->rc ? fail_text() : "");
}

/* Behind what w has; after an error some of it. */
static int take_over(struct value_writer *w, struct second_half *half)
{
	if (half->rc)
		return half->why[0] ? fail(half->rc, "%s", half->why) : half->rc;
	int rc = buf_append_slice(&w->extents, buf_slice(&half->writer.extents));

	return rc ? rc : blob_refs_merge(&w->refs, &half->writer.refs);
}

/* They are longer than two chunks, so that each half has one. */
static int write_halves(struct value_writer *w, uint64_t offset, struct slice bytes)
{
	uint64_t middle = offset + bytes.len / 2;
	size_t first =
		(size_t)(middle - middle % blob_store_options(w->blobs)->chunk_bytes - offset);
	struct second_half half = {
		.writer = {.blobs = w->blobs, .lane = w->lane + 1},
		.offset = offset + first,
		.bytes = slice_skip(bytes, first),
	};
	struct helper_task task = {.run = second_half_run, .arg = &half};
	struct helper *helper = blob_store_helper(w->blobs);

	helper_offer(helper, &task);
	int rc = write_bytes(w, offset, slice_of(bytes.ptr, first));

	if (rc) {
		helper_cancel(helper, &task);
	} else {
		helper_finish(helper, &task);
		rc = take_over(w, &half);
	}
	value_writer_done(&half.writer);
	return rc;
}

int value_writer_bytes(struct value_writer *w, uint64_t offset, struct slice bytes)
{
	bool shared = blob_store_helper(w->blobs) && bytes.len >= VALUE_SHARE_MIN &&
		      bytes.len > 2 * (size_t)blob_store_options(w->blobs)->chunk_bytes;

	return shared ? write_halves(w, offset, bytes) : write_bytes(w, offset, bytes);
}

/* A part of a view that is being taken over. */
struct taking {
	const struct value_view *view;
	uint64_t from, to; /* in the view, within one window of the target */
	uint64_t shift;    /* what is added to be in the target; modulo 2^64 */
};

/* How many extents it comes to: bytes side by side are one. */
static int count_pieces(const struct taking *t, unsigned *ret_count)
{
	bool in_bytes = false;
	unsigned count = 0;
	struct segment s;

	for (uint64_t at = t->from; at < t->to; at += s.len) {
		int rc = value_view_at(t->view, at, t->to, &s);

		if (rc)
			return rc;
		count += s.kind == SEGMENT_CHUNK || (s.kind == SEGMENT_BYTES && !in_bytes);
		in_bytes = s.kind == SEGMENT_BYTES;
	}
	*ret_count = count;
	return 0;
}

/* All of it into `room`. */
static int read_window(struct value_writer *w, const struct taking *t)
{
	buf_clear(&w->room);
	int rc = buf_reserve(&w->room, (size_t)(t->to - t->from));
	const struct value_range range = {
		.offset = t->from, .into = w->room.ptr, .len = (size_t)(t->to - t->from)};

	return rc ? rc : value_view_read(t->view, w->blobs, &range, &w->room.len);
}

/* The bytes gathered in `room`, which end at `end` of the target, become a chunk. */
static int flush_bytes(struct value_writer *w, uint64_t end)
{
	struct slice bytes = buf_slice(&w->room);
	int rc = bytes.len ? write_chunk(w, end - bytes.len, bytes) : 0;

	buf_clear(&w->room);
	return rc;
}

static int take_pieces(struct value_writer *w, const struct taking *t)
{
	struct segment s = {0};
	int rc = 0;

	buf_clear(&w->room);
	for (uint64_t at = t->from; !rc && at < t->to; at += s.len) {
		rc = value_view_at(t->view, at, t->to, &s);
		if (!rc && s.kind == SEGMENT_BYTES) {
			rc = buf_append(&w->room, s.bytes, (size_t)s.len);
			continue;
		}
		if (!rc)
			rc = flush_bytes(w, at + t->shift);
		if (!rc && s.kind == SEGMENT_CHUNK) {
			s.extent.offset += t->shift;
			rc = add_extent(w, &s.extent);
		}
	}
	return rc ? rc : flush_bytes(w, t->to + t->shift);
}

/* What cannot be read is no reason to fail here: named again, it stays for who reads it to be told.
 */
static int take_window(struct value_writer *w, const struct taking *t)
{
	unsigned pieces = 0;
	int rc = count_pieces(t, &pieces);

	if (rc)
		return rc;
	rc = pieces > VALUE_WINDOW_EXTENTS && !w->frugal ? read_window(w, t) : -ENODATA;
	if (rc == -ENOMEM)
		return rc;
	return rc ? take_pieces(w, t) : write_chunk(w, t->from + t->shift, buf_slice(&w->room));
}

int value_writer_view(struct value_writer *w, const struct value_view *v, uint64_t from,
		      uint64_t to, uint64_t offset)
{
	struct taking t = {.view = v, .from = from, .shift = offset - from};
	int rc = 0;

	for (; !rc && t.from < to; t.from = t.to) {
		struct segment s;

		rc = value_view_at(v, t.from, to, &s);
		if (rc)
			break;
		t.to = t.from + s.len;
		/* nothing is written of zeros, and they may go on for millions of windows */
		if (s.kind == SEGMENT_ZEROS)
			continue;
		t.to = t.from + min_of(to - t.from, window_rest(w, t.from + t.shift));
		rc = take_window(w, &t);
	}
	return rc;
}

/* The part of a chunk that is still wanted, into another file. */
static int move_extent(struct value_writer *w, const struct extent *e)
{
	buf_clear(&w->room);
	int rc = buf_reserve(&w->room, e->len);

	if (!rc)
		rc = blob_store_read(w->blobs, e, w->room.ptr);
	return rc ? rc : value_writer_bytes(w, e->offset, slice_of(w->room.ptr, e->len));
}

int value_writer_move(struct value_writer *w, struct slice extents,
		      bool (*is_leaving)(void *arg, uint64_t file), void *arg, uint64_t *ret_moved)
{
	uint64_t moved = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < extent_list_count(extents); i++) {
		struct extent e;

		rc = extent_list_get(extents, i, &e);
		if (rc)
			break;
		if (!is_leaving(arg, e.file)) {
			rc = add_extent(w, &e);
			continue;
		}
		rc = move_extent(w, &e);
		moved += e.len;
	}
	if (!rc)
		*ret_moved = moved;
	return rc;
}
