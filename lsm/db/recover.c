#include "lsm/db/recover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/db/logs.h"
#include "lsm/db/named_snapshots.h"
#include "lsm/db/options.h"
#include "lsm/db/recover_blobs.h"
#include "lsm/db/reserve.h"
#include "lsm/db/spare_log.h"
#include "lsm/db/state.h"
#include "lsm/wal/wal_reader.h"
#include "lsm/wal/wal_recover.h"
#include "lsm/wal/wal_writer.h"

/* The manifest does not name this log: see struct tree_options. */
static int check_stray_log(struct env_dir *dir, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	struct wal_reader *reader;
	struct wal_record rec;
	int err = wal_reader_open(dir, number, &reader);

	/* its header was not yet synced, so it was not used; or it is gone by now */
	if (err == -EUCLEAN || err == -EBADMSG || err == -ENOENT)
		return 0;
	if (err)
		return err;
	err = wal_reader_next(reader, &rec);
	if (err == -ENODATA || err == -EBADMSG)
		err = wal_reader_resync(reader);
	wal_file_name(number, name);
	if (!err)
		err = fail(-EUCLEAN,
			   "%s: offset %d: holds changes, but the manifest does not name it", name,
			   WAL_FILE_HEADER_SIZE);
	wal_reader_close(reader);
	return err == -ENODATA ? 0 : err;
}

/* No room for the new manifest that a writer begins with, and nothing left to give. */
static int refuse_full_disk(int error)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	return fail(error, "the disk is full: the store can only be opened read-only: %s", why);
}

/* In proportion to the rest: a store that is to be small has a small manifest too. */
static uint64_t manifest_roll_bytes(const struct lsm_options *options)
{
	return min_of((uint64_t)DB_MANIFEST_ROLL_BYTES, options->memtable_bytes / 4);
}

static int open_tree(struct lsm *db, struct tree_recovery *ret_found)
{
	struct tree_options options = {
		.env = db->env,
		.dir = db->dir,
		.blocks = db->blocks,
		.max_open_tables = db->options.max_open_tables,
		.read_ahead_bytes = db->options.read_ahead_bytes,
		.map_tables = db->options.map_tables,
		.direct_tables = db->options.direct_tables,
		.table = db_table_options(&db->options),
		.picker = db_picker_options(&db->options),
		.large_value_threshold = db->options.large_value_threshold,
		.blob = db_blob_options(&db->options),
		.blob_gc_pct = db->options.blob_gc_pct,
		.compaction_rate = db->options.compaction_rate,
		.manifest_roll_bytes = manifest_roll_bytes(&db->options),
		.change_separator = db->options.change_separator,
		.read_only = db->options.read_only,
		.check_stray_log = check_stray_log,
	};

	uint64_t releases = db_reserve_releases(db);
	int err = tree_open(&options, ret_found, &db->tree);

	while (env_is_full(err) && db_reserve_release(db, &releases))
		err = tree_open(&options, ret_found, &db->tree);
	return env_is_full(err) ? refuse_full_disk(err) : err;
}

/*
 * What the logs make: memtables as there were, one a log, so that the flush of one needs no more
 * room on the disk than it would have needed then, and lets go of its log. Small ones go together.
 */
struct replayed {
	const struct lsm_options *options; /* borrowed */
	/* References; the last is written on. One more than there can be: see begin_anew. */
	struct full_memtable tables[DB_FULL_MEMTABLES_MAX + 1];
	size_t count;
	uint64_t at_log;   /* the log being read */
	uint64_t last_log; /* of the last record taken in */
	uint64_t *ends;    /* owned; of the records in each log */
	struct chunk_claims claims;
};

static void drop_memtables(struct replayed *p)
{
	for (size_t i = 0; i < p->count; i++)
		memtable_unref(p->tables[i].table);
	p->count = 0;
	p->last_log = 0;
	chunk_claims_done(&p->claims);
}

static void replayed_done(struct replayed *p)
{
	drop_memtables(p);
	free(p->ends);
}

static int begin_memtable(struct replayed *p)
{
	int err = memtable_new_pooled(&p->claims.db->pool, &p->tables[p->count].table);

	p->count += !err;
	p->claims.db->memtable_serial++;
	return err;
}

