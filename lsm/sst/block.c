#include "lsm/sst/block.h"

#include <stdlib.h>

struct heap_block *heap_block_new(size_t len)
{
	size_t memory = sizeof(struct heap_block) + len;
	struct heap_block *b = malloc(memory);

	if (b)
		b->memory = memory;
	return b;
}

static bool restarts_are_sound(const struct block *b)
{
	if (block_restart(b, 0) != 0)
		return false;
	for (uint32_t i = 1; i < b->restart_count; i++) {
		if (block_restart(b, i) <= block_restart(b, i - 1))
			return false;
	}
	return block_restart(b, b->restart_count - 1) < b->entries_len;
}

struct block block_view(struct slice bytes)
{
	struct block b = {.bytes = bytes.ptr, .len = bytes.len};

	if (bytes.len < 2 * sizeof(uint32_t) || bytes.len > SST_BLOCK_MAX)
		return b;

	uint32_t count = fixed32_get(bytes.ptr + bytes.len - sizeof(uint32_t));

	if (count == 0 || count > bytes.len / sizeof(uint32_t) - 1)
		return b;
	b.entries_len = (uint32_t)(bytes.len - sizeof(uint32_t) - count * sizeof(uint32_t));
	b.restart_count = count;
	if (!restarts_are_sound(&b))
		b.restart_count = 0;
	return b;
}
