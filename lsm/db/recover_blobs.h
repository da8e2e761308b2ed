/*
 * What replayed log records name in blob files: is it there?
 *
 * A log record and the chunks that it names are written to different files, chunks first, and a
 * power cut may keep the record and lose a chunk. Then the record is the torn end: it counts as if
 * it were bad itself. But a change that is known to have been on the disk had its chunks there too
 * (they are synced first), so those need not be read at open, and if they are wrong it is damage,
 * which is found when they are read. So only the chunks of the last changes before a crash, about
 * what was written since the last sync, are read here.
 *
 * Zero-initialise, set `db`; end with chunk_claims_done. Thread rule: open only.
 */
#pragma once

#include "lsm/blob/blob_refs.h"
#include "lsm/db/db.h"
#include "lsm/wal/wal_record.h"

/* Check a logged change that has a form of its own, and answer the extents that it names (borrowed;
 * empty when it names none). -EUCLEAN with a sentence. */
must_check int logged_extents(const struct record *change, struct slice *ret_extents);

struct chunk_claim {
	uint64_t first_seqno, last_seqno; /* of the log record */
	size_t extents_at, extents_len;   /* in chunk_claims.extents */
};

struct chunk_claims {
	struct lsm *db;           /* borrowed */
	struct chunk_claim *list; /* owned; ascending */
	size_t first, count, cap; /* those before `first` are settled */
	struct buf extents;       /* owned */
	struct blob_refs files;   /* owned: all that the logs name, with references */
};

void chunk_claims_done(struct chunk_claims *c);

/*
 * Check the changes of a log record (a batch that batch_check took) that have a form of their own,
 * and note what they name. Lets `memtable` hold on to the files. -EUCLEAN: makes no sense, nothing
 * is noted; -ENOMEM.
 */
must_check int chunk_claims_note(struct chunk_claims *c, const struct wal_record *rec,
				 struct memtable *memtable);

/*
 * Every change up to durable_seqno was on the disk; look at the chunks of the others. 0; with
 * *ret_torn the first change of the first record that names what is not there, 0 for none. -EUCLEAN
 * with a sentence: a file that a durable change names is missing. Or an error of the disk.
 */
must_check int chunk_claims_check(struct chunk_claims *c, uint64_t durable_seqno,
				  uint64_t *ret_torn);

/* All that the logs name is on the disk, and read from there: the process that wrote it may have
 * left it in the page cache alone. Before the check, by who may write. */
must_check int chunk_claims_resync(struct chunk_claims *c);
