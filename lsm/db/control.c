/*
 * What people steer while the store is open.
 */
#include "lsm/db/background.h"
#include "lsm/db/health.h"

void lsm_drop_cache(struct lsm *db)
{
	cache_clear(db->blocks);
}

void lsm_pause_compaction(struct lsm *db)
{
	mutex_guard(&db->work_mu);

	atomic_store_explicit(&db->compaction_paused, true, memory_order_relaxed);
	cond_broadcast(&db->work_done); /* who waits for compaction waits in vain: stall_now */
}

void lsm_resume_compaction(struct lsm *db)
{
	atomic_store_explicit(&db->compaction_paused, false, memory_order_relaxed);
	db_want_compaction(db);
}

bool lsm_compaction_is_paused(const struct lsm *db)
{
	return atomic_load_explicit(&db->compaction_paused, memory_order_relaxed);
}

void lsm_freeze(struct lsm *db)
{
	/* who commits, or names a snapshot, holds one of them and looks at the flag: it is over, or
	 * it will be refused */
	mutex_lock(&db->naming_mu);
	mutex_lock(&db->write_mu);
	atomic_store_explicit(&db->frozen, true, memory_order_relaxed);
	mutex_unlock(&db->write_mu);
	mutex_unlock(&db->naming_mu);
}

void lsm_thaw(struct lsm *db)
{
	mutex_guard(&db->write_mu);

	atomic_store_explicit(&db->frozen, false, memory_order_relaxed);
}

bool lsm_is_frozen(const struct lsm *db)
{
	return atomic_load_explicit(&db->frozen, memory_order_relaxed);
}
