/*
 * One mutex is the order of commits: under it a writer gets its seqnos, appends to the log (one
 * write(2)) and inserts into the memtable. That is 1 to 3 us, less than waking another thread to do
 * it, so there is no queue and no leader: whoever holds the mutex commits. A disk sync is outside
 * of it (lsm/db/logs.c) and is shared.
 *
 * Everything that can fail and can be done before the log is: the checksum, the room in the
 * memtable, the space on the disk. After the append nothing can fail, so memtable and log agree,
 * and the log holds no change that was answered with an error. (A sync that the caller asked for
 * may still fail: then the change is applied, the store turns read-only, and whether the change is
 * on the disk nobody can know.)
 */
#include "lsm/db/write.h"

#include <errno.h>

#include "lsm/base/clock.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "lsm/db/counters.h"
#include "lsm/db/expect.h"
#include "lsm/db/feed.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"
#include "lsm/db/logs.h"
#include "lsm/db/reserve.h"
#include "lsm/db/spare_log.h"
#include "lsm/db/spill.h"
#include "lsm/db/state.h"
#include "lsm/tree/stall.h"

enum {
	BLOB_PER_MEMTABLE_TIMES = 16, /* so many times its own limit may a memtable name in blobs */
};

static struct stall stall_now(struct lsm *db, bool need_memtable)
{
	struct stall_options limits = {
		.l0_slowdown = db_live_get(db, l0_slowdown),
		.l0_stop = db_live_get(db, l0_stop),
		.memtables_max = db_live_get(db, memtables_max),
	};
	unsigned l0_files = atomic_load_explicit(&db->l0_files, memory_order_relaxed);

	/* without compaction level 0 grows until lsm_compact: waiting would be for ever */
	if (db->options.compaction_threads == 0 ||
	    atomic_load_explicit(&db->compaction_paused, memory_order_relaxed))
		l0_files = 0;
	return stall_decide(&limits, l0_files,
			    atomic_load_explicit(&db->full_memtables, memory_order_relaxed),
			    need_memtable);
}

/* The error of the background job that would have to end the stall. */
static int awaited_error_locked(const struct lsm *db, bool need_memtable)
{
	bool flush =
		need_memtable && atomic_load_explicit(&db->full_memtables, memory_order_relaxed) >=
					 db_live_get(db, memtables_max);

	return db->jobs[flush ? DB_JOB_FLUSH : DB_JOB_COMPACTION].error;
}

static enum lsm_stall reason_of(const struct stall *stall)
{
	if (stall->kind == STALL_SLOW)
		return LSM_STALL_LEVEL0_SLOW;
	return stall->cause == STALL_BY_MEMTABLES ? LSM_STALL_MEMTABLES : LSM_STALL_LEVEL0_STOP;
}

/* Until when a write that waits now goes on waiting. */
static uint64_t wait_end(const struct lsm *db)
{
	uint64_t timeout_ms = db_live_get(db, stall_timeout_ms);

	return timeout_ms ? clock_mono_ns() + timeout_ms * UINT64_C(1000000) : UINT64_MAX;
}

/* Wait as the stall says, or until it is over, or until the job that has to end it has failed. */
static int stall_wait(struct lsm *db, struct stall stall, bool need_memtable)
{
	enum lsm_stall reason = reason_of(&stall);
	uint64_t start = env_mono_ns(db->env);
	int err = 0;

	counter_add(&db->stalls[reason], 1);
	counter_add(&db->stalled_writers, 1);
	const uint64_t give_up = wait_end(db);

	mutex_lock(&db->work_mu);
	if (stall.kind == STALL_SLOW) {
		(void)cond_wait_until(&db->work_done, &db->work_mu,
				      clock_mono_ns() + stall.delay_us * UINT64_C(1000));
	} else {
		while (!err && stall_now(db, need_memtable).kind == STALL_STOP &&
		       !(err = awaited_error_locked(db, need_memtable)) &&
		       !atomic_load_explicit(&db->failed, memory_order_relaxed))
			if (!cond_wait_until(&db->work_done, &db->work_mu, give_up))
				err = -ETIMEDOUT;
	}
	mutex_unlock(&db->work_mu);
	counter_add(&db->stalls_ns[reason], env_mono_ns(db->env) - start);
	counter_add(&db->stalled_writers, UINT64_C(0) - 1);
	if (err == -ETIMEDOUT)
		return fail(err, "a write has waited for the background for too long (%s)",
			    stall.reason);
	if (err)
		return fail(err, "writes wait for a background job that fails (%s)", stall.reason);
	return 0;
}

