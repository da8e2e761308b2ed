/*
 * Where a block stands in its file.
 *
 * Thread rule: a plain value.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/sst/sst_format.h"

enum {
	BLOCK_HANDLE_MAX_BYTES = 20, /* two varints */
};

struct block_handle {
	uint64_t offset;     /* in the file */
	uint64_t stored_len; /* bytes of the payload as stored, without the trailer */
};

/* The offset of what follows the block. The handle fits (block_handle_fits). */
static inline uint64_t block_handle_end(struct block_handle h)
{
	return h.offset + h.stored_len + SST_TRAILER_SIZE;
}

/*
 * Whether the block, with its trailer, lies in the first `limit` bytes of the file and is no larger
 * than any block may be.
 */
static inline bool block_handle_fits(struct block_handle h, uint64_t limit)
{
	return h.stored_len <= SST_BLOCK_MAX && h.offset <= limit &&
	       limit - h.offset >= h.stored_len + SST_TRAILER_SIZE;
}

/* Write it at p, which has room for BLOCK_HANDLE_MAX_BYTES; returns the byte after it. */
uint8_t *block_handle_put(uint8_t *p, struct block_handle h);

/* Take it off the front of *s. -EUCLEAN leaves both untouched. */
must_check int block_handle_take(struct slice *s, struct block_handle *ret_handle);
