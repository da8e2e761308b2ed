/*
 * The live logs: appending to the newest, syncing them in order, retiring the oldest.
 */
#pragma once

#include "lsm/db/db.h"
#include "lsm/wal/wal_record.h"

/* `writer` (taken over) becomes the log that is written. The caller holds write_mu. There is room:
 * one log a memtable. */
void db_logs_push_locked(struct lsm *db, struct wal_writer *writer);

/* Note a log that was replayed at open and is complete. The caller holds write_mu, or is open.
 * -EUCLEAN: more than anyone can have left. */
must_check int db_logs_note_old_locked(struct lsm *db, uint64_t number, uint64_t bytes);

/* Bytes of the log that is written, as far as it is. The caller holds write_mu. */
uint64_t db_log_size_locked(const struct lsm *db);

/* Take room on the disk for a record with such a payload ahead. Errors as db_logs_append_locked. */
must_check int db_logs_reserve_locked(struct lsm *db, size_t payload_len);

/*
 * Append rec, with durable_seqno filled in. -ENOSPC: nothing happened. Any other error has made the
 * store read-only. The caller holds write_mu.
 */
must_check int db_logs_append_locked(struct lsm *db, struct wal_record *rec);

/*
 * Wait until every change up to seqno is on the disk; the callers who wait at the same time share
 * one sync. An error makes the store read-only. No lock held.
 */
must_check int db_logs_sync(struct lsm *db, uint64_t seqno);

/* The changes up to flushed_seqno, those in logs below keep_log, are in tables: close the logs'
 * writers. (tree_purge removes the files.) No lock held. */
void db_logs_retire(struct lsm *db, uint64_t keep_log, uint64_t flushed_seqno);

/* Sync, and leave a MARK that proves it, so that later damage is not taken for a crash's torn end.
 * The background has stopped. */
must_check int db_logs_finish(struct lsm *db);

/* Close all writers, at the end. */
void db_logs_close(struct lsm *db);
