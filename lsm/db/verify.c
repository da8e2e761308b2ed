/*
 * Reads and checks every byte of the store: tables and manifest by the tree, logs here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/db/db.h"
#include "lsm/db/recover_blobs.h"
#include "lsm/db/second_look.h"
#include "lsm/db/state.h"
#include "lsm/mem/batch.h"
#include "lsm/wal/wal_reader.h"

/* The logs as they are now: how far each is written. What is appended later is not looked at. */
struct log_extent {
	uint64_t number;
	uint64_t bytes;
	bool exact; /* no zeros at the end are counted in */
};

/*
 * The state answered has every change of the logs listed in memtables, and so keeps the blob files
 * that they name: memtables are switched under write_mu, and a log leaves the list before the state
 * lets go of its memtable.
 */
static struct db_state *list_logs(struct lsm *db, struct log_extent *extents, size_t *ret_count)
{
	mutex_guard(&db->write_mu);

	for (size_t i = 0; i < db->log_count; i++) {
		struct db_log *log = &db->logs[i];

		extents[i].number = log->number;
		extents[i].exact = log->writer || !db->options.read_only;
		extents[i].bytes = log->writer ? wal_writer_size(log->writer) : log->bytes;
	}
	*ret_count = db->log_count;
	return db_state_acquire(db);
}

static int log_damage(const struct log_extent *extent, uint64_t offset, const char *what)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(extent->number, name);
	return fail(-EUCLEAN, "%s: offset %" PRIu64 ": %s", name, offset, what);
}

/* Zeros where a record may be due: the end, if it is not known to be further on. */
static int verify_end(struct wal_reader *reader, const struct log_extent *extent,
		      struct lsm_verify_report *report)
{
	uint64_t offset = wal_reader_offset(reader);
	uint64_t behind = 0;
	int err = wal_reader_bytes_after(reader, offset, &behind);
	bool missing = extent->exact || behind > 0;

	/* an older log's bytes hide what is behind, but for a record that is whole */
	if (!err && !missing && wal_reader_has_old_bytes(reader)) {
		err = wal_reader_resync(reader);
		missing = err == 0;
		err = err == -ENODATA ? 0 : err;
	}
	if (err)
		return err;
	if (missing)
		return log_damage(extent, offset, "a record is missing");
	report->bytes += offset;
	return 0;
}

static int verify_chunks(struct lsm *db, struct slice extents, struct lsm_verify_report *report)
{
	cleanup_buf struct buf room = {0};
	int err = 0;

	for (size_t i = 0; !err && i < extent_list_count(extents); i++) {
		struct extent e;

		err = extent_list_get(extents, i, &e);
		buf_clear(&room);
		if (!err)
			err = buf_reserve(&room, e.len);
		if (!err)
			err = blob_store_read(tree_blobs(db->tree), &e, room.ptr);
		if (!err)
			report->bytes += e.stored_len;
	}
	return err;
}

/* The changes of a batch that was checked, and the chunks that they name. */
static int verify_changes(struct lsm *db, const struct wal_record *rec,
			  struct lsm_verify_report *report)
{
	struct slice rest = rec->payload;
	struct record change;
	int err;

	while ((err = batch_take(&rest, &change)) == 0) {
		struct slice extents;

		err = logged_extents(&change, &extents);
		if (!err)
			err = verify_chunks(db, extents, report);
		if (err)
			return err;
	}
	return err == -ENODATA ? 0 : err;
}

/*
 * To a reader, who leaves the log as it is: what stands behind the end of its history, be it a
 * writer's by now, or what a crash left whole behind a change whose chunks it lost.
 */
static bool is_beyond(struct lsm *db, const struct wal_record *rec)
{
	/* relaxed: a reader's does not change */
	return db->options.read_only && rec->type == WAL_BATCH &&
	       rec->first_seqno > atomic_load_explicit(&db->visible_seqno, memory_order_relaxed);
}

static int verify_records(struct lsm *db, struct wal_reader *reader,
			  const struct log_extent *extent, struct lsm_verify_report *report)
{
	struct wal_record rec;
	int err;

	while (wal_reader_offset(reader) < extent->bytes) {
		uint64_t offset = wal_reader_offset(reader);
		uint32_t count = 0;

		err = wal_reader_next(reader, &rec);
		if (err == -ENODATA)
			return verify_end(reader, extent, report);
		if (err)
			return err;
		if (is_beyond(db, &rec))
			break;
		if (rec.type == WAL_BATCH &&
		    (batch_check(rec.payload, &count) || count != rec.count))
			return log_damage(extent, offset, "the batch makes no sense");
		err = rec.type == WAL_BATCH ? verify_changes(db, &rec, report) : 0;
		if (err)
			return err;
		report->log_records += count;
	}
	report->bytes += wal_reader_offset(reader);
	return 0;
}

/* Flushed meanwhile, and removed or made into another log: what was read of it tells nothing. */
static bool log_is_gone(struct lsm *db, const struct log_extent *extent)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t size;

	wal_file_name(extent->number, name);
	return env_dir_file_size(db->dir, name, &size) == -ENOENT;
}

static int verify_log(struct lsm *db, const struct log_extent *extent,
		      struct lsm_verify_report *report)
{
	struct wal_reader *reader;
	int err = wal_reader_open(db->dir, extent->number, &reader);

	if (!err) {
		err = verify_records(db, reader, extent, report);
		wal_reader_close(reader);
	}
	return err && log_is_gone(db, extent) ? 0 : err;
}

static int verify_once(struct lsm *db, struct lsm_verify_report *ret_report)
{
	struct lsm_verify_report report = {0};
	struct log_extent logs[DB_LOGS_MAX];
	size_t log_count = 0;
	struct db_state *state = list_logs(db, logs, &log_count);
	struct long_work own = {0};
	struct long_work *work = db->options.work ? db->options.work : &own;
	uint64_t done = long_work_done(work);
	int err = tree_verify(db->tree, state->version, work, &report.tables);

	report.bytes = long_work_done(work) - done;
	for (size_t i = 0; !err && i < log_count; i++) {
		err = verify_log(db, &logs[i], &report);
		if (!err)
			err = long_work_step(work, 0);
	}
	db_state_release(state);
	if (db->options.read_only && db->recovery_torn_log) {
		report.torn_log = db->recovery_torn_log;
		report.torn_offset = db->recovery_torn_offset;
		report.torn_bytes = db->recovery_torn_bytes;
	}
	if (!err)
		*ret_report = report;
	return err;
}

int lsm_verify(struct lsm *db, struct lsm_verify_report *ret_report)
{
	struct second_look look = {0};
	int err;

	do
		err = verify_once(db, ret_report);
	while (err && db->options.read_only && second_look_wanted(&look, err));
	return err;
}
