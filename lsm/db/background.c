#include "lsm/db/background.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "lsm/base/log.h"
#include "lsm/db/counters.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"
#include "lsm/db/logs.h"
#include "lsm/db/reserve.h"
#include "lsm/db/snapshot.h"
#include "lsm/db/spare_log.h"
#include "lsm/db/state.h"
#include "lsm/db/sync_timer.h"
#include "lsm/db/value.h"
#include "lsm/db/write.h"

enum {
	RETRY_FIRST_MS = 10, /* after the first failure; twice as long after each more */
	RETRY_LAST_MS = 1000,
};

#define SPACE_PAUSE_NS UINT64_C(1000000000)

void db_want_compaction(struct lsm *db)
{
	mutex_guard(&db->work_mu);

	db->compaction_wanted = true;
	cond_broadcast(&db->work_wanted);
}

void db_purge(struct lsm *db)
{
	/* blob files that only those tables still needed may now be worth emptying */
	if (tree_purge(db->tree))
		db_want_compaction(db);
	db_reserve_note_freed(db);
}

/* Let readers see what a job made of the tree. */
static void install(struct lsm *db, struct db_state *next, enum db_job_kind kind,
		    uint64_t flushed_seqno)
{
	mutex_lock(&db->work_mu);
	if (flushed_seqno > db->flushed_seqno)
		db->flushed_seqno = flushed_seqno;
	db_state_install_version_locked(db, next, db->flushed_seqno);
	db_health_recover_locked(db, kind);
	db->compaction_wanted = true;
	cond_broadcast(&db->work_wanted);
	cond_broadcast(&db->work_done);
	mutex_unlock(&db->work_mu);
	db_folds_clear(db->folds); /* they keep the old state */
	db_purge(db);
}

/* True at most once a second. */
static bool may_want_space(struct lsm *db)
{
	uint64_t now_ns = env_mono_ns(db->env);
	uint64_t next_ns = atomic_load_explicit(&db->space_next_ns, memory_order_relaxed);

	return now_ns >= next_ns && atomic_compare_exchange_strong_explicit(
					    &db->space_next_ns, &next_ns, now_ns + SPACE_PAUSE_NS,
					    memory_order_relaxed, memory_order_relaxed);
}

/* Of small values nothing would come free (lsm/tree/picker_space.c). */
static bool has_blobs(struct lsm *db)
{
	struct blob_stats blobs;

	blob_store_stats(tree_blobs(db->tree), &blobs);
	return blobs.files > 0;
}

void db_want_space(struct lsm *db)
{
	if (!may_want_space(db) || !has_blobs(db))
		return;
	atomic_store_explicit(&db->space_seqno,
			      atomic_load_explicit(&db->visible_seqno, memory_order_acquire),
			      memory_order_relaxed);
	if (db_switch_tombstones(db))
		log_warn("deletes are not flushed, though their room is wanted: %s", fail_text());
	tree_want_space(db->tree);
	db_want_compaction(db);
}

/* A flush has come as far as seqno. */
static void continue_to_want_space(struct lsm *db, uint64_t seqno)
{
	uint64_t wanted = atomic_load_explicit(&db->space_seqno, memory_order_relaxed);

	if (wanted == 0 || seqno < wanted)
		return;
	atomic_store_explicit(&db->space_seqno, 0, memory_order_relaxed);
	tree_want_space(db->tree);
}

void db_drop_dead_chunks(struct lsm *db)
{
	blob_store_seal(tree_blobs(db->tree));
	tree_purge(db->tree);
}

static int try_flush(struct lsm *db, const struct tree_flush_job *job)
{
	int err = tree_flush(db->tree, job);

	if (env_is_full(err))
		db_drop_dead_chunks(db);
	return err;
}

/*
 * A flush that meets a full disk is worth the reserve: its log can go then. It is content with what
 * a memtable's bytes come to, as the reserve is no larger.
 */
static int flush_with_reserve(struct lsm *db, struct tree_flush_job *job)
{
	uint64_t releases = db_reserve_releases(db);
	int err = try_flush(db, job);

	if (env_is_full(err)) {
		job->frugal = true;
		err = try_flush(db, job);
	}
	while (env_is_full(err) && db_reserve_release(db, &releases)) {
		db_reserve_lend(db, DB_JOB_FLUSH, db_live_get(db, memtable_bytes));
		err = try_flush(db, job);
	}
	db_reserve_lend(db, DB_JOB_FLUSH, 0);
	return err;
}

