/*
 * The next log, made ahead of time: a log's creation costs three syncs (file, folder, manifest),
 * which no writer should wait for.
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