/* Small stores are let go of theirs earlier. */
static uint64_t blob_limit(const struct lsm *db)
{
	return min_of((uint64_t)DB_BLOB_PER_MEMTABLE,
		      BLOB_PER_MEMTABLE_TIMES * db_live_get(db, memtable_bytes));
}

static bool memtable_is_full_for(const struct lsm *db, size_t memory_bytes)
{
	uint64_t segment = db_live_get(db, log_segment_bytes);

	return memtable_count(db->memtable) > 0 &&
	       ((segment > 0 && db_log_size_locked(db) >= segment) ||
		memtable_bytes(db->memtable) + memory_bytes > db_live_get(db, memtable_bytes) ||
		db->memtable_blob_bytes > blob_limit(db));
}

/* Put a fresh memtable and the spare log in place. The caller holds write_mu and knows that a full
 * memtable more is allowed. */
static int switch_memtable_locked(struct lsm *db)
{
	struct memtable *fresh = NULL;
	struct db_state *next = db_state_new(db);
	struct wal_writer *log = NULL;
	int err = next ? memtable_new_pooled(&db->pool, &fresh) : -ENOMEM;

	if (!err)
		err = db_spare_log_take(db, &log);
	if (err) {
		memtable_unref(fresh);
		db_state_release(next);
		return err;
	}
	mutex_lock(&db->work_mu);
	db_state_switch_memtable_locked(db, next, fresh, db->last_seqno, wal_writer_number(log));
	cond_broadcast(&db->work_wanted);
	mutex_unlock(&db->work_mu);
	db_logs_push_locked(db, log);
	db->memtable = fresh;
	db->memtable_serial++;
	db->memtable_blob_bytes = 0;
	return 0;
}

/* Come back with room for memory_bytes in the memtable, or an error. write_mu is held, and let go
 * of while waiting. */
static int make_room_locked(struct lsm *db, size_t memory_bytes)
{
	bool delayed = false;
	int err;

	for (;;) {
		err = db_check_writable(db);
		if (err)
			return err;
		bool full = memtable_is_full_for(db, memory_bytes);
		struct stall stall = stall_now(db, full);

		if (likely(stall.kind == STALL_NONE || (stall.kind == STALL_SLOW && delayed))) {
			if (!full)
				return 0;
			err = switch_memtable_locked(db);
			if (err)
				return err;
			continue;
		}
		delayed = stall.kind == STALL_SLOW;
		mutex_unlock(&db->write_mu);
		err = stall_wait(db, stall, full);
		mutex_lock(&db->write_mu);
		if (err)
			return err;
	}
}

static void release_file(void *file)
{
	blob_file_unref(file);
}

int db_keep_file_locked(struct lsm *db, struct memtable *memtable, struct blob_file *file)
{
	struct pin pin = {.release = release_file, .owner = file};

	if (file->attached == db->memtable_serial)
		return 0;
	int err = memtable_keep(memtable, pin);

	if (err)
		return err;
	(void)blob_file_ref(file); /* the pin's */
	file->attached = db->memtable_serial;
	return 0;
}

/* Let the memtable hold on to the blob files that the changes name, before they are logged. */
static int keep_files_locked(struct lsm *db, const struct blob_refs *refs)
{
	int err = 0;

	for (size_t i = 0; !err && i < refs->count; i++) {
		db->memtable_blob_bytes += refs->refs[i].bytes;
		err = db_keep_file_locked(db, db->memtable, refs->refs[i].file);
	}
	return err;
}

