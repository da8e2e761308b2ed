/*
 * The index of an open table: the separators and handles of its data blocks, unpacked for binary
 * search.
 *
 * Bytes that all separators begin with are kept once; of each, the eight that follow are kept as
 * one number in an array of their own. So a search is a binary search over numbers, and compares
 * whole keys only where those are equal.
 *
 * Thread rule: does not change once made.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/sst/block.h"
#include "lsm/sst/block_handle.h"

struct index_entry {
	struct block_handle block;
	uint64_t seqno;  /* of the separator */
	uint64_t key_at; /* where in keys the separator, without the common prefix, begins */
};

struct table_index {
	size_t count;
	size_t prefix_len;
	uint8_t *prefix;             /* owned */
	uint64_t *heads;             /* owned; big-endian: they order as the bytes do */
	struct index_entry *entries; /* owned; count + 1, the last one only ends the keys */
	uint8_t *keys;               /* owned */
	size_t memory;               /* bytes of all that */
};

/*
 * Unpack an index block, whose handles must lie, ascending, in the first blocks_end bytes of the
 * file. -EUCLEAN without a sentence, -ENOMEM.
 */
must_check int table_index_parse(const struct block *raw, uint64_t blocks_end,
				 struct table_index *ret_index);
void table_index_done(struct table_index *index);

/* The first data block whose separator is not before (key, seqno); count: none. */
size_t table_index_seek(const struct table_index *index, struct slice key, uint64_t seqno);

/* How (key, seqno) compares with separator i, in record order: < 0, 0 or > 0. */
int table_index_cmp(const struct table_index *index, size_t i, struct slice key, uint64_t seqno);

/* The user key of separator i, in place of what *key holds. -ENOMEM. */
must_check int table_index_key(const struct table_index *index, size_t i, struct buf *key);

/* Whether both say the same. */
bool table_index_equal(const struct table_index *a, const struct table_index *b);
