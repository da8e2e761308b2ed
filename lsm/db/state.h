/*
 * What reads look at (struct db_state): taking it, and replacing it when a memtable is switched,
 * flushed, or the tree changed.
 *
 * Thread rule: acquire and release from any thread, lock-free; the changes under work_mu.
 */
#pragma once

#include "lsm/db/db.h"

/* A reference to the current state; give it back with db_state_release. */
struct db_state *db_state_acquire(struct lsm *db);
/*
 * Whoever gives a state of the past back last has the background look at what only it kept: files
 * to remove, blob files to empty. void so that it fits a pin. NULL is allowed.
 */
void db_state_release(void *state);
/* Whether it is the one that readers get now. */
bool db_state_is_present(struct lsm *db, const struct db_state *state);

/* The first state: takes over the references to memtable and version. -ENOMEM: they stay the
 * caller's. */
must_check int db_state_start(struct lsm *db, struct memtable *memtable, struct version *version);

/* An empty state for one of the changes below, made before the point from which nothing may fail.
 * NULL: -ENOMEM. */
struct db_state *db_state_new(struct lsm *db);

/*
 * Make `fresh` (reference taken over) the memtable, and the one written so far a full one. `next`
 * is taken over. At most DB_FULL_MEMTABLES_MAX - 1 were full.
 */
void db_state_switch_memtable_locked(struct lsm *db, struct db_state *next, struct memtable *fresh,
				     uint64_t last_seqno, uint64_t keep_log);

/* Take in the tree's current version and drop the full memtables up to flushed_seqno. `next` is
 * taken over. */
void db_state_install_version_locked(struct lsm *db, struct db_state *next, uint64_t flushed_seqno);