/* Before the record: where another log begins and much is in the memtable, it was full. */
static int next_memtable(struct replayed *p, const struct wal_record *rec)
{
	struct full_memtable *last = &p->tables[p->count - 1];
	bool is_full = p->at_log != p->last_log && memtable_count(last->table) > 0 &&
		       memtable_bytes(last->table) >= p->options->memtable_bytes / 4;

	p->last_log = p->at_log;
	if (!is_full || p->count > p->options->memtables_max)
		return 0;
	last->last_seqno = rec->first_seqno - 1;
	last->keep_log = p->at_log;
	return begin_memtable(p);
}

/* Its CRC was right, but it is checked as bytes of a stranger all the same. */
static int check_logged(const struct wal_record *rec)
{
	uint32_t count;
	int err = batch_check(rec->payload, &count);

	if (err || count != rec->count)
		return fail(-EUCLEAN, "the batch logged with seqno %" PRIu64 " makes no sense",
			    rec->first_seqno);
	return 0;
}

static int apply_checked(struct memtable *memtable, const struct wal_record *rec)
{
	struct slice rest = rec->payload;
	struct record change;
	size_t memory = 0;
	int err;

	while ((err = batch_take(&rest, &change)) == 0)
		memory += batch_record_memory(&change);
	if (err != -ENODATA)
		return err;
	err = memtable_reserve(memtable, memory, rec->count);
	if (err)
		return err;
	memtable_apply(memtable, rec->payload, rec->first_seqno, rec->time_ns);
	return 0;
}

int db_apply_logged(struct memtable *memtable, const struct wal_record *rec)
{
	int err = check_logged(rec);

	return err ? err : apply_checked(memtable, rec);
}

/* Applied last: of a record that makes no sense nothing is to be there, when the history ends
 * before it. */
static int apply_record(void *arg, const struct wal_record *rec)
{
	struct replayed *p = arg;
	int err = next_memtable(p, rec);
	struct memtable *memtable = p->tables[p->count - 1].table;

	if (!err)
		err = check_logged(rec);
	if (!err)
		err = chunk_claims_note(&p->claims, rec, memtable);
	return err ? err : apply_checked(memtable, rec);
}

/* The tail and what is newer, for one who only reads: a writer beside may go on there. Behind a
 * torn end is what the next writer cuts off. */
static int adopt_open_log(struct lsm *db, uint64_t number, const struct wal_recovery *found)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t size;

	if (found->torn && !found->damaged)
		return db_logs_note_old_locked(db, number,
					       number == found->tail_number ? found->tail_offset
									    : WAL_FILE_HEADER_SIZE);

	wal_file_name(number, name);
	int err = env_dir_file_size(db->dir, name, &size);

	return err ? err : db_logs_note_old_locked(db, number, size);
}

/*
 * Bring the logs into the form that writing goes on from. Those before the tail stay until their
 * changes are in tables; the tail is cut where the history ends and written on. Newer ones (the
 * spare log of the last time, or what a power cut left of logs behind a torn one) hold nothing:
 * they are emptied, before anything new is written to the tail, lest old records come back as its
 * continuation. The first of them becomes the spare log.
 */
static int adopt_log(struct lsm *db, uint64_t number, uint64_t end,
		     const struct wal_recovery *found)
{
	struct wal_writer *writer;

	/* its records end at `end`: what a crash may have left behind them is no part of the store
	 */
	if (number < found->tail_number)
		return db_logs_note_old_locked(db, number, end);
	if (db->options.read_only)
		return adopt_open_log(db, number, found);
	bool tail = number == found->tail_number;
	int err = wal_writer_resume(db->dir, number,
				    tail ? found->tail_offset : WAL_FILE_HEADER_SIZE, &writer);

	if (err)
		return err;
	if (tail)
		db_logs_push_locked(db, writer);
	else if (!db->spare_log)
		db_spare_log_put(db, writer);
	else
		wal_writer_close(writer);
	return 0;
}

static int adopt_logs(struct lsm *db, const struct tree_recovery *tree, struct replayed *p,
		      const struct wal_recovery *found)
{
	struct wal_writer *first;
	int err = 0;

	for (size_t i = 0; !err && i < tree->log_count; i++)
		err = adopt_log(db, tree->logs[i], p->ends[i], found);
	if (err || db->log_count > 0 || db->options.read_only)
		return err;
	/* a new store */
	err = db_spare_log_take(db, &first);
	if (!err)
		db_logs_push_locked(db, first);
	return err;
}

