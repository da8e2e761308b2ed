#include "lsm/db/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/log.h"
#include "lsm/db/counters.h"

static void health_free(struct shared *shared)
{
	free(container_of(shared, struct db_health, shared));
}

static struct db_health *health_new(enum lsm_health kind, const char *text)
{
	struct db_health *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	shared_init(&h->shared, health_free);
	h->kind = kind;
	(void)snprintf(h->text, sizeof(h->text), "%s", text); /* cut is good enough */
	return h;
}

static struct db_health *health_acquire(struct lsm *db)
{
	return container_of(shared_slot_acquire(&db->health), struct db_health, shared);
}

int db_health_start(struct lsm *db)
{
	struct db_health *h = health_new(LSM_HEALTH_OK, "");

	if (!h)
		return -ENOMEM;
	shared_slot_init(&db->health, &h->shared);
	return 0;
}

/* Read-only is final; without memory the old word stands, and the log has the new one. */
static void health_replace_locked(struct lsm *db, enum lsm_health kind, const char *text)
{
	struct db_health *now = health_acquire(db);
	bool wanted = now->kind != LSM_HEALTH_READ_ONLY;

	shared_unref(&now->shared);
	if (!wanted)
		return;
	struct db_health *next = health_new(kind, text);

	if (next)
		shared_slot_replace(&db->health, &next->shared);
}

/* Degraded by the first job that fails, or by want of space, or well. */
static void health_settle_locked(struct lsm *db)
{
	for (int kind = 0; kind < DB_JOB_KINDS; kind++) {
		if (!db->jobs[kind].error)
			continue;
		health_replace_locked(db, LSM_HEALTH_DEGRADED, db->jobs[kind].text);
		return;
	}
	if (db->low_on_space)
		health_replace_locked(db, LSM_HEALTH_DEGRADED,
				      "low on space: the reserve is given back, and only what "
				      "frees space is taken");
	else if (atomic_load_explicit(&db->disk_full, memory_order_relaxed))
		health_replace_locked(db, LSM_HEALTH_DEGRADED,
				      "the disk is full: only what frees space is taken");
	else
		health_replace_locked(db, LSM_HEALTH_OK, "");
}

void db_health_set_low_locked(struct lsm *db, bool low)
{
	db->low_on_space = low;
	/* room for the reserve is room for a put */
	if (!low)
		atomic_store_explicit(&db->disk_full, false, memory_order_relaxed);
	health_settle_locked(db);
}

void db_health_note_full(struct lsm *db, bool full)
{
	if (likely(atomic_load_explicit(&db->disk_full, memory_order_relaxed) == full))
		return;
	mutex_guard(&db->work_mu);

	atomic_store_explicit(&db->disk_full, full, memory_order_relaxed);
	health_settle_locked(db);
}

void db_health_degrade_locked(struct lsm *db, enum db_job_kind kind, int error)
{
	static const char *const names[DB_JOB_KINDS] = {"flush", "compaction"};
	struct db_job_record *job = &db->jobs[kind];

	job->error = error;
	job->in_a_row++;
	job->failures++;
	counter_add(&db->job_failures[kind], 1);
	(void)snprintf(job->text, sizeof(job->text), "%s failed: %s: %s", names[kind],
		       strerror(-error), fail_text());
	log_error("background job failed job=%s error=%d reason=\"%s\"", names[kind], error,
		  fail_text());
	health_settle_locked(db);
}

void db_health_recover_locked(struct lsm *db, enum db_job_kind kind)
{
	if (!db->jobs[kind].error)
		return;
	db->jobs[kind].error = 0;
	db->jobs[kind].in_a_row = 0;
	health_settle_locked(db);
}

/* Take no change any more: `what` has failed with `error`, and the thread's sentence says why. */
static void fail_store(struct lsm *db, int error, const char *what)
{
	char text[ERROR_TEXT_MAX];
	int none = 0;

	if (!atomic_compare_exchange_strong(&db->failed, &none, error))
		return;
	(void)snprintf(text, sizeof(text), "the %s failed, reopen the store: %s", what,
		       fail_text());
	log_error("store is read-only now error=%d reason=\"the %s failed: %s\"", error, what,
		  fail_text());
	mutex_lock(&db->work_mu);
	health_replace_locked(db, LSM_HEALTH_READ_ONLY, text);
	mutex_unlock(&db->work_mu);
}

static void wake_all(struct lsm *db)
{
	mutex_lock(&db->work_mu);
	cond_broadcast(&db->work_done);
	cond_broadcast(&db->work_wanted);
	mutex_unlock(&db->work_mu);
}

int db_fail_log(struct lsm *db, int error)
{
	int answer = env_is_full(error) ? -EIO : error;
	int none = 0;

	fail_store(db, answer, "log");
	(void)atomic_compare_exchange_strong(&db->log_failed, &none, answer);
	wake_all(db);
	return answer;
}

void db_watch_tree(struct lsm *db)
{
	int none = 0;

	if (likely(!tree_is_broken(db->tree)))
		return;
	int error = tree_check_writable(db->tree);

	fail_store(db, error, "manifest");
	(void)atomic_compare_exchange_strong(&db->tree_failed, &none, error);
	wake_all(db);
}

static int refuse(struct lsm *db)
{
	char text[ERROR_TEXT_MAX];

	/* who made it read-only may not have got to the sentence yet */
	if (db_health_read(db, text) != LSM_HEALTH_READ_ONLY)
		return fail(-EROFS, "the store has become read-only, reopen it");
	return fail(-EROFS, "%s", text);
}

int db_check_writable(struct lsm *db)
{
	if (db->options.read_only)
		return fail(-EROFS, "the store is open read-only");
	return likely(!atomic_load_explicit(&db->failed, memory_order_relaxed)) ? 0 : refuse(db);
}

int db_check_log(struct lsm *db)
{
	return likely(!atomic_load_explicit(&db->log_failed, memory_order_relaxed)) ? 0
										    : refuse(db);
}

int lsm_check_writable(struct lsm *db)
{
	int err = db_check_writable(db);

	return err ? err : db_check_thawed(db);
}

enum lsm_health db_health_read(struct lsm *db, char *ret_text)
{
	struct db_health *now = health_acquire(db);
	enum lsm_health kind = now->kind;

	memcpy(ret_text, now->text, sizeof(now->text));
	shared_unref(&now->shared);
	return kind;
}
