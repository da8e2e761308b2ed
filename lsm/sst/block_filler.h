/*
 * Fills data blocks with records in order, and counts what these put into a table's filter and
 * properties. Where the blocks go is the caller's to say: into a file (table_builder), or into
 * memory (table_part).
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/sst/block_builder.h"
#include "lsm/sst/bloom.h"
#include "lsm/sst/properties.h"
#include "lsm/sst/table_options.h"

struct block_filler {
	const struct table_options *options; /* borrowed */
	struct block_builder block;          /* its last key and seqno are the last record's */
	struct bloom_builder bloom;
	struct properties properties; /* of blocks: the caller counts them */
};

void block_filler_init(struct block_filler *f, const struct table_options *options);
void block_filler_done(struct block_filler *f);
/* Begin again with nothing; the memory is kept. */
void block_filler_clear(struct block_filler *f);

static inline uint64_t block_filler_entries(const struct block_filler *f)
{
	return f->properties.numbers[SST_ENTRIES];
}

/* Whether the value goes into a block of its own. */
static inline bool block_filler_goes_outside(const struct block_filler *f, const struct record *rec)
{
	return rec->value_len > f->options->value_inline_max;
}

/* Whether the open block has to end before rec. */
bool block_filler_is_full_for(const struct block_filler *f, const struct record *rec);

/* Add the next record (rec->value is loaded) to the open block. outside: the block of its value,
 * when it goes outside; else NULL. Asserts record order. -ENOMEM is final. */
must_check int block_filler_add(struct block_filler *f, const struct record *rec,
				const struct block_handle *outside);

/* Take over what `after` has counted, whose records and blocks follow; none has an open block. Its
 * first key is new, all prefixes of it are in its filter. -ENOMEM is final. */
must_check int block_filler_join(struct block_filler *f, const struct block_filler *after);

/*
 * End the open block, which has entries: block_builder_finish, then this for its place in the index
 * (into *out and *ret_seqno), then block_builder_clear. next: the key of the record that follows;
 * NULL: there is none, or none is known, and then its key is another one.
 */
must_check int block_filler_separator(const struct block_filler *f, const struct slice *next,
				      struct buf *out, uint64_t *ret_seqno);
