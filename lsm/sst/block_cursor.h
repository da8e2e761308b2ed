/*
 * A position in a data block, with the key put together.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/sst/block_entry.h"

struct block_cursor {
	const struct block *block; /* borrowed */
	bool valid;                /* stands on an entry */
	struct block_entry entry;
	struct slice key;  /* of the entry; in key_room, good until the cursor moves */
	uint8_t *key_room; /* owned */
	size_t key_cap;
};

/* Zero-initialise, end with block_cursor_done. */
void block_cursor_done(struct block_cursor *c);

/* Go to another block (a data block, which outlives the stay); stands nowhere. */
void block_cursor_enter(struct block_cursor *c, const struct block *b);

/*
 * Moves. 0: valid says whether there is such an entry. -EUCLEAN, -ENOMEM: it stands nowhere. A key
 * may be the cursor's own.
 */
must_check int block_cursor_first(struct block_cursor *c);
must_check int block_cursor_last(struct block_cursor *c);
/* To the first entry at or after (key, seqno). */
must_check int block_cursor_seek(struct block_cursor *c, struct slice key, uint64_t seqno);
/* To the last entry before (key, seqno). */
must_check int block_cursor_seek_before(struct block_cursor *c, struct slice key, uint64_t seqno);
/* It stands on an entry. */
must_check int block_cursor_next(struct block_cursor *c);
must_check int block_cursor_prev(struct block_cursor *c);
