#include "lsm/base/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/*
 * Below malloc's threshold for mmap (128 KiB and up in glibc), so that the pages of a freed arena
 * are used again by the next one: a fresh page costs a fault and its clearing.
 */
enum {
	CHUNK_SIZE = 64 * 1024,
};

struct arena_chunk {
	struct arena_chunk *next; /* owned; older */
	size_t size;              /* with this header */
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

void arena_pool_init(struct arena_pool *p, size_t max_bytes)
{
	mutex_init(&p->mu, RANK_ARENA_POOL);
	p->chunks = NULL;
	p->bytes = 0;
	p->max_bytes = max_bytes;
	atomic_init(&p->reused, 0);
}

static void free_chunks(struct arena_chunk *chunks)
{
	while (chunks) {
		struct arena_chunk *next = chunks->next;

		free(chunks);
		chunks = next;
	}
}

void arena_pool_done(struct arena_pool *p)
{
	free_chunks(p->chunks);
	mutex_done(&p->mu);
}

/* One of CHUNK_SIZE; NULL: there is none. */
static struct arena_chunk *pool_take(struct arena_pool *p)
{
	mutex_guard(&p->mu);
	struct arena_chunk *chunk = p->chunks;

	if (!chunk)
		return NULL;
	p->chunks = chunk->next;
	p->bytes -= CHUNK_SIZE;
	atomic_fetch_add_explicit(&p->reused, 1, memory_order_relaxed);
	return chunk;
}

/* Take over those of CHUNK_SIZE, as far as there is room; the others are left in the list. */
static void pool_give(struct arena_pool *p, struct arena_chunk **chunks)
{
	mutex_guard(&p->mu);

	for (struct arena_chunk **at = chunks; *at;) {
		struct arena_chunk *chunk = *at;

		if (chunk->size != CHUNK_SIZE || p->bytes + CHUNK_SIZE > p->max_bytes) {
			at = &chunk->next;
			continue;
		}
		*at = chunk->next;
		chunk->next = p->chunks;
		p->chunks = chunk;
		p->bytes += CHUNK_SIZE;
	}
}

void arena_init(struct arena *a, struct arena_pool *pool)
{
	a->pool = pool;
	a->chunks = NULL;
	a->cursor = NULL;
	a->limit = NULL;
	atomic_init(&a->used, 0);
	atomic_init(&a->footprint, 0);
}

void arena_done(struct arena *a)
{
	if (a->pool)
		pool_give(a->pool, &a->chunks);
	free_chunks(a->chunks);
	arena_init(a, a->pool);
}

/* One thread writes a counter at a time, so no locked instruction is needed to add to it. */
static void counter_add(_Atomic size_t *counter, size_t amount)
{
	size_t before = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, before + amount, memory_order_relaxed);
}

int arena_reserve(struct arena *a, size_t bytes)
{
	if (a->cursor && (size_t)(a->limit - a->cursor) >= bytes)
		return 0;
	if (bytes > PTRDIFF_MAX - sizeof(struct arena_chunk))
		return -ENOMEM;

	size_t size = max_of(sizeof(struct arena_chunk) + bytes, (size_t)CHUNK_SIZE);
	struct arena_chunk *chunk = size == CHUNK_SIZE && a->pool ? pool_take(a->pool) : NULL;

	if (!chunk)
		chunk = malloc(size);
	if (!chunk)
		return -ENOMEM;
	chunk->size = size;
	chunk->next = a->chunks;
	a->chunks = chunk;
	a->cursor = chunk->bytes;
	a->limit = (uint8_t *)chunk + size;
	counter_add(&a->footprint, size);
	return 0;
}

void *arena_alloc(struct arena *a, size_t len)
{
	size_t room = (size_t)(a->limit - a->cursor);
	uint8_t *allocated = a->cursor;

	assert(allocated && len <= room && arena_round_up(len) <= room);
	a->cursor += arena_round_up(len);
	counter_add(&a->used, arena_round_up(len));
	return allocated;
}