/*
 * A writer beside this reader makes new logs of old ones: what was read of one that is not there
 * any more may have been overwritten meanwhile. (It is renamed first.)
 */
static int check_still_there(struct lsm *db, const struct wal_set *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		char name[ENV_NAME_MAX + 1];
		uint64_t size;

		wal_file_name(logs->numbers[i], name);
		int err = env_dir_file_size(db->dir, name, &size);

		if (err == -ENOENT)
			return fail(-EUCLEAN, "%s: gone while it was read", name);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The logs are replayed, and a record names chunks that are not there: the history ends before it,
 * and has to be replayed up to there. But beside a writer the log may have been flushed meanwhile,
 * and its chunks have gone.
 */
static int note_torn(struct lsm *db, uint64_t bad_seqno)
{
	int err = db->options.read_only ? tree_check_fresh(db->tree) : 0;

	if (!err && db->options.recovery == LSM_RECOVER_WHOLE)
		return fail(-EUCLEAN, "%s: the log is torn there", fail_text());
	if (!err)
		log_warn("the log ends before change %" PRIu64
			 ": what it names is not there reason=\"%s\"",
			 bad_seqno, fail_text());
	return err;
}

/*
 * What is replayed counts as durable. But the process before this one may have left it in the page
 * cache, and have met an error when it synced it, after which the kernel takes it for written: so
 * none of it is read before it is on the disk, nor from anywhere else.
 */
static int resync_logs(struct lsm *db, const struct wal_set *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		cleanup_file struct env_file *file = NULL;
		char name[ENV_NAME_MAX + 1];

		wal_file_name(logs->numbers[i], name);
		int err = env_dir_open(db->dir, name, ENV_REUSE, &file);

		if (err == -ENOENT)
			continue; /* wal_recover knows what that means */
		if (!err)
			err = env_file_resync(file);
		if (err)
			return err;
	}
	return 0;
}

static int replay_logs(struct lsm *db, struct wal_set *logs, struct replayed *p,
		       struct wal_recovery *ret_found)
{
	int err;

	do {
		drop_memtables(p);
		err = begin_memtable(p);
		if (!err)
			err = wal_recover(db->dir, logs, apply_record, p, ret_found);
		if (!err && !db->options.read_only)
			err = chunk_claims_resync(&p->claims);
		if (!err)
			err = chunk_claims_check(&p->claims, ret_found->durable_seqno,
						 &logs->bad_seqno);
		if (!err && logs->bad_seqno)
			err = note_torn(db, logs->bad_seqno);
	} while (!err && logs->bad_seqno);
	return err;
}

static enum wal_policy wal_policy(const struct lsm_options *options)
{
	static const enum wal_policy policies[] = {
		[LSM_RECOVER_WHOLE] = WAL_WHOLE,
		[LSM_RECOVER_TAIL] = WAL_TAIL,
		[LSM_RECOVER_PREFIX] = WAL_PREFIX,
	};

	return policies[options->recovery];
}

static int replay(struct lsm *db, const struct tree_recovery *tree, struct replayed *p,
		  struct wal_recovery *ret_found)
{
	uint64_t start = env_mono_ns(db->env);
	struct wal_set logs = {
		.numbers = tree->logs,
		.count = tree->log_count,
		.after_seqno = tree->flushed_seqno,
		.durable_seqno = tree->durable_seqno,
		.at_log = &p->at_log,
		.read_bytes = db->options.log_read_bytes,
		.policy = wal_policy(&db->options),
	};

	logs.ends = p->ends = calloc(logs.count + 1, sizeof(*p->ends));
	if (!p->ends)
		return -ENOMEM;
	int err = db->options.read_only ? 0 : resync_logs(db, &logs);

