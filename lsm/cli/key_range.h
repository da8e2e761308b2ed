/*
 * A walk over a range of keys, in either direction.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/slice.h"
#include "lsm/lsm.h"

struct key_range {
	struct slice prefix; /* only keys that begin with it; empty: all */
	struct slice from;   /* not before it; empty: no start */
	struct slice to;     /* before it; empty: no end */
	struct slice behind; /* only those the walk comes to after it; empty: all */
	bool reverse;
};

/*
 * Call visit for each record, `it` standing on it, until one call answers non-zero; that is then
 * the answer. Else 0 or the iterator's error.
 */
must_check int key_range_walk(struct lsm *db, const struct key_range *range,
			      int (*visit)(struct lsm_iter *it, void *arg), void *arg);
