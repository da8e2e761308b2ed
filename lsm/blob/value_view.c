#include "lsm/blob/value_view.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"

/* The base's stretch at offset, up to `to` at the latest. */
static int base_at(const struct value_view *v, uint64_t offset, uint64_t to, struct segment *s)
{
	*s = (struct segment){.kind = SEGMENT_ZEROS, .offset = offset, .len = to - offset};
	if (offset < v->bytes.len) {
		s->kind = SEGMENT_BYTES;
		s->bytes = v->bytes.ptr + offset;
		s->len = min_of(to, (uint64_t)v->bytes.len) - offset;
		return 0;
	}
	size_t i = extent_list_find(v->extents, offset);

	if (i == extent_list_count(v->extents))
		return 0;
	struct extent e;
	int rc = extent_list_get(v->extents, i, &e);

	if (rc)
		return rc;
	if (e.offset > offset) {
		s->len = min_of(to, e.offset) - offset;
		return 0;
	}
	if (extent_end(&e) <= offset)
		return fail(-EUCLEAN, "the extents of a value are out of order");
	*s = (struct segment){.kind = SEGMENT_CHUNK, .offset = e.offset, .len = e.len, .extent = e};
	segment_clip(s, offset, to);
	return 0;
}

int value_view_at(const struct value_view *v, uint64_t offset, uint64_t to,
		  struct segment *ret_segment)
{
	uint64_t limit = min_of(to, v->size);
	struct segment s;

	if (!v->map)
		return base_at(v, offset, limit, ret_segment);
	if (value_map_find(v->map, offset, &s)) {
		if (s.offset <= offset) {
			segment_clip(&s, offset, limit);
			*ret_segment = s;
			return 0;
		}
		limit = min_of(limit, s.offset);
	}
	if (offset < v->map->shows)
		return base_at(v, offset, min_of(limit, v->map->shows), ret_segment);
	*ret_segment =
		(struct segment){.kind = SEGMENT_ZEROS, .offset = offset, .len = limit - offset};
	return 0;
}

int value_view_seek(const struct value_view *v, uint64_t offset, bool hole, uint64_t *ret_offset)
{
	struct segment s = {0};

	if (offset >= v->size)
		return -ENXIO;
	for (uint64_t at = offset; at < v->size; at += s.len) {
		int rc = value_view_at(v, at, v->size, &s);

		if (rc)
			return rc;
		if ((s.kind == SEGMENT_ZEROS) == hole) {
			*ret_offset = at;
			return 0;
		}
	}
	if (!hole)
		return -ENXIO;
	*ret_offset = v->size;
	return 0;
}

int value_view_plan(const struct value_view *v, const struct value_range *range,
		    struct buf *ret_chunks, size_t *ret_len)
{
	uint8_t *into = range->into;
	uint64_t end = range->offset;
	struct segment s;
	int rc = 0;

	if (range->offset < v->size)
		end += min_of((uint64_t)range->len, v->size - range->offset);
	for (uint64_t at = range->offset; !rc && at < end; at += s.len) {
		rc = value_view_at(v, at, end, &s);
		if (rc)
			break;
		if (s.kind == SEGMENT_BYTES)
			memcpy(into + (at - range->offset), s.bytes, (size_t)s.len);
		else if (s.kind == SEGMENT_ZEROS)
			memset(into + (at - range->offset), 0, (size_t)s.len);
		else
			rc = extent_append(ret_chunks, &s.extent);
	}
	if (!rc)
		*ret_len = (size_t)(end - range->offset);
	return rc;
}

/* The chunk that several wanted pieces lie in, unpacked. */
struct whole_chunk {
	struct extent extent; /* .file 0: none yet */
	struct buf bytes;
};

static void whole_chunk_done(struct whole_chunk *w)
{
	buf_done(&w->bytes);
}

static int read_whole(struct blob_store *blobs, const struct extent *e, struct whole_chunk *w)
{
	if (extent_same_chunk(&w->extent, e))
		return 0;
	w->extent.file = 0;
	buf_clear(&w->bytes);
	int rc = buf_reserve(&w->bytes, e->raw_len);

	if (rc)
		return rc;
	struct extent all = *e;

	all.from = 0;
	all.len = e->raw_len;
	rc = blob_store_fetch(blobs, &all, w->bytes.ptr);
	if (!rc)
		w->extent = all;
	return rc;
}

/* A chunk of which the next piece is wanted as well is read once. */
int value_chunks_read(struct blob_store *blobs, struct slice chunks,
		      const struct value_range *range)
{
	__attribute__((cleanup(whole_chunk_done))) struct whole_chunk whole = {0};
	size_t count = extent_list_count(chunks);
	struct extent e = {0}, next = {0};
	int rc = count ? extent_list_get(chunks, 0, &next) : 0;

	for (size_t i = 0; !rc && i < count; i++) {
		uint8_t *into = (uint8_t *)range->into + (next.offset - range->offset);

		e = next;
		if (i + 1 < count)
			rc = extent_list_get(chunks, i + 1, &next);
		else
			next.file = 0;
		if (!rc && !extent_same_chunk(&e, &next) && !extent_same_chunk(&e, &whole.extent)) {
			rc = blob_store_fetch(blobs, &e, into);
			continue;
		}
		if (!rc)
			rc = read_whole(blobs, &e, &whole);
		if (!rc)
			memcpy(into, whole.bytes.ptr + e.from, e.len);
	}
	return rc;
}

int value_view_read(const struct value_view *v, struct blob_store *blobs,
		    const struct value_range *range, size_t *ret_len)
{
	cleanup_buf struct buf chunks = {0};
	size_t len = 0;
	int rc = value_view_plan(v, range, &chunks, &len);

	if (!rc)
		rc = value_chunks_read(blobs, buf_slice(&chunks), range);
	if (!rc)
		*ret_len = len;
	return rc;
}

int value_view_chunks(const struct value_view *v, uint64_t offset, uint64_t len,
		      struct buf *ret_chunks)
{
	uint64_t end = offset < v->size ? offset + min_of(len, v->size - offset) : offset;
	struct segment s = {0};
	int rc = 0;

	for (uint64_t at = offset; !rc && at < end; at += s.len) {
		rc = value_view_at(v, at, end, &s);
		if (!rc && s.kind == SEGMENT_CHUNK)
			rc = extent_append(ret_chunks, &s.extent);
	}
	return rc;
}

/* Chunks that lie one behind the other, as they do in a value written in one go, are one hint. */
void value_chunks_read_ahead(struct blob_store *blobs, struct slice chunks)
{
	struct extent run = {0}, e;

	for (size_t i = 0; i < extent_list_count(chunks); i++) {
		if (extent_list_get(chunks, i, &e))
			return; /* the read says what is wrong */
		if (run.file == e.file && run.at + run.stored_len == e.at &&
		    run.stored_len <= UINT32_MAX - e.stored_len) {
			run.stored_len += e.stored_len;
			continue;
		}
		if (run.file)
			blob_store_read_ahead(blobs, &run);
		run = e;
	}
	if (run.file)
		blob_store_read_ahead(blobs, &run);
}
