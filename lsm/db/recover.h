/*
 * From the files to the store as it was: replays the logs and goes on in the newest.
 */
#pragma once

#include "lsm/db/db.h"
#include "lsm/wal/wal_record.h"

/*
 * With the folder locked: open the tree, replay its logs into a memtable, cut a torn end, and set
 * up state, logs and seqnos. Errors as lsm_open; then db is fit for being freed.
 */
must_check int db_recover(struct lsm *db);

/* With the background running: where the logs were damaged, let go of them durably, before anything
 * is written. */
must_check int db_settle_damage(struct lsm *db);

/*
 * Put a logged batch into the memtable. -EUCLEAN with a sentence: it makes no sense, nothing done;
 * -ENOMEM.
 */
must_check int db_apply_logged(struct memtable *memtable, const struct wal_record *rec);
