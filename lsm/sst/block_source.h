/*
 * Blocks out of a table file: read, checked against their CRC, unpacked.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdatomic.h>

#include "lsm/env/env.h"
#include "lsm/sst/block.h"
#include "lsm/sst/block_codec.h"
#include "lsm/sst/block_handle.h"

struct table_counters;

/* The file that blocks are read from; all borrowed. */
struct block_source {
	struct env_file *file;
	const char *name; /* for sentences */
	uint64_t table_id;
	struct table_counters *counters;
	const _Atomic bool *trust; /* of block_fetch; NULL: false */
};

/* fail(code) with a sentence that names the file and the block's offset. */
int block_fail(const struct block_source *source, uint64_t offset, int code, const char *what);

/*
 * Read and check one block into memory of its own (free() it). The handle was held against the
 * file's size. -EBADMSG, -EUCLEAN, -ENOMEM, the env's errors.
 */
must_check int block_read(const struct block_source *source, struct block_handle handle,
			  struct heap_block **ret_block);

/* As block_read, but the CRC is not checked while source->trust says so. */
must_check int block_fetch(const struct block_source *source, struct block_handle handle,
			   struct heap_block **ret_block);

/*
 * As block_read for a block whose bytes, trailer included, are at `image` already. *ret_raw borrows
 * from image, or from room when it had to be unpacked.
 */
must_check int block_open_image(const struct block_source *source, struct block_handle handle,
				const uint8_t *image, struct buf *room, struct slice *ret_raw);
