#include "lsm/db/reserve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/log.h"
#include "lsm/db/background.h"
#include "lsm/db/health.h"
#include "lsm/db/spare_log.h"

enum {
	AUTOMATIC_EXTRA_BYTES = 1 << 20, /* beside a flush: one step of a log */
	AUTOMATIC_DISK_PART = 16,        /* at most this part of the disk */
};

#define RETRY_NS UINT64_C(1000000000)

bool lsm_is_low(const struct lsm *db)
{
	return atomic_load_explicit(&db->reserve.low, memory_order_relaxed);
}

static uint64_t held_bytes(const struct lsm *db)
{
	return atomic_load_explicit(&db->reserve.held_bytes, memory_order_relaxed);
}

static void set_held(struct lsm *db, uint64_t bytes)
{
	atomic_store_explicit(&db->reserve.held_bytes, bytes, memory_order_relaxed);
}

/* The caller holds reserve.mu. */
static void set_low_locked(struct lsm *db, bool low)
{
	bool before = lsm_is_low(db);

	if (before == low)
		return;
	atomic_store_explicit(&db->reserve.low, low, memory_order_relaxed);
	/*
	 * Whoever holds write_mu may have looked before: wait until they are through, and from here
	 * on nobody passes db_reserve_check.
	 */
	mutex_lock(&db->write_mu);
	mutex_unlock(&db->write_mu);
	mutex_lock(&db->work_mu);
	db_health_set_low_locked(db, low);
	cond_broadcast(&db->work_wanted); /* the flush thread looks at the disk while it is low */
	mutex_unlock(&db->work_mu);
	if (low)
		log_warn("low on space reserve_bytes=%" PRIu64, db->reserve.want_bytes);
	else
		log_info("reserve taken again bytes=%" PRIu64, db->reserve.want_bytes);
}

/* A flush needs about a memtable's bytes, and a log a step. */
static uint64_t wanted_bytes(struct lsm *db)
{
	uint64_t bytes = db->options.memtable_bytes + AUTOMATIC_EXTRA_BYTES;
	struct env_space space;

	if (db->options.reserve_bytes != LSM_RESERVE_AUTOMATIC)
		return db->options.reserve_bytes;
	if (env_dir_space(db->dir, &space) == 0)
		bytes = min_of(bytes, space.total_bytes / AUTOMATIC_DISK_PART);
	return bytes;
}

int db_reserve_open(struct lsm *db)
{
	struct db_reserve *r = &db->reserve;
	uint64_t size = 0;

	r->want_bytes = wanted_bytes(db);
	int err = env_dir_open(db->dir, DB_RESERVE_NAME, ENV_REUSE, &r->file);

	if (err == -ENOENT)
		return 0;
	if (!err)
		err = env_file_size(r->file, &size);
	if (err)
		return err;
	if (r->want_bytes == 0) {
		env_file_close(r->file);
		r->file = NULL;
		return env_dir_unlink(db->dir, DB_RESERVE_NAME);
	}
	if (size > r->want_bytes) {
		err = env_file_truncate(r->file, r->want_bytes);
		size = r->want_bytes;
	}
	set_held(db, err ? 0 : size);
	return err;
}

/* What the jobs that it was given to may still write. */
static uint64_t lent_bytes(const struct lsm *db)
{
	uint64_t bytes = 0;

	for (int kind = 0; kind < DB_JOB_KINDS; kind++)
		bytes += atomic_load_explicit(&db->reserve.lent_bytes[kind], memory_order_relaxed);
	return bytes;
}

void db_reserve_lend(struct lsm *db, enum db_job_kind kind, uint64_t bytes)
{
	atomic_store_explicit(&db->reserve.lent_bytes[kind], bytes, memory_order_relaxed);
}

/* Not a byte more than is sure to be there: a failed try would take the last room from others for a
 * moment. */
static int check_room(struct lsm *db, uint64_t bytes)
{
	struct env_space space;

	if (bytes == 0 || env_dir_space(db->dir, &space))
		return 0;
	return space.available_bytes >= bytes ? 0 : -ENOSPC;
}

