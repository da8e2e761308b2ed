/*
 * A reference count.
 *
 * Gaining a reference needs no ordering (the caller already has one). Dropping one releases the
 * dropper's writes, and the thread that drops the last acquires them all before it frees.
 */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ref {
	_Atomic uint32_t count;
};

static inline void ref_init(struct ref *r)
{
	atomic_init(&r->count, 1);
}

static inline void ref_get(struct ref *r)
{
	uint32_t before = atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);

	assert(before > 0 && before < UINT32_MAX / 2);
}

/* True when that was the last reference: the caller frees the object. */
static inline bool ref_put(struct ref *r)
{
	uint32_t before = atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel);

	assert(before > 0);
	return before == 1;
}
