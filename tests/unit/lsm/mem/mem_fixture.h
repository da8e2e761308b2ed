/*
 * What the tests of lsm/mem share: filling a memtable.
 */
#pragma once

#include "lsm/base/rng.h"
#include "lsm/mem/memtable.h"
#include "tests/unit/unit.h"

/* Reserve for a batch and apply it, as a commit does. */
static inline void fixture_apply(struct memtable *m, const struct batch *b, uint64_t first_seqno)
{
	ck_assert_int_eq(memtable_reserve(m, b->memory_bytes, b->count), 0);
	memtable_apply(m, buf_slice(&b->rep), first_seqno, 1000 + first_seqno);
}

static inline void fixture_put(struct memtable *m, struct slice key, uint64_t seqno,
			       struct slice value)
{
	struct batch b = {0};

	ck_assert_int_eq(batch_put(&b, key, slice_str("m"), value), 0);
	fixture_apply(m, &b, seqno);
	batch_done(&b);
}
