/*
 * Named snapshots, as a store that is being opened or closed has to do with them.
 */
#pragma once

#include "lsm/db/db.h"

/* Hold what the tree has names for. The tree is open, and no job has begun. -ENOMEM. */
must_check int db_named_snapshots_restore(struct lsm *db);

/* Let go of them; the names stay in the store. */
void db_named_snapshots_done(struct lsm *db);