/* Write the full memtable out. Only the flush thread calls it, so the oldest full one stays the
 * oldest. */
static int flush(struct lsm *db, const struct full_memtable *full)
{
	struct tree_flush_job job = {
		.flushed_seqno = full->last_seqno,
		.keep_log = full->keep_log,
	};
	struct db_timer timer = db_timer_start(db);
	cleanup_free uint64_t *snapshots = NULL;
	struct db_state *next = db_state_new(db);
	int err = next ? db_snapshots_list(db, &snapshots, &job.snapshot_count) : -ENOMEM;

	job.snapshots = snapshots;
	if (!err)
		err = memtable_iter(full->table, &job.source);
	if (!err)
		err = memtable_iter(full->table, &job.versions);
	if (!err)
		err = flush_with_reserve(db, &job);
	iter_free(job.versions);
	iter_free(job.source);
	db_watch_tree(db);
	if (err) {
		db_state_release(next);
		return err;
	}
	/* first, so that who waits for the flush finds its log gone */
	db_logs_retire(db, full->keep_log, full->last_seqno);
	/* before whoever waits for the flush is told of it */
	db_timer_end(db, LSM_OP_FLUSH, timer);
	db_spare_log_keep(db);
	continue_to_want_space(db, full->last_seqno);
	install(db, next, DB_JOB_FLUSH, full->last_seqno);
	return 0;
}

static int flush_oldest(struct lsm *db)
{
	struct db_state *state = db_state_acquire(db);
	bool any = state->full_count > 0;
	int err = 0;

	if (any)
		err = flush(db, &state->full[0]);
	db_state_release(state);
	/* what a compaction replaced meanwhile has waited for this state, and no other job may come
	 */
	if (any && !err)
		db_purge(db);
	return err;
}

/* A broken tree takes no edit until the store is opened again: no job is worth a try. */
static bool jobs_rest(const struct lsm *db)
{
	return atomic_load_explicit(&db->tree_failed, memory_order_relaxed) != 0;
}

static uint64_t retry_deadline_locked(const struct lsm *db, enum db_job_kind kind)
{
	unsigned doublings = min_of(db->jobs[kind].in_a_row - 1, 16U);
	uint64_t pause_ms = min_of((uint64_t)RETRY_FIRST_MS << doublings, (uint64_t)RETRY_LAST_MS);

	return clock_mono_ns() + pause_ms * UINT64_C(1000000);
}

/* Note the failure, and sleep until it is worth another try; what others want meanwhile is no
 * reason to wake. */
static void retry_later(struct lsm *db, enum db_job_kind kind, int err)
{
	mutex_guard(&db->work_mu);

	if (db->stopping || jobs_rest(db))
		return;
	db_health_degrade_locked(db, kind, err);
	cond_broadcast(&db->work_done);

	uint64_t deadline = retry_deadline_locked(db, kind);

	while (!db->stopping)
		if (!cond_wait_until(&db->work_wanted, &db->work_mu, deadline))
			break;
}

static bool flush_has_work_locked(const struct lsm *db)
{
	return !jobs_rest(db) &&
	       (db->spare_state == SPARE_WANTED ||
		atomic_load_explicit(&db->full_memtables, memory_order_relaxed) > 0);
}

/* False: stop. Low on space, a look at the disk is work, too. */
static bool flush_work_wait(struct lsm *db)
{
	uint64_t look_ns = clock_mono_ns() + SPACE_PAUSE_NS;
	mutex_guard(&db->work_mu);

	while (!db->stopping && !flush_has_work_locked(db)) {
		if (!lsm_is_low(db) || jobs_rest(db))
			cond_wait(&db->work_wanted, &db->work_mu);
		else if (!cond_wait_until(&db->work_wanted, &db->work_mu, look_ns))
			break;
	}
	return !db->stopping;
}

