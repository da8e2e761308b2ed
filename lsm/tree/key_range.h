/*
 * Which tables have keys in a range. User keys are never empty, so an empty upper bound means "no
 * end".
 */
#pragma once

#include "lsm/tree/version.h"

static inline bool file_overlaps(const struct table_file *f, struct slice from, struct slice to)
{
	return slice_cmp(f->largest, from) >= 0 && (to.len == 0 || slice_cmp(f->smallest, to) <= 0);
}

/* The files [first, end) of a level. */
struct level_span {
	size_t first;
	size_t end;
};

/* Those of a sorted level (>= 1) that overlap [from, to]. */
struct level_span level_span_of(const struct version_level *level, struct slice from,
				struct slice to);

/* Those of a sorted level that may have keys which begin with prefix. */
struct level_span level_span_of_prefix(const struct version_level *level, struct slice prefix);

/*
 * Where key stands to the keys that begin with prefix: before them (< 0), among them, after them.
 */
static inline int prefix_cmp(struct slice key, struct slice prefix)
{
	return slice_cmp(slice_of(key.ptr, key.len < prefix.len ? key.len : prefix.len), prefix);
}

/* The bytes of the span. */
uint64_t level_span_bytes(const struct version_level *level, struct level_span span);
