/*
 * Records of a load on their way into tables: gathered in chunks, of which helping threads make
 * parts of tables side by side, while the caller gathers more and puts what is ready, in order,
 * behind each other
 * (lsm/base/helper_ring.h).
 *
 * A part that nobody has begun when it is wanted the caller makes itself, so it waits for nothing
 * but work that is under way. All I/O is the caller's.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/helper_ring.h"
#include "lsm/tree/tree_ingest.h"

struct load_chunk;

struct load_parts {
	struct tree_ingest *ingest; /* borrowed */
	struct helper_ring ring;
	struct load_chunk *chunks; /* owned; by the ring's slots, the open one being filled */
	size_t chunk_bytes;
};

/* -ENOMEM. Ended with load_parts_done, also after a failure. */
must_check int load_parts_init(struct load_parts *p, struct tree_ingest *ingest);
void load_parts_done(struct load_parts *p);

/* Add a record, whose value goes not outside (lsm/sst/block_filler.h); seqnos follow each other, of
 * one time. Key, meta and value are copied. An error is final. */
must_check int load_parts_add(struct load_parts *p, const struct record *rec);
/* All that was added is in the ingest, which the caller may add to. */
must_check int load_parts_drain(struct load_parts *p);
