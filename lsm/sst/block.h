/*
 * A block in memory: uncompressed bytes whose CRC was right, and for a data block its restart
 * points, checked.
 *
 * Thread rule: does not change once made.
 */
#pragma once

#include "lsm/base/coding.h"
#include "lsm/sst/sst_format.h"

struct block {
	const uint8_t *bytes;
	size_t len;
	uint32_t entries_len;   /* of a data block: where its restart points begin */
	uint32_t restart_count; /* 0: not a data block */
};

/* A block that owns its bytes. */
struct heap_block {
	struct block view; /* bytes point into room */
	size_t memory;     /* bytes of this allocation: its charge in a cache */
	uint8_t room[];
};

/* One with room for len bytes, view not set. NULL: out of memory. Freed with free(). */
struct heap_block *heap_block_new(size_t len);

/*
 * A view of the bytes (borrowed). As a data block when they end in sound restart points;
 * restart_count is 0 when not, as with a value block. That it says nothing about which of them the
 * block was meant to be is why it cannot fail.
 */
struct block block_view(struct slice bytes);

/* Where restart point i begins; i < restart_count. */
static inline uint32_t block_restart(const struct block *b, uint32_t i)
{
	return fixed32_get(b->bytes + b->entries_len + (size_t)i * sizeof(uint32_t));
}

static inline struct slice block_bytes(const struct block *b)
{
	return slice_of(b->bytes, b->len);
}
