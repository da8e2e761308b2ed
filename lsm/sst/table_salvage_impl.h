/*
 * The insides of the iterator over a damaged table, for the two files that make it up.
 */
#pragma once

#include "lsm/sst/block_cursor.h"
#include "lsm/sst/block_source.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/table.h"
#include "lsm/sst/table_index.h"
#include "lsm/sst/table_salvage.h"

/* A position in record order, behind which the next record must stand. */
struct salvage_place {
	struct buf key;
	uint64_t seqno;
	bool any; /* false: at the very start */
};

struct salvage_table {
	struct iter base;
	struct table_salvage_source source;
	char name[ENV_NAME_MAX + 1];
	struct env_file *file; /* owned */
	uint64_t file_size;
	struct table_counters counters; /* nobody asks */
	struct block_source blocks_source;

	/* The data blocks there are, or should be. */
	struct block_handle *blocks; /* owned */
	size_t count, cap;
	struct table_index index; /* count 0: the blocks were searched for */
	bool has_footer;
	uint64_t blocks_end; /* nothing behind it is a data or value block */

	/* Where the iterator is. */
	size_t next;      /* block */
	uint64_t covered; /* what lies before is read or told */
	uint64_t entries; /* of the blocks read */
	struct salvage_place at;
	struct heap_block *block; /* owned */
	struct block_cursor cursor;
	struct heap_block *value; /* owned; what iter_value answered with */
	struct buf first, last;   /* bounds of a loss being told */
};

/*
 * Walk a block's entries, from behind `from` on: 0 when they all make sense, -EUCLEAN, -ENOMEM.
 * *ret_end (may be NULL) becomes the last one's place, *ret_values the offset of the first value
 * block that they name (UINT64_MAX: none), *ret_entries how many they are.
 */
struct salvage_block {
	const struct block *block;
	const struct salvage_place *from;
	struct salvage_place end; /* owned; ended with buf_done(&end.key) */
	uint64_t values_offset;
	uint64_t entries;
};
must_check int salvage_block_walk(struct salvage_block *walk,
				  const struct table_salvage_source *bounds);

/* Fills blocks, index, has_footer and blocks_end. Damage is no error. */
must_check int salvage_find_blocks(struct salvage_table *t);

void salvage_tell(const struct salvage_table *t, enum table_loss_kind kind);