	if (!err)
		err = replay_logs(db, &logs, p, ret_found);
	if (!err && db->options.read_only)
		err = check_still_there(db, &logs);
	if (err)
		return err;
	for (size_t i = 0; i < p->count; i++)
		db->recovered_records += memtable_count(p->tables[i].table);
	db->recovered_bytes = ret_found->payload_bytes;
	db->recovery_torn_bytes = ret_found->torn ? ret_found->torn_bytes : 0;
	db->recovery_damaged = ret_found->damaged;
	db->recovery_torn_log = ret_found->torn ? ret_found->tail_number : 0;
	db->recovery_torn_offset = ret_found->torn ? ret_found->tail_offset : 0;
	db->recovery_ns = env_mono_ns(db->env) - start;
	if (ret_found->damaged)
		log_error("the log is damaged: what follows change %" PRIu64
			  " is given up reason=\"%s\"",
			  ret_found->last_seqno, fail_text());
	else if (ret_found->torn && !db->options.read_only)
		log_warn("torn end of the log cut off log=%" PRIu64 " offset=%" PRIu64
			 " bytes=%" PRIu64,
			 ret_found->tail_number, ret_found->tail_offset, ret_found->torn_bytes);
	return 0;
}

/*
 * Behind damage no log can be written on: its records would be damage to the next open. So all that
 * was replayed is to be flushed (db_settle_damage), which lets go of all logs, and a new log
 * begins. It goes on behind every change that is known to have been there, so that the proofs of
 * those are none against it.
 */
static int begin_anew(struct lsm *db, struct replayed *p, struct wal_recovery *found)
{
	struct full_memtable *last = &p->tables[p->count - 1];
	struct wal_writer *log;

	if (db->options.read_only)
		return 0;
	found->last_seqno = max_of(found->last_seqno, found->durable_seqno);
	/* what a named snapshot does not see must not get the seqno of what it did */
	found->last_seqno = max_of(found->last_seqno, snapshot_list_newest_seqno(&db->named));
	/* one more, so that there is something to flush even if nothing was replayed */
	found->last_seqno++;
	int err = db_spare_log_take(db, &log);

	if (err)
		return err;
	db_logs_push_locked(db, log);
	last->last_seqno = found->last_seqno;
	last->keep_log = wal_writer_number(log);
	db->damaged = true;
	return begin_memtable(p);
}

int db_settle_damage(struct lsm *db)
{
	return db->damaged ? lsm_flush(db) : 0;
}

static int start_state(struct lsm *db, const struct replayed *p)
{
	struct version *version = tree_current(db->tree);
	int err = db_state_start(db, memtable_ref(p->tables[0].table), version);

	if (err) {
		memtable_unref(p->tables[0].table);
		version_unref(version);
		return err;
	}
	db->memtable = p->tables[0].table;
	mutex_guard(&db->work_mu);

	for (size_t i = 1; i < p->count; i++) {
		const struct full_memtable *full = &p->tables[i - 1];
		struct db_state *next = db_state_new(db);

		if (!next)
			return -ENOMEM;
		db->memtable = memtable_ref(p->tables[i].table);
		db_state_switch_memtable_locked(db, next, db->memtable, full->last_seqno,
						full->keep_log);
	}
	return 0;
}

static int recover_into(struct lsm *db, const struct tree_recovery *tree, struct replayed *p)
{
	struct wal_recovery found = {0};
	int err = replay(db, tree, p, &found);

	if (err)
		return err;
	if (found.damaged)
		err = begin_anew(db, p, &found);
	if (err)
		return err;
	db->last_seqno = found.last_seqno;
	db->flushed_seqno = tree->flushed_seqno;
	db->unmarked = found.records > 0;
	atomic_store_explicit(&db->visible_seqno, found.last_seqno, memory_order_relaxed);
	err = found.damaged ? 0 : adopt_logs(db, tree, p, &found);
	if (err)
		return err;
	if (!db->options.read_only)
		atomic_store_explicit(&db->durable_seqno, found.last_seqno, memory_order_relaxed);
	return start_state(db, p);
}

int db_recover(struct lsm *db)
{
	struct replayed p = {.options = &db->options, .claims = {.db = db}};
	struct tree_recovery tree = {0};
	int err = open_tree(db, &tree);

	if (!err)
		err = db_named_snapshots_restore(db);
	if (!err)
		err = recover_into(db, &tree, &p);
	if (!err && !db->options.read_only) {
		/* what the logs name has its references by now */
		tree_release_found_blobs(db->tree);
		tree_purge(db->tree);
	}
	replayed_done(&p);
	free(tree.logs);
	return err;
}
