/*
 * A stretch of a table made before its place in the file is known: its records in packed blocks,
 * with all that the index, the filter and the properties are to hear of them. So several threads
 * make parts side by side, and one puts them behind each other (table_builder_add_part).
 *
 * Only the checksums are left to that one: they cover the place.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/sst/block_codec.h"
#include "lsm/sst/block_filler.h"

/* A block that is packed: its payload, and the key that separates it from the next one. */
struct part_block {
	size_t payload_at, payload_len;     /* in payloads */
	size_t separator_at, separator_len; /* in separators; its seqno is 0 */
	enum sst_codec codec;
};

struct table_part {
	struct block_filler filler;
	struct part_block *blocks; /* owned */
	size_t block_count, block_cap;
	struct buf payloads;   /* owned */
	struct buf separators; /* owned */
	struct buf room;       /* owned; a block or a separator on its way */
};

/* options: borrowed until table_part_done. */
void table_part_init(struct table_part *p, const struct table_options *options);
void table_part_done(struct table_part *p);
/* Begin the next part; the memory is kept. */
void table_part_clear(struct table_part *p);

/* Add the next record: of another key than the one before it, its value not to go outside. -ENOMEM
 * is final: clear or done. */
must_check int table_part_add(struct table_part *p, const struct record *rec);
/* It has all its records, one at least. -ENOMEM as above. */
must_check int table_part_end(struct table_part *p);

static inline struct block_payload table_part_payload(const struct table_part *p, size_t i)
{
	const struct part_block *b = &p->blocks[i];

	return (struct block_payload){
		.bytes = slice_of(p->payloads.ptr + b->payload_at, b->payload_len),
		.codec = b->codec,
	};
}

static inline struct slice table_part_separator(const struct table_part *p, size_t i)
{
	const struct part_block *b = &p->blocks[i];

	return slice_of(p->separators.ptr + b->separator_at, b->separator_len);
}
