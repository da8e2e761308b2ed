/*
 * The merge of several iterators into one, in record order, both ways. No two sources hold the same
 * (key, seqno); or they do, and the merge goes forward only: then these come one after the other.
 */
#pragma once

#include "lsm/mem/iter.h"

/*
 * Takes over the sources (also when it fails: they are freed). The array itself is copied. -ENOMEM.
 */
must_check int merge_iter_new(struct iter *const *sources, size_t count, struct iter **ret_iter);
