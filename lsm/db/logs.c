#include "lsm/db/logs.h"

#include <assert.h>
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/db/counters.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"
#include "lsm/db/spare_log.h"

void db_logs_push_locked(struct lsm *db, struct wal_writer *writer)
{
	assert(db->log_count < DB_LOGS_MAX);
	db->logs[db->log_count++] = (struct db_log){
		.number = wal_writer_number(writer),
		.writer = writer,
	};
	counter_add(&db->log_files, 1);
	counter_add(&db->log_bytes, wal_writer_size(writer));
}

int db_logs_note_old_locked(struct lsm *db, uint64_t number, uint64_t bytes)
{
	if (db->log_count >= DB_RECOVERED_LOGS_MAX)
		return fail(-EUCLEAN, "more than %d logs are left to replay",
			    DB_RECOVERED_LOGS_MAX);
	db->logs[db->log_count++] = (struct db_log){
		.number = number,
		.bytes = bytes,
		.synced = true,
	};
	counter_add(&db->log_files, 1);
	counter_add(&db->log_bytes, bytes);
	return 0;
}

/* A log is about as long as its memtable: steps far beyond that would be waste. */
static uint64_t log_step(const struct lsm *db)
{
	return min_of((uint64_t)DB_LOG_STEP_BYTES, db_live_get(db, memtable_bytes) / 2);
}

uint64_t db_log_size_locked(const struct lsm *db)
{
	return wal_writer_size(db->logs[db->log_count - 1].writer);
}

int db_logs_reserve_locked(struct lsm *db, size_t payload_len)
{
	return wal_writer_reserve(db->logs[db->log_count - 1].writer, payload_len, log_step(db));
}

int db_logs_append_locked(struct lsm *db, struct wal_record *rec)
{
	struct wal_writer *w = db->logs[db->log_count - 1].writer;
	uint64_t before = wal_writer_size(w);
	int err = db_logs_reserve_locked(db, rec->payload.len);

	if (err)
		return err;
	rec->durable_seqno = atomic_load_explicit(&db->durable_seqno, memory_order_relaxed);
	err = wal_writer_append(w, rec);
	if (err)
		return db_fail_log(db, err);
	counter_add(&db->log_written_bytes, wal_writer_size(w) - before);
	counter_add(&db->log_bytes, wal_writer_size(w) - before);
	db->unmarked = rec->type != WAL_MARK;
	return 0;
}

/* Sync what was appended before this call, older logs first. The caller holds sync_mu. */
static int sync_all_locked(struct lsm *db)
{
	struct db_log logs[DB_FULL_MEMTABLES_MAX + 2];
	size_t count = 0;
	int err;

	mutex_lock(&db->write_mu);
	uint64_t target = db->last_seqno;

	for (size_t i = 0; i < db->log_count; i++)
		if (db->logs[i].writer && !db->logs[i].synced)
			logs[count++] = db->logs[i];
	atomic_store_explicit(&db->unsynced_records, 0, memory_order_relaxed);
	mutex_unlock(&db->write_mu);

	/* what the records name is on the disk before they are */
	err = blob_store_sync(tree_blobs(db->tree));
	if (err)
		return db_fail_log(db, err);
	/* no writer is closed meanwhile: db_logs_retire wants sync_mu */
	for (size_t i = 0; i < count; i++) {
		struct db_timer timer = db_timer_start(db);

		err = wal_writer_sync(logs[i].writer);
		db_timer_end(db, LSM_OP_SYNC, timer);
		counter_add(&db->log_syncs, 1);
		if (err)
			return db_fail_log(db, err);
	}
	/* all but the last took no more records: that was their last sync */
	mutex_lock(&db->write_mu);
	for (size_t i = 0; i < db->log_count && count > 0; i++)
		if (db->logs[i].number < logs[count - 1].number)
			db->logs[i].synced = true;
	mutex_unlock(&db->write_mu);
	atomic_store_explicit(&db->durable_seqno, target, memory_order_release);
	return 0;
}

int db_logs_sync(struct lsm *db, uint64_t seqno)
{
	mutex_guard(&db->sync_mu);

	if (atomic_load_explicit(&db->durable_seqno, memory_order_acquire) >= seqno)
		return 0;
	int err = db_check_log(db);

	return err ? err : sync_all_locked(db);
}

void db_logs_retire(struct lsm *db, uint64_t keep_log, uint64_t flushed_seqno)
{
	struct wal_writer *closing[DB_LOGS_MAX];
	size_t dropped = 0;

	mutex_lock(&db->sync_mu);
	/* what is in tables is on the disk */
	if (flushed_seqno > atomic_load_explicit(&db->durable_seqno, memory_order_relaxed))
		atomic_store_explicit(&db->durable_seqno, flushed_seqno, memory_order_release);
	mutex_lock(&db->write_mu);
	while (dropped + 1 < db->log_count && db->logs[dropped].number < keep_log) {
		struct db_log *log = &db->logs[dropped];
		uint64_t bytes = log->writer ? wal_writer_size(log->writer) : log->bytes;

		atomic_fetch_sub_explicit(&db->log_bytes, bytes, memory_order_relaxed);
		closing[dropped++] = log->writer;
	}
	db->log_count -= dropped;
	memmove(db->logs, db->logs + dropped, db->log_count * sizeof(db->logs[0]));
	atomic_store_explicit(&db->log_files, db->log_count, memory_order_relaxed);
	mutex_unlock(&db->write_mu);
	mutex_unlock(&db->sync_mu);
	for (size_t i = 0; i < dropped; i++)
		wal_writer_close(closing[i]);
}

/* The next open is to find nothing behind the records. */
static void trim(struct lsm *db)
{
	(void)wal_writer_trim(db->logs[db->log_count - 1].writer); /* no loss if it fails */
	(void)db_spare_log_give_back(db);
}

int db_logs_finish(struct lsm *db)
{
	int err = db_logs_sync(db, atomic_load_explicit(&db->visible_seqno, memory_order_relaxed));

	if (err)
		return err;
	mutex_guard(&db->sync_mu);
	mutex_lock(&db->write_mu);
	struct wal_record mark = {.type = WAL_MARK, .first_seqno = db->last_seqno + 1};
	bool wanted = db->unmarked;

	if (wanted)
		err = db_logs_append_locked(db, &mark);
	mutex_unlock(&db->write_mu);
	if (err == -ENOSPC)
		return 0; /* everything is durable; only the proof is missing */
	if (!err && wanted)
		err = sync_all_locked(db);
	if (!err)
		trim(db);
	return err;
}

void db_logs_close(struct lsm *db)
{
	for (size_t i = 0; i < db->log_count; i++)
		wal_writer_close(db->logs[i].writer);
	db->log_count = 0;
}
