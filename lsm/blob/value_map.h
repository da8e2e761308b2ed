/*
 * What a row of patches makes of a value: an ordered map from offsets to what stands there, over a
 * base that shows through where nothing has been written.
 *
 *	base     bytes of a PUT, extents of a LARGE, or nothing     |..............|
 *	map      bytes, zeros or chunks, apart from each other        |==|   |===|    |=|
 *	size     where the value ends                                                     ^
 *	shows    the base counts only below this: it was cut there once        ^
 *
 * Patches are applied oldest first. The map borrows the bytes that it points to.
 *
 * Two levels of sorted arrays: an insertion moves a few hundred segments at most, however many
 * there are.
 *
 * Thread rule: one thread at a time; readers beside each other while nothing is applied.
 */
#pragma once

#include "lsm/blob/value_format.h"

enum segment_kind {
	SEGMENT_ZEROS,
	SEGMENT_BYTES,
	SEGMENT_CHUNK,
};

/* A stretch of a value: extent.offset and .len are its place, whatever the kind. */
struct segment {
	enum segment_kind kind;
	uint64_t offset, len;
	const uint8_t *bytes; /* SEGMENT_BYTES; borrowed */
	struct extent extent; /* SEGMENT_CHUNK: .offset and .len as above */
};

struct map_page;

struct value_map {
	uint64_t size;
	uint64_t shows;          /* of the base, only what is below */
	struct map_page **pages; /* owned; ascending */
	size_t count, cap;
	uint64_t segments; /* in all pages */
};

/* An empty map over a base of that size. */
void value_map_init(struct value_map *m, uint64_t base_size);
void value_map_done(struct value_map *m);

/* Apply the next patch. -ENOMEM, -EUCLEAN: the map is only good for value_map_done. */
must_check int value_map_apply(struct value_map *m, const struct patch *p);

/*
 * The first segment that ends behind offset, whole; false: none. So a walk goes from one's end to
 * the next.
 */
bool value_map_find(const struct value_map *m, uint64_t offset, struct segment *ret_segment);

/* Cut what lies before `from` or from `to` on off a segment. It overlaps the range. */
void segment_clip(struct segment *s, uint64_t from, uint64_t to);
