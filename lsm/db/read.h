/*
 * Point reads for the modules beside lsm_get.
 *
 * Thread rule: any thread, with or without locks of the store.
 */
#pragma once

#include "lsm/db/db.h"

/*
 * The seqno of the newest visible version of key; 0 when there is none or it is a tombstone. With
 * write_mu held it is that of the last commit. Does I/O when neither memtable nor cache answers.
 */
must_check int db_newest_seqno(struct lsm *db, struct slice key, uint64_t *ret_seqno);
