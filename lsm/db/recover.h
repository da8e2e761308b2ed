/*
 * From the files to the store as it was: replays the logs and goes on in the newest.
 */
#pragma once

#include "lsm/db/db.h"

/*
 * With the folder locked: open the tree, replay its logs into a memtable, cut a torn end, and set
 * up state, logs and seqnos. Errors as lsm_open; then db is fit for being freed.
 */
must_check int db_recover(struct lsm *db);
