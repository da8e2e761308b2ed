/*
 * Flush and compaction on demand.
 */
#include <errno.h>

#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/db/background.h"
#include "lsm/db/health.h"
#include "lsm/db/reserve.h"
#include "lsm/db/state.h"
#include "lsm/db/write.h"

/* The flush thread's error, with its sentence, which stands in the store's health. */
static int flush_failed_locked(struct lsm *db)
{
	char text[ERROR_TEXT_MAX];

	(void)db_health_read(db, text);
	/* it may have worked since, which is too late for this caller's changes to be told apart */
	return fail(db->jobs[DB_JOB_FLUSH].error ? db->jobs[DB_JOB_FLUSH].error : -EIO, "%s", text);
}

/* The first error that left the tree unknown, with its sentence. */
static int tree_failed_locked(struct lsm *db, int error)
{
	char text[ERROR_TEXT_MAX];

	(void)db_health_read(db, text);
	return fail(error, "%s", text);
}

int lsm_flush(struct lsm *db)
{
	int err = db_check_writable(db);
	uint64_t want = atomic_load_explicit(&db->visible_seqno, memory_order_acquire);

	if (!err)
		err = db_switch_memtable(db);
	if (err)
		return err;
	mutex_guard(&db->work_mu);

	const struct db_job_record *flushes = &db->jobs[DB_JOB_FLUSH];
	uint64_t failures = flushes->failures;

	while (db->flushed_seqno < want) {
		int error = atomic_load_explicit(&db->tree_failed, memory_order_relaxed);

		if (error)
			return tree_failed_locked(db, error);
		if (flushes->failures != failures)
			return flush_failed_locked(db);
		cond_wait(&db->work_done, &db->work_mu);
	}
	return 0;
}

/* How much there is to do shows level by level. A level's bytes are compressed, while the records
 * are counted as they are read: so the job's end settles what it came to. */
static int run_watched(struct lsm *db, struct compaction_job *job)
{
	struct long_work *work = db->options.work;
	uint64_t done = work ? long_work_done(work) : 0;
	uint64_t bytes = job->input_bytes;

	long_work_expect(work, bytes);
	int err = db_run_compaction(db, job, work);

	if (!err && work && long_work_done(work) < done + bytes)
		return long_work_step(work, done + bytes - long_work_done(work));
	return err;
}

/* Compact the range out of one level. */
static int compact_level(struct lsm *db, int level, struct slice from, struct slice to)
{
	struct compaction_job job;

	for (;;) {
		int err = tree_pick_range(db->tree, level, from, to, &job);

		if (err == -ENOENT) {
			db_reserve_lend(db, DB_JOB_COMPACTION, 0);
			return 0;
		}
		if (err == 0)
			err = run_watched(db, &job);
		if (err == 0)
			return 0;
		if (err == -EAGAIN)
			continue;
		if (err != -EBUSY)
			return err;
		err = long_work_step(db->options.work, 0);
		if (err)
			return err;
		/* a background job has the tables: it ends with work_done; a lost wake-up costs a
		 * tenth of a second */
		mutex_lock(&db->work_mu);
		(void)cond_wait_until(&db->work_done, &db->work_mu,
				      clock_mono_ns() + UINT64_C(100000000));
		mutex_unlock(&db->work_mu);
	}
}

int lsm_compact_level(struct lsm *db, unsigned level)
{
	if (level >= TREE_LEVELS)
		return fail(-EINVAL, "levels are 0 to %d", TREE_LEVELS - 1);
	int err = lsm_flush(db);
	struct slice all = {0};

	return err ? err : compact_level(db, (int)level, all, all);
}

int lsm_set_note(struct lsm *db, struct slice note)
{
	uint64_t releases = db_reserve_releases(db);
	int err = db_check_writable(db);

	if (err)
		return err;
	mutex_guard(&db->naming_mu);

	/* it replaces one, so it takes next to nothing */
	do
		err = tree_set_note(db->tree, note);
	while (env_is_full(err) && db_reserve_release(db, &releases));
	db_watch_tree(db);
	return err;
}

int lsm_note(struct lsm *db, struct buf *ret_note)
{
	return tree_note(db->tree, ret_note);
}

int lsm_compact(struct lsm *db, struct slice from, struct slice to)
{
	int err = lsm_flush(db);

	for (int level = 0; !err && level < TREE_LEVELS; level++)
		err = compact_level(db, level, from, to);
	return err;
}
