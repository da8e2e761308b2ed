/*
 * One iterator over tables whose key ranges follow each other: a run, or a part of one. A table is
 * opened when the iterator comes to it, and one is open at a time.
 */
#pragma once

#include "lsm/mem/iter.h"
#include "lsm/tree/table_cache.h"

struct level_iter_source {
	struct table_cache *tables; /* borrowed */
	struct version *version; /* the iterator takes a reference of its own: it keeps the files */
	struct table_file **files; /* borrowed while the version lives; in key order */
	size_t count;
	enum table_access access;
};

/* -ENOMEM. */
must_check int level_iter_new(const struct level_iter_source *source, struct iter **ret_iter);
