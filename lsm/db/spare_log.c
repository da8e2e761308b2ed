#include "lsm/db/spare_log.h"

#include <errno.h>
#include <stdio.h>

#include "lsm/base/error.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"

static uint64_t take_kept(struct lsm *db)
{
	mutex_guard(&db->work_mu);
	uint64_t number = db->kept_log;

	db->kept_log = 0;
	return number;
}

/* The file of log `number`, of an old one's if one is kept. */
static int log_create(struct lsm *db, uint64_t number, struct wal_writer **ret_log)
{
	uint64_t salt = tree_file_id(db->tree, number);
	uint64_t old = take_kept(db);
	int err = -ENOENT;

	if (old)
		err = wal_writer_recycle(db->dir, old, number, salt, ret_log);
	/* a purge that had the old one in hand when it was kept may have removed it */
	if (err == -ENOENT)
		err = wal_writer_create(db->dir, number, salt, ret_log);
	return err;
}

static bool remove_log(struct lsm *db, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	wal_file_name(number, name);
	/* the next open removes it if this cannot */
	return env_dir_unlink(db->dir, name) == 0;
}

/*
 * The manifest could not be told of the log. Its file may be as long as the old log that it was
 * made of, which a full disk has need of. But when the tree is broken the manifest may name it:
 * then it stays, and being empty does no harm.
 */
static int discard_unnamed(struct lsm *db, struct wal_writer *log, int error)
{
	uint64_t number = wal_writer_number(log);
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	wal_writer_close(log);
	if (tree_is_broken(db->tree) || remove_log(db, number))
		return error;
	return fail(error, "%s", why);
}

static int log_make(struct lsm *db, struct wal_writer **ret_log)
{
	uint64_t number = tree_new_file_number(db->tree);
	struct wal_writer *log;
	int err;

	do
		err = log_create(db, number, &log);
	while (tree_make_way(db->tree, err));
	if (err)
		return err;
	err = tree_add_log(db->tree, number);
	db_watch_tree(db);
	if (err)
		return discard_unnamed(db, log, err);
	*ret_log = log;
	return 0;
}

void db_spare_log_make(struct lsm *db)
{
	struct wal_writer *log = NULL;

	mutex_lock(&db->work_mu);
	bool wanted = db->spare_state == SPARE_WANTED;

	if (wanted)
		db->spare_state = SPARE_MAKING;
	mutex_unlock(&db->work_mu);
	if (!wanted)
		return;

	int err = log_make(db, &log);

	mutex_lock(&db->work_mu);
	db->spare_log = log;
	db->spare_state = err ? SPARE_FAILED : SPARE_READY;
	cond_broadcast(&db->work_done);
	mutex_unlock(&db->work_mu);
}

int db_spare_log_take(struct lsm *db, struct wal_writer **ret_log)
{
	struct wal_writer *log = NULL;
	int err = 0;

	mutex_lock(&db->work_mu);
	while (db->spare_state == SPARE_MAKING)
		cond_wait(&db->work_done, &db->work_mu);
	log = db->spare_log;
	db->spare_log = NULL;
	db->spare_state = SPARE_MAKING; /* by this thread; nobody else may begin */
	mutex_unlock(&db->work_mu);

	if (!log)
		err = log_make(db, &log);

	mutex_lock(&db->work_mu);
	db->spare_state = err ? SPARE_FAILED : SPARE_WANTED;
	cond_broadcast(&db->work_done);
	cond_broadcast(&db->work_wanted);
	mutex_unlock(&db->work_mu);
	if (!err)
		*ret_log = log;
	return err;
}

void db_spare_log_put(struct lsm *db, struct wal_writer *log)
{
	mutex_lock(&db->work_mu);
	db->spare_log = log;
	db->spare_state = SPARE_READY;
	mutex_unlock(&db->work_mu);
}

/* A batch far larger than a memtable makes a log that would be waste from then on. */
static bool is_worth_keeping(struct lsm *db, uint64_t number)
{
	uint64_t most = 2 * db_live_get(db, memtable_bytes) + DB_LOG_STEP_BYTES;
	char name[ENV_NAME_MAX + 1];
	uint64_t size;

	wal_file_name(number, name);
	return env_dir_file_size(db->dir, name, &size) == 0 && size <= most;
}

void db_spare_log_keep(struct lsm *db)
{
	uint64_t number = 0;

	mutex_lock(&db->work_mu);
	bool wanted = db->kept_log == 0 && !db->low_on_space;

	mutex_unlock(&db->work_mu);
	/* by the flush thread alone, so the answer holds; only the reserve may be given back now,
	 * and the log then be used or dropped the next time */
	if (!wanted || tree_take_obsolete_log(db->tree, &number))
		return;
	if (!is_worth_keeping(db, number)) {
		(void)remove_log(db, number); /* the next open tries again */
		return;
	}
	mutex_lock(&db->work_mu);
	db->kept_log = number;
	mutex_unlock(&db->work_mu);
}

bool db_spare_log_give_back(struct lsm *db)
{
	uint64_t kept = take_kept(db);
	bool given = kept && remove_log(db, kept);

	/* under the lock, since a writer could take the log meanwhile: one truncation */
	mutex_guard(&db->work_mu);
	if (db->spare_log && wal_writer_trim(db->spare_log))
		given = true;
	return given;
}
