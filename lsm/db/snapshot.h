/*
 * Snapshots: seqnos that must stay readable.
 */
#pragma once

#include "lsm/db/db.h"

void db_snapshots_init(struct lsm *db);

/* The one of that seqno; NULL: there is none. The caller holds snapshots_mu. */
struct lsm_snapshot *db_snapshot_find_locked(struct lsm *db, uint64_t seqno);
/* A holder more. The caller holds snapshots_mu. */
void db_snapshot_hold_locked(struct lsm *db, struct lsm_snapshot *snapshot);
/* One of a seqno of the past, while no job can have dropped what it needs. -ENOMEM. */
must_check int db_snapshot_at(struct lsm *db, uint64_t seqno, struct lsm_snapshot **ret_snapshot);

/*
 * The live snapshots' seqnos, ascending and distinct, in memory the caller frees; for the drop rule
 * of flush and compaction. A snapshot made later than this call sees every change that was visible
 * at this call, so no job that begins now can drop a version it needs. -ENOMEM.
 */
must_check int db_snapshots_list(struct lsm *db, uint64_t **ret_seqnos, size_t *ret_count);

/* The seqno up to which a read sees: the snapshot's, or what is visible now. Take the state first
 * (struct db_state says why). */
uint64_t db_read_seqno(struct lsm *db, const struct lsm_read_options *options);
