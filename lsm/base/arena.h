/*
 * A bump allocator: many small objects, freed all at once.
 *
 * Thread rule: one thread allocates at a time; the counters may be read by any thread.
 */
#pragma once

#include <stdatomic.h>

#include "lsm/base/compiler.h"
#include "lsm/base/mutex.h"
#include "lsm/base/slice.h"

struct arena_chunk;

/*
 * Chunks that ended arenas leave to later ones: fresh pages cost 2 to 13 us per 4 KiB. Any thread;
 * it outlives its arenas.
 */
struct arena_pool {
	struct mutex mu;            /* RANK_ARENA_POOL */
	struct arena_chunk *chunks; /* owned; guarded by mu */
	size_t bytes;               /* guarded by mu */
	size_t max_bytes;           /* immutable */
	_Atomic uint64_t reused;    /* chunks handed on; relaxed */
};

void arena_pool_init(struct arena_pool *p, size_t max_bytes);
void arena_pool_done(struct arena_pool *p);

struct arena {
	struct arena_pool *pool;    /* borrowed; NULL: none */
	struct arena_chunk *chunks; /* owned; newest first */
	uint8_t *cursor;
	uint8_t *limit;
	_Atomic size_t used;      /* bytes handed out, alignment included */
	_Atomic size_t footprint; /* bytes taken from the system */
};

enum {
	ARENA_ALIGN = 8,
};

/* pool: NULL, or where its chunks come from and go to (borrowed). */
void arena_init(struct arena *a, struct arena_pool *pool);
void arena_done(struct arena *a);

/*
 * Make sure that allocations of together `bytes` (each rounded up to ARENA_ALIGN by the caller's
 * sum) cannot fail until the next reserve. -ENOMEM changes nothing.
 */
must_check int arena_reserve(struct arena *a, size_t bytes);

/* len bytes, aligned to ARENA_ALIGN, from reserved room: never NULL. */
void *arena_alloc(struct arena *a, size_t len);

static inline size_t arena_round_up(size_t len)
{
	return (len + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

static inline size_t arena_used(const struct arena *a)
{
	return atomic_load_explicit(&a->used, memory_order_relaxed);
}
