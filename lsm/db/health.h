/*
 * The store's own word on how it is: well, degraded (a background job failed and is retried), or
 * read-only.
 *
 * Thread rule: reading takes no lock; changes under work_mu, except db_fail_log and db_watch_tree,
 * which any thread may call without it.
 */
#pragma once

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/db/db.h"

must_check int db_health_start(struct lsm *db);

/* A background job failed with `error`; its sentence is this thread's. The caller holds work_mu. */
void db_health_degrade_locked(struct lsm *db, enum db_job_kind kind, int error);
/* A job of this kind worked; the store is well when all kinds do. The caller holds work_mu. */
void db_health_recover_locked(struct lsm *db, enum db_job_kind kind);

/* The store is low on space (lsm/db/reserve.h), or no more. The caller holds work_mu. */
void db_health_set_low_locked(struct lsm *db, bool low);

/*
 * A batch that may not draw on the reserve found the disk full, or was taken. Costs next to nothing
 * while that does not change. Not with work_mu held.
 */
void db_health_note_full(struct lsm *db, bool full);

/*
 * The log could not be written or synced: from now on nothing is written, until the store is opened
 * anew, because nobody can know what the disk holds. Returns the error to answer: `error`, but for
 * -ENOSPC and -EDQUOT, which promise that nothing has happened: -EIO. Not with work_mu held.
 */
int db_fail_log(struct lsm *db, int error);
/*
 * Called after whatever may have changed the tree: when that broke it (its manifest, or the folder,
 * could not be written or synced), nothing is written any more either, and the background jobs
 * rest; what is in the logs can still be synced. Not with work_mu held.
 */
void db_watch_tree(struct lsm *db);

/* 0, or -EROFS with the sentence why when the store takes no writes. */
must_check int db_check_writable(struct lsm *db);
#define DB_FROZEN_TEXT "the store has been set read-only"

/* 0, or -EROFS with a sentence while the store is frozen (lsm_freeze). */
must_check static inline int db_check_thawed(const struct lsm *db)
{
	if (likely(!atomic_load_explicit(&db->frozen, memory_order_relaxed)))
		return 0;
	return fail(-EROFS, DB_FROZEN_TEXT);
}
/* 0, or -EROFS with the sentence why when the log cannot be synced. */
must_check int db_check_log(struct lsm *db);

/* The kind; text (of at least ERROR_TEXT_MAX bytes) is "" when well. */
enum lsm_health db_health_read(struct lsm *db, char *ret_text);
