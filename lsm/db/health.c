#include "lsm/db/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/log.h"

static void health_free(struct shared *shared)
{
	free(container_of(shared, struct db_health, shared));
}

static struct db_health *health_new(enum lsm_health kind, int error, const char *text)
{
	struct db_health *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	shared_init(&h->shared, health_free);
	h->kind = kind;
	h->error = error;
	(void)snprintf(h->text, sizeof(h->text), "%s", text); /* cut is good enough */
	return h;
}

static struct db_health *health_acquire(struct lsm *db)
{
	return container_of(shared_slot_acquire(&db->health), struct db_health, shared);
}

int db_health_start(struct lsm *db)
{
	struct db_health *h = health_new(LSM_HEALTH_OK, 0, "");

	if (!h)
		return -ENOMEM;
	shared_slot_init(&db->health, &h->shared);
	return 0;
}

/* Read-only is final; without memory the old word stands, and the log has the new one. */
static void health_replace_locked(struct lsm *db, enum lsm_health kind, int error, const char *text)
{
	struct db_health *now = health_acquire(db);
	bool wanted = now->kind != LSM_HEALTH_READ_ONLY;

	shared_unref(&now->shared);
	if (!wanted)
		return;
	struct db_health *next = health_new(kind, error, text);

	if (next)
		shared_slot_replace(&db->health, &next->shared);
}

void db_health_degrade_locked(struct lsm *db, enum db_job_kind kind, int error)
{
	static const char *const names[DB_JOB_KINDS] = {"flush", "compaction"};
	const char *job = names[kind];
	char text[ERROR_TEXT_MAX];

	db->jobs[kind].error = error;
	db->jobs[kind].in_a_row++;
	db->jobs[kind].failures++;
	(void)snprintf(text, sizeof(text), "%s failed: %s: %s", job, strerror(-error), fail_text());
	log_error("background job failed job=%s error=%d reason=\"%s\"", job, error, fail_text());
	health_replace_locked(db, LSM_HEALTH_DEGRADED, error, text);
}

void db_health_recover_locked(struct lsm *db, enum db_job_kind kind)
{
	db->jobs[kind].error = 0;
	db->jobs[kind].in_a_row = 0;
	for (int other = 0; other < DB_JOB_KINDS; other++)
		if (db->jobs[other].error)
			return;
	struct db_health *now = health_acquire(db);
	bool degraded = now->kind == LSM_HEALTH_DEGRADED;

	shared_unref(&now->shared);
	if (degraded)
		health_replace_locked(db, LSM_HEALTH_OK, 0, "");
}

int db_fail_log(struct lsm *db, int error)
{
	char text[ERROR_TEXT_MAX];
	int none = 0;

	if (!atomic_compare_exchange_strong(&db->log_failed, &none, error))
		return error;
	(void)snprintf(text, sizeof(text), "the log failed, reopen the store: %s", fail_text());
	log_error("store is read-only now error=%d reason=\"%s\"", error, fail_text());
	mutex_lock(&db->work_mu);
	health_replace_locked(db, LSM_HEALTH_READ_ONLY, error, text);
	cond_broadcast(&db->work_done);
	mutex_unlock(&db->work_mu);
	return error;
}

int db_check_writable(struct lsm *db)
{
	char text[ERROR_TEXT_MAX];

	if (db->options.read_only)
		return fail(-EROFS, "the store is open read-only");
	if (likely(!atomic_load_explicit(&db->log_failed, memory_order_relaxed)))
		return 0;
	(void)db_health_read(db, text);
	return fail(-EROFS, "%s", text);
}

int lsm_check_writable(struct lsm *db)
{
	return db_check_writable(db);
}

enum lsm_health db_health_read(struct lsm *db, char *ret_text)
{
	struct db_health *now = health_acquire(db);
	enum lsm_health kind = now->kind;

	memcpy(ret_text, now->text, sizeof(now->text));
	shared_unref(&now->shared);
	return kind;
}
