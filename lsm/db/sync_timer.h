/*
 * Syncs the log unasked, in the modes BATCH and INTERVAL; in the others its thread sleeps.
 */
#pragma once

#include "lsm/db/db.h"

must_check int db_sync_timer_start(struct lsm *db);
void db_sync_timer_stop(struct lsm *db);

/* Mode or times have changed. No lock of RANK_DB_TIMER or above held. */
void db_sync_timer_wake(struct lsm *db);

/* A commit of `records` changes was logged; no lock held. Cheap: wakes the thread once a period,
 * not once a write. */
void db_sync_timer_note(struct lsm *db, uint32_t records);
