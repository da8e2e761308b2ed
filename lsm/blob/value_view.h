/*
 * A value to be read: its base, and the patches over it. Made from records by whoever has them
 * (lsm/db/value.h, lsm/tree/flush.c); read here.
 *
 * Thread rule: reads from any thread.
 */
#pragma once

#include "lsm/blob/blob_store.h"
#include "lsm/blob/value_map.h"

struct value_view {
	uint64_t size;
	/* The base; borrowed. Bytes (of a PUT) or extents (of a LARGE), the other empty. */
	struct slice bytes;
	struct slice extents;
	const struct value_map *map; /* borrowed; NULL: no patches */
};

/*
 * The stretch of the value that begins at offset, which lies below size; it is of one kind, ends at
 * `to` at the latest, and is at least 1 long. -EUCLEAN: the base's extents make no sense.
 */
must_check int value_view_at(const struct value_view *v, uint64_t offset, uint64_t to,
			     struct segment *ret_segment);

/*
 * Where the first stretch that is zeros (hole) or is not begins, at offset or behind it; the
 * value's end counts as a hole. Without I/O. -ENXIO: offset is at the end or behind it, or all that
 * follows is zeros. -EUCLEAN.
 */
must_check int value_view_seek(const struct value_view *v, uint64_t offset, bool hole,
			       uint64_t *ret_offset);

/* What is wanted of a value, and where to. */
struct value_range {
	uint64_t offset;
	void *into;
	size_t len;
};

/*
 * Read a range, as far as the value goes; *ret_len is shorter at its end. -EBADMSG, -EUCLEAN, the
 * env's errors, with sentences.
 */
must_check int value_view_read(const struct value_view *v, struct blob_store *blobs,
			       const struct value_range *range, size_t *ret_len);

/*
 * The two halves of it, for one whose view changes: first all but the chunks, whose extents are
 * appended to *ret_chunks, without I/O; then those, when the view is needed no more.
 */
must_check int value_view_plan(const struct value_view *v, const struct value_range *range,
			       struct buf *ret_chunks, size_t *ret_len);
must_check int value_chunks_read(struct blob_store *blobs, struct slice chunks,
				 const struct value_range *range);

/* Append the extents of the chunks that a part of the value lies in, as far as it goes, without
 * I/O: for hints. -ENOMEM, -EUCLEAN. */
must_check int value_view_chunks(const struct value_view *v, uint64_t offset, uint64_t len,
				 struct buf *ret_chunks);
/* Hint that these chunks are wanted soon. */
void value_chunks_read_ahead(struct blob_store *blobs, struct slice chunks);
