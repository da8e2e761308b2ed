/*
 * A copy of the store while writing goes on: what is in memory is flushed, and the tables are
 * linked (lsm/tree/tree_checkpoint.c). The copy has no log: it ends where the tables end.
 */
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/db/background.h"
#include "lsm/db/counters.h"
#include "lsm/db/folder.h"
#include "lsm/db/health.h"

static int check_place(struct lsm *db, const char *path)
{
	bool inside = false;
	int err = env_dir_holds_path(db->dir, path, &inside);

	if (err || !inside)
		return err;
	return fail(-EINVAL, "%s: a checkpoint cannot be in the folder of its own store", path);
}

static int copy_into(struct lsm *db, struct env_dir *to)
{
	uint64_t id = 0;
	int err = lsm_flush(db);

	if (!err)
		err = db_new_store_id(&id);
	if (!err)
		err = tree_checkpoint(db->tree, to, id);
	/* tables that were replaced meanwhile and waited for this copy; after a failure the next
	 * job removes them, and here the sentence about the failure stays */
	if (!err)
		db_purge(db);
	return err;
}

int lsm_checkpoint(struct lsm *db, const char *path)
{
	struct env_dir *to = NULL;
	struct env_lock *lock = NULL;

	fail_clear();
	int err = db_check_writable(db);

	if (!err)
		err = check_place(db, path);
	if (!err)
		err = db_folder_claim(db->env, path, db->options.holder, &to, &lock);
	if (err)
		return err;
	err = copy_into(db, to);
	env_dir_unlock(to, lock);
	env_dir_close(to);
	if (!err)
		counter_add(&db->checkpoints, 1);
	return err;
}
