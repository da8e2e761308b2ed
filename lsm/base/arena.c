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
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

void arena_init(struct arena *a)
{
	a->chunks = NULL;
	a->cursor = NULL;
	a->limit = NULL;
	atomic_init(&a->used, 0);
	atomic_init(&a->footprint, 0);
}

void arena_done(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	arena_init(a);
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
	struct arena_chunk *chunk = malloc(size);

	if (!chunk)
		return -ENOMEM;
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
