/*
 * The store's folder: is it a store, may it become one, whose is it.
 */
#pragma once

#include "lsm/db/db.h"

#define DB_LOCK_NAME     "LOCK"
#define DB_SETTINGS_NAME "apexfs.ini" /* people's; it may be in a folder before a store is */

/*
 * Open the folder, take its lock (unless read-only), and make an empty store in it if it is empty
 * and options.create is set. Fills db->dir and db->lock, which stay the caller's to release also
 * after a failure. Errors as lsm_open.
 */
must_check int db_folder_open(struct lsm *db, const char *path);

/*
 * Open the folder `path` for a new store, made when absent (one level), and take its lock as
 * `holder` (as db_folder_lock); both are the caller's. It is empty, but for the lock's file.
 * -ENOTEMPTY. -EWOULDBLOCK: somebody else is at it. After a failure a folder that was made stays.
 */
must_check int db_folder_claim(struct env *env, const char *path, const char *holder,
			       struct env_dir **ret_dir, struct env_lock **ret_lock);

/* -ENOENT, with a sentence that names `path`, where the folder holds no file of a store. */
must_check int db_folder_find_store(struct env_dir *dir, const char *path);

/* The id that makes a new store's checksums differ from every other's. -EIO. */
must_check int db_new_store_id(uint64_t *ret_id);

/* Take the folder's lock, as its holder `holder` (NULL: the pid). -EWOULDBLOCK with that one's
 * line. */
must_check int db_folder_lock(struct env_dir *dir, const char *path, const char *holder,
			      struct env_lock **ret_lock);
