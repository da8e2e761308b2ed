/*
 * A window of the latest changes: a ring that one writer fills and any number of readers follow,
 * none of whom ever waits for another. What the writer overtakes is lost to the reader, who
 *notices.
 *
 * The ring is of 64-bit words. Positions count words from the beginning of time. An entry is
 *
 *	word 0   seqno << 8 | kind
 *	word 1   commit time
 *	word 2   length of the key
 *	word 3.. the key, zeros behind its end
 *
 * Why a reader never takes for an entry what is none:
 *
 *	writer                                   reader, at position p
 *	oldest = beyond what is overwritten      words at p..    (each with acquire)
 *	words of the new entry (each release)    oldest          is it still <= p ?
 *	end = behind them (release)
 *
 * If one of the words read is of a newer entry than the one at p, then the acquire has seen the
 * writer's release, and so `oldest` is seen as it was stored before: beyond p; the reader begins
 * again from there. If oldest <= p none was, and as p < end, which was read with acquire first, all
 * are there. On x86 none of this costs more than plain loads and stores.
 *
 * Thread rule: feed_push_batch by one thread at a time; a reader is one thread's; readers and the
 * writer are free of each other.
 */
#pragma once

#include <stdatomic.h>

#include "lsm/base/buf.h"
#include "lsm/mem/record.h"

enum {
	FEED_BYTES_MIN = 128 << 10, /* more than the longest entry */
	FEED_BYTES_MAX = 1 << 30,
};

struct feed {
	_Atomic uint64_t oldest; /* position of the oldest entry that is there */
	_Atomic uint64_t end;    /* position behind the newest */
	uint64_t mask;           /* immutable: words - 1, a power of two */
	_Atomic uint64_t words[];
};

/* With room for that many bytes, or up to twice as many; FEED_BYTES_MIN .. _MAX. NULL: out of
 * memory. Freed by free(). */
struct feed *feed_new(uint64_t bytes);

/* The changes of an encoded batch (lsm/mem/batch.h), which is sound; readers see all or none, as
 * far as the window reaches. */
void feed_push_batch(struct feed *f, struct slice rep, uint64_t first_seqno, uint64_t time_ns);

/* Zero-initialise with `feed`, end with buf_done of the key. */
struct feed_reader {
	struct feed *feed;   /* borrowed */
	uint64_t position;   /* of the next entry */
	uint64_t next_seqno; /* entries before it are passed over; those that are due and are not
				there are lost */
	struct buf key;      /* owned; of the entry read last */
};

struct feed_entry {
	uint64_t seqno;
	uint64_t time_ns;
	enum record_kind kind;
	struct slice key; /* good until the next call */
	uint64_t lost;    /* changes right before it that the window has no more */
};

/* -EAGAIN: none is there yet. -ENOMEM: the entry is still the next. */
must_check int feed_next(struct feed_reader *r, struct feed_entry *ret_entry);
