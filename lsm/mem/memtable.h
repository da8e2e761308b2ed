/*
 * The memtable: the newest records, ordered, in memory.
 *
 * A skip list in an arena (W. Pugh, 1990). One thread writes at a time (the engine's commit order),
 * any number read without a lock: nodes are published with release stores and never change or move
 * until the last reference is dropped.
 *
 * The caller's order of calls for one commit: memtable_reserve (may fail, changes nothing a reader
 * sees), then the log, then memtable_apply (cannot fail). So a logged change is always applied.
 */
#pragma once

#include "lsm/mem/batch.h"
#include "lsm/mem/iter.h"
#include "lsm/mem/pin.h"

struct arena_pool;
struct memtable;

/* With one reference. -ENOMEM. */
must_check int memtable_new(struct memtable **ret_table);
/* As memtable_new; its memory is the pool's (borrowed). */
must_check int memtable_new_pooled(struct arena_pool *pool, struct memtable **ret_table);
struct memtable *memtable_ref(struct memtable *m);
/* NULL is allowed. */
void memtable_unref(struct memtable *m);

/* Make sure that applying records of together b->memory_bytes cannot fail. -ENOMEM changes nothing.
 */
must_check int memtable_reserve(struct memtable *m, size_t memory_bytes, uint32_t count);

/*
 * Insert the changes of an encoded batch (checked before: batch_check, or built by batch_put) with
 * seqnos first_seqno, first_seqno + 1, ... Readers see each at once; hiding those that are not
 * committed is the reader's seqno's business.
 */
void memtable_apply(struct memtable *m, struct slice rep, uint64_t first_seqno, uint64_t time_ns);

/*
 * Hold on to something that records of this memtable name (a blob file), until its last reference
 * is dropped. By the writer. Takes the pin over; -ENOMEM: not.
 */
must_check int memtable_keep(struct memtable *m, struct pin pin);

/* Exact bytes in use by records and their index; what `max_size` limits. */
size_t memtable_bytes(const struct memtable *m);
uint64_t memtable_count(const struct memtable *m);
uint64_t memtable_tombstones(const struct memtable *m); /* of those counted */
/* User bytes (keys, metas, values) put into it. */
uint64_t memtable_user_bytes(const struct memtable *m);

/*
 * The newest version of key with seqno <= seqno: fills *ret_rec, borrowed while the caller holds a
 * reference. A tombstone is found (kind RECORD_DELETE). -ENOENT: no version here.
 */
must_check int memtable_get(const struct memtable *m, struct slice key, uint64_t seqno,
			    struct record *ret_rec);

/* Takes a reference of its own. Sees records applied after its creation too. -ENOMEM. */
must_check int memtable_iter(struct memtable *m, struct iter **ret_iter);
