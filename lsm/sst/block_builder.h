/*
 * Puts entries into the form of a data or index block.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/mem/record.h"
#include "lsm/sst/block_handle.h"

struct block_builder {
	unsigned restart_interval; /* >= 1 */
	struct buf bytes;          /* owned; the entries */
	struct buf restarts;       /* owned; u32 each */
	unsigned since_restart;    /* entries since the last restart point */
	uint64_t entries;          /* in this block */
	struct buf last_key;       /* owned */
	uint64_t last_seqno;
	uint64_t last_time_ns;
};

void block_builder_init(struct block_builder *b, unsigned restart_interval);
void block_builder_done(struct block_builder *b);
/* Begin the next block; the memory is kept. */
void block_builder_clear(struct block_builder *b);

/*
 * Add the entry after the last one (record order: the caller's to keep). outside: the value's
 * block; NULL: the value goes into the entry. -ENOMEM: the builder is good for nothing but clear
 * and done.
 */
must_check int block_builder_add(struct block_builder *b, const struct record *rec,
				 const struct block_handle *outside);

/* Bytes of the block as it is. */
size_t block_builder_size(const struct block_builder *b);
/* At most that many more bytes would it have with rec, its value in it or not. */
uint64_t block_builder_cost(const struct record *rec, bool inside);

/*
 * Append the restart points; *ret_raw is the whole block, good until the next call. At least one
 * entry was added.
 */
must_check int block_builder_finish(struct block_builder *b, struct slice *ret_raw);
