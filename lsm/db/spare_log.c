#include "lsm/db/spare_log.h"

#include "lsm/db/health.h"

static int log_make(struct lsm *db, struct wal_writer **ret_log)
{
	uint64_t number = tree_new_file_number(db->tree);
	struct wal_writer *log;
	int err = wal_writer_create(db->dir, number, tree_file_id(db->tree, number), &log);

	if (err)
		return err;
	err = tree_add_log(db->tree, number);
	db_watch_tree(db);
	if (err) {
		/* the file stays: whether the manifest names it is unknown, and an empty log does
		 * no harm */
		wal_writer_close(log);
		return err;
	}
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
