/*
 * The store's folder: is it a store, may it become one, whose is it.
 */
#pragma once

#include "lsm/db/db.h"

#define DB_LOCK_NAME "LOCK"

/*
 * Open the folder, take its lock (unless read-only), and make an empty store in it if it is empty
 * and options.create is set. Fills db->dir and db->lock, which stay the caller's to release also
 * after a failure. Errors as lsm_open.
 */
must_check int db_folder_open(struct lsm *db, const char *path);
