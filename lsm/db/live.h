/*
 * Options that can change while the store is open (lsm_set_options).
 *
 * struct lsm.options stays what it was at open; what is in struct db_live is read from here alone.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "lsm/db/db.h"

/* Take them from db->options, before anything reads them. */
void db_live_init(struct lsm *db);

/* Each is one fact that orders nothing: relaxed. */
#define db_live_get(db, field) atomic_load_explicit(&(db)->live.field, memory_order_relaxed)
