/*
 * Decodes the entries of a data block in place, one after the other, and finds one by key. Keys are
 * not put together here: an entry says how much of the key it shares with the one before it.
 *
 * Nothing in the block is trusted: what does not decode is -EUCLEAN, without a sentence (the caller
 * knows the file).
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/mem/record.h"
#include "lsm/sst/block.h"
#include "lsm/sst/block_handle.h"

/* Slices borrow from the block. */
struct block_entry {
	uint32_t offset;       /* where it begins in the block */
	uint32_t end;          /* where the next one begins */
	uint32_t restart;      /* the last restart point at or before it */
	uint32_t next_restart; /* where the one after begins; none: the end */

	size_t shared;       /* bytes of its key that stand in the entries before it */
	struct slice suffix; /* the rest of its key */
	uint64_t seqno;
	uint64_t time_ns;
	enum record_kind kind;
	struct slice meta;
	uint64_t value_len;
	struct slice value;          /* ptr NULL when it is outside */
	struct block_handle outside; /* its block then; not yet held against the file */
};

static inline size_t block_entry_key_len(const struct block_entry *e)
{
	return e->shared + e->suffix.len;
}

static inline bool block_entry_is_outside(const struct block_entry *e)
{
	return !e->value.ptr;
}

static inline bool block_entry_is_last(const struct block *b, const struct block_entry *e)
{
	return e->end == b->entries_len;
}

/* The entry at restart point i < restart_count. */
must_check int block_entry_at_restart(const struct block *b, uint32_t i, struct block_entry *ret_e);

/* From an entry that is not the last to the next one. */
must_check int block_entry_next(const struct block *b, struct block_entry *e);

/*
 * The first entry at or after (key, seqno) in record order; its shared bytes are the first ones of
 * `key`. -ENOENT: all are before it. *ret_same_key: it is a version of key.
 */
must_check int block_seek(const struct block *b, struct slice key, uint64_t seqno,
			  struct block_entry *ret_e, bool *ret_same_key);
