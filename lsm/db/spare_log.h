/*
 * The next log, made ahead of time: a log's creation costs three syncs (file, folder, manifest),
 * which no writer should wait for.
 *
 * It is made of an old log where there is one: one is kept, for each flush lets go of a log and
 * each switch of memtables takes one, so there would be no use for a second.
 */
#pragma once

#include "lsm/db/db.h"

/* Make the spare log if one is wanted; by the flush thread, no lock held. A failure is left to the
 * writer that needs the log. */
void db_spare_log_make(struct lsm *db);

/*
 * The spare log, or one made now; the caller, who may hold write_mu, owns it. From now on another
 * one is wanted. Errors: -ENOSPC, -EIO, ...: then no log is taken and the store is as before.
 */
must_check int db_spare_log_take(struct lsm *db, struct wal_writer **ret_log);

/* Hand over a log found at open (taken over) as the spare one. */
void db_spare_log_put(struct lsm *db, struct wal_writer *log);

/*
 * After a flush, before tree_purge: keep an old log's file for the next log, if none is kept, the
 * disk is not short of space and the file is not far longer than a log should be.
 */
void db_spare_log_keep(struct lsm *db);

/* Give the kept file and the spare log's space back to the disk. False: there was nothing. */
bool db_spare_log_give_back(struct lsm *db);