static int commit_locked(struct lsm *db, const struct db_attempt *attempt, struct wal_record *rec)
{
	const struct batch *batch = &attempt->changes->changes;
	/* before, since room may cost a new log */
	int err = attempt->use_reserve ? 0 : db_reserve_check(db);

	if (!err)
		err = make_room_locked(db, batch->memory_bytes);
	/* after the last moment at which write_mu was let go of */
	if (!err && !attempt->past_freeze)
		err = db_check_thawed(db);
	if (!err && !attempt->use_reserve)
		err = db_reserve_check(db);
	if (!err)
		err = expect_list_check(attempt->expected, db);
	if (!err)
		err = memtable_reserve(db->memtable, batch->memory_bytes, batch->count);
	/* a memtable does not let go again of what it keeps: so not for a batch without room */
	if (!err && attempt->changes->refs.count > 0)
		err = db_logs_reserve_locked(db, rec->payload.len);
	if (!err)
		err = keep_files_locked(db, &attempt->changes->refs);
	if (err)
		return err;
	rec->first_seqno = db->last_seqno + 1;
	rec->time_ns = env_real_ns(db->env);
	err = db_logs_append_locked(db, rec);
	if (err)
		return err;
	memtable_apply(db->memtable, rec->payload, rec->first_seqno, rec->time_ns);
	db->last_seqno += rec->count;
	/* pairs with the acquire in db_read_seqno: who sees the seqno sees the records */
	atomic_store_explicit(&db->visible_seqno, db->last_seqno, memory_order_release);
	if (unlikely(db->feed))
		feed_push_batch(db->feed, rec->payload, rec->first_seqno, rec->time_ns);
	return 0;
}

/*
 * The preconditions once without the mutex: it is answered here that one does not hold, and when
 * they do the blocks that tell are in the cache, so that under write_mu, where they are checked
 * again, a read of the disk is rare: a table replaced in between, or a cache too small.
 */
static int expect_early(struct lsm *db, const struct expect_list *expected)
{
	return expect_list_check(expected, db);
}

int db_commit_nothing(struct lsm *db, const struct expect_list *expected,
		      struct lsm_commit *ret_commit)
{
	int err = expect_early(db, expected);

	if (err)
		return err;
	mutex_guard(&db->write_mu);

	err = expect_list_check(expected, db);
	if (!err)
		*ret_commit = (struct lsm_commit){.seqno = db->last_seqno};
	return err;
}

int db_commit(struct lsm *db, const struct db_attempt *attempt, struct lsm_commit *ret_commit)
{
	const struct batch *batch = &attempt->changes->changes;
	struct wal_record rec = {
		.type = WAL_BATCH,
		.count = batch->count,
		.payload = buf_slice(&batch->rep),
		.payload_crc = crc32c(0, batch->rep.ptr, batch->rep.len),
	};
	int err = expect_early(db, attempt->expected);

	if (err)
		return err;
	mutex_lock(&db->write_mu);
	err = commit_locked(db, attempt, &rec);
	mutex_unlock(&db->write_mu);
	if (err)
		return err;
	ret_commit->seqno = rec.first_seqno + rec.count - 1;
	ret_commit->time_ns = rec.time_ns;
	return 0;
}

int db_switch_tombstones(struct lsm *db)
{
	mutex_guard(&db->write_mu);

	if (memtable_tombstones(db->memtable) == 0 || stall_now(db, true).kind == STALL_STOP)
		return 0;
	return switch_memtable_locked(db);
}

int db_switch_memtable(struct lsm *db)
{
	int err = 0;

	mutex_lock(&db->write_mu);
	while (!err && memtable_count(db->memtable) > 0) {
		struct stall stall = stall_now(db, true);

		if (stall.kind != STALL_STOP) {
			err = switch_memtable_locked(db);
			break;
		}
		mutex_unlock(&db->write_mu);
		err = stall_wait(db, stall, true);
		mutex_lock(&db->write_mu);
		if (!err)
			err = db_check_writable(db);
	}
	mutex_unlock(&db->write_mu);
	return err;
}
