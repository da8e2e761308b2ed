/*
 * Committing a batch: the one order of log, seqnos and memtable.
 */
#pragma once

#include "lsm/db/db.h"

/*
 * Log the batch and apply it; readers see all of it from here on. On failure nothing was applied.
 * Waits while the background is too far behind. No lock held.
 */
must_check int db_commit(struct lsm *db, const struct batch *batch, struct lsm_commit *ret_commit);

/* Make the memtable a full one if it holds anything, so that all changes so far get flushed. No
 * lock held. */
must_check int db_switch_memtable(struct lsm *db);