static void flush_loop(void *arg)
{
	struct lsm *db = arg;

	while (flush_work_wait(db)) {
		db_spare_log_make(db);
		int err = flush_oldest(db);

		if (err)
			retry_later(db, DB_JOB_FLUSH, err);
		else
			db_reserve_retry(db);
	}
}

/* What is to be known of a job that has failed and is no more. */
struct failed_job {
	bool for_space;
	uint64_t input_bytes;
	uint64_t releases; /* of the reserve, when it began */
};

static int compaction_failed(struct lsm *db, struct failed_job *job, int err)
{
	bool full = env_is_full(err);

	if (full)
		db_drop_dead_chunks(db);
	db_want_compaction(db); /* its tables are free for another job again */
	if (full && job->for_space)
		return -EAGAIN; /* it was worth a try, but not the reserve */
	bool again = full && db_reserve_release(db, &job->releases);

	db_reserve_lend(db, DB_JOB_COMPACTION, again ? job->input_bytes : 0);
	return again ? -EAGAIN : err;
}

int db_run_compaction(struct lsm *db, struct compaction_job *job, struct long_work *work)
{
	struct failed_job failed = {
		.for_space = job->for_space,
		.input_bytes = job->input_bytes,
		.releases = db_reserve_releases(db),
	};
	struct tree_compact_limits limits = {.work = work};
	struct db_timer timer = db_timer_start(db);
	cleanup_free uint64_t *snapshots = NULL;
	struct db_state *next = db_state_new(db);
	int err = next ? db_snapshots_list(db, &snapshots, &limits.snapshot_count) : -ENOMEM;

	limits.snapshots = snapshots;
	counter_add(&db->compactions_running, 1);
	if (err)
		tree_drop_job(db->tree, job);
	else
		err = tree_compact(db->tree, job, &limits);
	counter_add(&db->compactions_running, UINT64_C(0) - 1);
	db_watch_tree(db);
	if (err) {
		db_state_release(next);
		return compaction_failed(db, &failed, err);
	}
	db_reserve_lend(db, DB_JOB_COMPACTION, 0);
	db_timer_end(db, LSM_OP_COMPACT, timer);
	install(db, next, DB_JOB_COMPACTION, 0);
	return 0;
}

static bool compaction_work_wait(struct lsm *db)
{
	mutex_guard(&db->work_mu);

	while (!db->stopping &&
	       (jobs_rest(db) || lsm_compaction_is_paused(db) || !db->compaction_wanted))
		cond_wait(&db->work_wanted, &db->work_mu);
	db->compaction_wanted = false;
	return !db->stopping;
}

static void compaction_loop(void *arg)
{
	struct lsm *db = arg;
	struct compaction_job job;

	thread_set_kind(THREAD_LONG);
	while (compaction_work_wait(db)) {
		db_purge(db);
		int err = tree_pick(db->tree, &job);

		if (err == 0)
			err = db_run_compaction(db, &job, NULL);
		else if (err == -ENOENT)
			db_reserve_lend(db, DB_JOB_COMPACTION, 0);
		if (err == 0 || err == -ENOENT || err == -ECANCELED || err == -EAGAIN)
			continue;
		retry_later(db, DB_JOB_COMPACTION, err);
		db_want_compaction(db);
	}
}

int db_background_start(struct lsm *db)
{
	/* what was left undone the last time, or is wanted by other options than the last time's */
	db->compaction_wanted = true;
	int err = thread_start(&db->flush_thread, "lsm-flush", flush_loop, db);

	for (unsigned i = 0; !err && i < db->options.compaction_threads; i++)
		err = thread_start(&db->compaction_threads[i], "lsm-compact", compaction_loop, db);
	if (!err)
		err = db_sync_timer_start(db);
	return err;
}

void db_background_stop(struct lsm *db)
{
	db_sync_timer_stop(db);
	mutex_lock(&db->work_mu);
	db->stopping = true;
	if (db->tree) /* the opening came so far */
		tree_stop_jobs(db->tree);
	cond_broadcast(&db->work_wanted);
	cond_broadcast(&db->work_done);
	mutex_unlock(&db->work_mu);
	thread_join(&db->flush_thread);
	for (unsigned i = 0; i < DB_COMPACTION_THREADS_MAX; i++)
		thread_join(&db->compaction_threads[i]);
}
