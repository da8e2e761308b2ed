/*
 * Reads the blocks of a table past the cache, in pieces.
 *
 * In a pass over all of them (scan_reader_init) a data block is read together with the value blocks
 * that stand before it and with what follows, as much as one large piece holds. Moving backward
 * works, at the price of a piece for each block. For moves that may go anywhere
 * (scan_reader_init_steps) a piece is one block, and grows while one data block follows the other,
 * with nothing between them.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/sst/table_private.h"

struct scan_reader {
	struct table *table; /* borrowed */
	size_t piece_min, piece_max;
	size_t piece;      /* read at once, and asked for ahead */
	struct buf window; /* owned; bytes of the file from window_offset on */
	uint64_t window_offset;
	size_t next_block;      /* the one behind the block at hand */
	struct buf block_room;  /* owned; the data block, when it was packed */
	struct buf value_image; /* owned; a value block that is not in the window */
	struct buf value_room;  /* owned; the value, when it was packed */
	struct block block;     /* the data block at hand; borrows from window or block_room */
};

void scan_reader_init(struct scan_reader *r, struct table *t);
void scan_reader_init_steps(struct scan_reader *r, struct table *t);
void scan_reader_done(struct scan_reader *r);

/* Data block i, good until the next call of this. Errors as table_data_block's. */
must_check int scan_reader_block(struct scan_reader *r, size_t i, const struct block **ret_block);

/* A value named by the data block at hand, good until the next call of either. */
must_check int scan_reader_value(struct scan_reader *r, struct block_handle handle,
				 uint64_t value_len, struct slice *ret_value);
