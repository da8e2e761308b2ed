/*
 * Makes the extents of a large value: from bytes that are given, or from a view whose patches are
 * to be written in.
 *
 * Zero-initialise, set `blobs` and `lane`; end with value_writer_done. Thread rule: one thread at a
 * time.
 */
#pragma once

#include "lsm/blob/blob_refs.h"
#include "lsm/blob/value_view.h"

enum {
	/* A stretch of chunk_bytes that has come to more extents than this is written anew as one
	 * chunk: so a list stays short, and reading it needs few reads. Half as many changes paid
	 * for it. */
	VALUE_WINDOW_EXTENTS = 32,
	/* From here on two threads share the writing: waking one takes as long as writing a fifth
	 * of this. */
	VALUE_SHARE_MIN = 512 << 10,
	/* After a chunk that LZ4 did not shrink so many are stored without a try. */
	VALUE_UNTRIED = 3,
};

struct value_writer {
	struct blob_store *blobs; /* borrowed */
	uint64_t lane;
	bool frugal;           /* room is short: no window is written anew, however many pieces */
	struct buf extents;    /* owned: the list so far */
	struct blob_refs refs; /* owned: references to the files that it names */
	struct buf room;       /* owned */
	unsigned untried;      /* chunks to be stored as they are */
};

void value_writer_done(struct value_writer *w);

/* Append bytes that belong at offset, as chunks. After an error the writer is only good for done.
 * No lock from RANK_HELPER on is held. */
must_check int value_writer_bytes(struct value_writer *w, uint64_t offset, struct slice bytes);

/*
 * Append the part [from, to) of a view, for a value in which it stands at `offset`: chunks are
 * named again, bytes are written as chunks, what has come to too many pieces is put together.
 */
must_check int value_writer_view(struct value_writer *w, const struct value_view *v, uint64_t from,
				 uint64_t to, uint64_t offset);

/*
 * Append the extents of a list (of a checked LARGE record), those in files that `is_leaving` names
 * written anew into other files. *ret_moved: bytes.
 */
must_check int value_writer_move(struct value_writer *w, struct slice extents,
				 bool (*is_leaving)(void *arg, uint64_t file), void *arg,
				 uint64_t *ret_moved);
