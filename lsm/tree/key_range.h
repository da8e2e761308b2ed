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

/* The files [first, end) of a run. */
struct run_span {
	size_t first;
	size_t end;
};

/* Those that overlap [from, to]. */
struct run_span run_span_of(const struct version_run *run, struct slice from, struct slice to);

/* Those that may have keys which begin with prefix. */
struct run_span run_span_of_prefix(const struct version_run *run, struct slice prefix);

/*
 * Where key stands to the keys that begin with prefix: before them (< 0), among them, after them.
 */
static inline int prefix_cmp(struct slice key, struct slice prefix)
{
	return slice_cmp(slice_of(key.ptr, key.len < prefix.len ? key.len : prefix.len), prefix);
}

/* The bytes of the span. */
uint64_t run_span_bytes(const struct version_run *run, struct run_span span);
