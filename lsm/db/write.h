/*
 * Committing a batch: the one order of log, seqnos and memtable.
 */
#pragma once

#include "lsm/db/db.h"

struct blob_file;
struct expect_list;
struct spilled;

/* A batch on its way. */
struct db_attempt {
	const struct spilled *changes; /* with what keeps the blob files that they name */
	const struct expect_list *expected;
	bool use_reserve; /* it may be done though the store is low on space (lsm/db/reserve.h),
			     else that is -ENOSPC; it does not give the reserve back itself */
	bool past_freeze; /* else -EROFS while the store is frozen */
};

/*
 * Log the batch and apply it if what is expected (lsm/db/expect.h) holds at this place in the order
 * of commits; readers see all of it from here on. On failure nothing was applied. Waits while the
 * background is too far behind. No lock held.
 */
must_check int db_commit(struct lsm *db, const struct db_attempt *attempt,
			 struct lsm_commit *ret_commit);

/* Only the check, at a place in the order of commits: behind ret_commit->seqno. No lock held. */
must_check int db_commit_nothing(struct lsm *db, const struct expect_list *expected,
				 struct lsm_commit *ret_commit);

/* Let the newest memtable hold on to a blob file, once. -ENOMEM. The caller holds write_mu, or is
 * open. */
must_check int db_keep_file_locked(struct lsm *db, struct memtable *memtable,
				   struct blob_file *file);

/* Make the memtable a full one if it holds anything, so that all changes so far get flushed. No
 * lock held. */
must_check int db_switch_memtable(struct lsm *db);
/* The same if it holds a tombstone; and nothing where it would have to wait, as a flush is due then
 * anyway. */
must_check int db_switch_tombstones(struct lsm *db);
