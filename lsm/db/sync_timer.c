#include "lsm/db/sync_timer.h"

#include "lsm/base/clock.h"
#include "lsm/base/log.h"
#include "lsm/db/counters.h"
#include "lsm/db/live.h"
#include "lsm/db/logs.h"

static uint64_t period_ns(const struct lsm *db)
{
	if (db_live_get(db, sync_mode) == LSM_SYNC_BATCH)
		return db_live_get(db, sync_batch_delay_us) * UINT64_C(1000);
	return db_live_get(db, sync_interval_ms) * UINT64_C(1000000);
}

/* Sleep until something was written, then for a period, or until BATCH has its records. False:
 * stop. */
static bool wait_until_due(struct lsm *db)
{
	mutex_guard(&db->timer_mu);

	while (!db->timer_stopping && !atomic_load_explicit(&db->dirty, memory_order_relaxed))
		cond_wait(&db->timer_wanted, &db->timer_mu);

	const uint64_t start = clock_mono_ns();

	/* the period may change meanwhile */
	while (!db->timer_stopping && !db->timer_due)
		if (!cond_wait_until(&db->timer_wanted, &db->timer_mu, start + period_ns(db)))
			break;
	db->timer_due = false;
	return !db->timer_stopping;
}

static void timer_loop(void *arg)
{
	struct lsm *db = arg;

	thread_set_kind(THREAD_PROMPT);
	while (wait_until_due(db)) {
		/* before the sync: a write that comes during it begins the next period */
		atomic_store_explicit(&db->dirty, false, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst); /* pairs with db_sync_timer_note */
		uint64_t seqno = atomic_load_explicit(&db->visible_seqno, memory_order_acquire);

		/* a failure has made the store read-only, was logged, and every writer will hear of
		 * it */
		ignore_result(db_logs_sync(db, seqno));
	}
}

int db_sync_timer_start(struct lsm *db)
{
	return thread_start(&db->timer_thread, "lsm-sync", timer_loop, db);
}

static bool is_timed(enum lsm_sync_mode mode)
{
	return mode == LSM_SYNC_BATCH || mode == LSM_SYNC_INTERVAL;
}

void db_sync_timer_wake(struct lsm *db)
{
	mutex_guard(&db->timer_mu);

	/* what was written in a mode without a timer is its business from now on */
	if (is_timed(db_live_get(db, sync_mode)))
		atomic_store_explicit(&db->dirty, true, memory_order_relaxed);
	cond_signal(&db->timer_wanted);
}

void db_sync_timer_stop(struct lsm *db)
{
	mutex_lock(&db->timer_mu);
	db->timer_stopping = true;
	cond_broadcast(&db->timer_wanted);
	mutex_unlock(&db->timer_mu);
	thread_join(&db->timer_thread);
}

void db_sync_timer_note(struct lsm *db, uint32_t records)
{
	const enum lsm_sync_mode mode = db_live_get(db, sync_mode);
	const uint64_t batch = db_live_get(db, sync_batch_records);
	bool due = false;

	if (!is_timed(mode))
		return;
	if (mode == LSM_SYNC_BATCH) {
		uint64_t before = atomic_fetch_add_explicit(&db->unsynced_records, records,
							    memory_order_relaxed);

		due = before < batch && before + records >= batch;
	}
	/*
	 * The fence orders this thread's store of visible_seqno before its load of dirty, as the
	 * timer's store of dirty is ordered before its load of visible_seqno: one of the two sees
	 * the other. A load first, because the flag is set nearly always and a shared read costs
	 * less than an exchange.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	bool first = !atomic_load_explicit(&db->dirty, memory_order_relaxed) &&
		     !atomic_exchange_explicit(&db->dirty, true, memory_order_seq_cst);

	if (!first && !due)
		return;
	mutex_lock(&db->timer_mu);
	db->timer_due |= due;
	cond_signal(&db->timer_wanted);
	mutex_unlock(&db->timer_mu);
}
