/*
 * Reads and checks every byte of the store: tables and manifest by the tree, logs here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/db/db.h"
#include "lsm/db/state.h"
#include "lsm/mem/batch.h"
#include "lsm/wal/wal_reader.h"

/* The logs as they are now: how far each is written. What is appended later is not looked at. */
struct log_extent {
	uint64_t number;
	uint64_t bytes;
};

static size_t list_logs(struct lsm *db, struct log_extent *extents)
{
	mutex_guard(&db->write_mu);

	for (size_t i = 0; i < db->log_count; i++) {
		struct db_log *log = &db->logs[i];

		extents[i].number = log->number;
		extents[i].bytes = log->writer ? wal_writer_size(log->writer) : log->bytes;
	}
	return db->log_count;
}

static int verify_records(struct wal_reader *reader, uint64_t end, struct lsm_verify_report *report)
{
	struct wal_record rec;
	int err = 0;

	while (wal_reader_offset(reader) < end) {
		uint64_t offset = wal_reader_offset(reader);
		uint32_t count = 0;

		err = wal_reader_next(reader, &rec);
		if (err)
			break;
		if (rec.type == WAL_BATCH &&
		    (batch_check(rec.payload, &count) || count != rec.count))
			return fail(-EUCLEAN, "log offset %" PRIu64 ": the batch makes no sense",
				    offset);
		report->log_records += count;
	}
	report->bytes += wal_reader_offset(reader);
	return err == -ENODATA ? 0 : err;
}

static int verify_log(struct lsm *db, const struct log_extent *extent,
		      struct lsm_verify_report *report)
{
	struct wal_reader *reader;
	int err = wal_reader_open(db->dir, extent->number, &reader);

	/* flushed and removed meanwhile */
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	err = verify_records(reader, extent->bytes, report);
	wal_reader_close(reader);
	return err;
}

int lsm_verify(struct lsm *db, struct lsm_verify_report *ret_report)
{
	struct lsm_verify_report report = {0};
	struct log_extent logs[DB_LOGS_MAX];
	size_t log_count = list_logs(db, logs);
	struct db_state *state = db_state_acquire(db);
	_Atomic uint64_t bytes = 0;
	int err = tree_verify(db->tree, state->version, &bytes, &report.tables);

	db_state_release(state);
	report.bytes = bytes;
	for (size_t i = 0; !err && i < log_count; i++)
		err = verify_log(db, &logs[i], &report);
	if (!err)
		*ret_report = report;
	return err;
}
