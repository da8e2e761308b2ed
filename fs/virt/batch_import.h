/*
 * A text of batch lines that comes in pieces, as the writes of one program to one open file do.
 *
 * The whole lines of each piece are one batch: applied all or not at all when the call returns. A
 * line that a piece cuts goes on in the next, if the piece is long enough to be one of many;
 * memory is bounded by the piece and the longest line.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "fs/core/changes.h"

enum {
	/*
	 * A shorter write has to end with a line feed. Programs write longer texts in blocks of at
	 * least this, wherever a line ends.
	 */
	BATCH_PIECE_MIN = 4096,
};

struct batch_import {
	struct fs_changes *changes; /* owned */
	struct buf partial;         /* owned; a line that the last piece cut */
	struct buf memory;          /* owned; of the line being parsed */
	size_t line_max;
	uint64_t next_offset;
	size_t part; /* bytes before that, if they may belong to the same write (cut_write.h) */
	/* applied so far */
	uint64_t lines;
	uint64_t bytes;
	uint64_t puts, deletes;
};

/* NULL: out of memory. line_max: a longer line is -E2BIG. */
struct batch_import *batch_import_new(struct fs *fs, size_t line_max);
/* NULL is allowed. */
void batch_import_free(struct batch_import *b);

/*
 * Take a piece that stands at `offset` of the text. -EINVAL: a line is none, or cut where it may
 * not be; the sentence says which, counted from the first piece. After any error nothing of the
 * piece is applied, and the import goes on where the piece began.
 */
must_check int batch_import_piece(struct batch_import *b, uint64_t offset, struct slice piece,
				  struct fs_stale *stale);

/* A whole text, in one batch; its last line may lack the line feed. */
must_check int batch_import_whole(struct batch_import *b, struct slice text,
				  struct fs_stale *stale);