/*
 * Also for a file that is long enough: a copy of the store may have holes in it, and where there
 * are none this costs nothing.
 */
static int take_locked(struct lsm *db)
{
	struct db_reserve *r = &db->reserve;
	uint64_t missing = r->want_bytes - held_bytes(db);
	uint64_t room = missing ? missing + lent_bytes(db) : 0;
	int err = check_room(db, room);

	if (err && db_spare_log_give_back(db))
		err = check_room(db, room);
	if (!err && !r->file)
		err = env_dir_open(db->dir, DB_RESERVE_NAME, ENV_CREATE, &r->file);
	if (err)
		return err;
	err = env_file_allocate(r->file, 0, r->want_bytes);
	if (!err)
		set_held(db, r->want_bytes);
	else
		/* of a failed try nothing stays; if this fails too, the next try has it */
		ignore_result(env_file_truncate(r->file, held_bytes(db)));
	return err;
}

void db_reserve_start(struct lsm *db)
{
	struct db_reserve *r = &db->reserve;

	if (r->want_bytes == 0)
		return;
	mutex_guard(&r->mu);

	r->next_try_ns = env_mono_ns(db->env) + RETRY_NS;
	int err = take_locked(db);

	if (err && err != -ENOSPC && err != -EDQUOT)
		log_warn("no reserve for a full disk error=%d reason=\"%s\"", err, fail_text());
	else
		set_low_locked(db, err != 0);
}

void db_reserve_close(struct lsm *db)
{
	env_file_close(db->reserve.file);
	db->reserve.file = NULL;
}

/* Everything there is, at once. */
static bool give_back_locked(struct lsm *db)
{
	struct db_reserve *r = &db->reserve;

	if (held_bytes(db) == 0)
		return false;
	set_low_locked(db, true);
	if (env_file_truncate(r->file, 0)) {
		log_error("the reserve cannot be given back: %s", fail_text());
		return false;
	}
	set_held(db, 0);
	atomic_store_explicit(&r->freed, false, memory_order_relaxed);
	r->next_try_ns = env_mono_ns(db->env) + RETRY_NS;
	return true;
}

bool db_reserve_release(struct lsm *db, uint64_t *seen)
{
	mutex_guard(&db->reserve.mu);

	bool by_another = db_reserve_releases(db) != *seen;

	if (!by_another) {
		if (!db_spare_log_give_back(db) && !give_back_locked(db))
			return false;
		atomic_fetch_add_explicit(&db->reserve.releases, 1, memory_order_relaxed);
	}
	*seen = db_reserve_releases(db);
	return true;
}

/* Once a second. */
static bool is_due(struct lsm *db)
{
	return env_mono_ns(db->env) >= db->reserve.next_try_ns;
}

static void try_again_locked(struct lsm *db)
{
	if (!lsm_is_low(db))
		return;
	db->reserve.next_try_ns = env_mono_ns(db->env) + RETRY_NS;
	if (tree_purge(db->tree)) /* what a reader held until now */
		db_want_compaction(db);
	if (take_locked(db) == 0)
		set_low_locked(db, false);
}

void db_reserve_retry(struct lsm *db)
{
	if (likely(!lsm_is_low(db)))
		return;
	mutex_guard(&db->reserve.mu);

	if (is_due(db))
		try_again_locked(db);
}

int db_reserve_check(const struct lsm *db)
{
	if (likely(!lsm_is_low(db)))
		return 0;
	return fail(-ENOSPC,
		    "the disk is full: what frees space is still taken, all else when %" PRIu64
		    " bytes are free again (reserve)",
		    db->reserve.want_bytes);
}

int db_reserve_admit(struct lsm *db)
{
	if (likely(!lsm_is_low(db)))
		return 0;
	mutex_lock(&db->reserve.mu);
	if (atomic_exchange_explicit(&db->reserve.freed, false, memory_order_relaxed) || is_due(db))
		try_again_locked(db);
	mutex_unlock(&db->reserve.mu);
	return db_reserve_check(db);
}

void db_reserve_note_freed(struct lsm *db)
{
	if (lsm_is_low(db))
		atomic_store_explicit(&db->reserve.freed, true, memory_order_relaxed);
}
