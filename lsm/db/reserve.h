/*
 * Room kept for a full disk: the file RESERVE, blocks and nothing in them.
 *
 * Who frees space (a batch of deletes, a flush, a compaction) and finds none gives the reserve back
 * to the disk and tries again. From then on the store is low on space: batches that may not draw on
 * the reserve are answered -ENOSPC, so that they cannot eat what was given back, until the reserve
 * has been taken again, in full. That is tried at once when a job has freed something and such a
 * batch comes, else once a second, also when none comes. Then all is as before, without reopening.
 *
 * Opening on a disk that has not the room for a whole reserve leaves the store low on space from
 * the start. It does not take what is there: free space serves deletes as well as a part of a
 * reserve does, and other files better; and a part would let puts go on until nothing else is left,
 * with too little for a flush. A reserve that closing left is kept as it is, whatever its size.
 *
 * The file is neither synced nor checked: a power cut that takes it leaves a store that makes
 * another. Giving it back is a truncation, which needs no room; the file stays open, so that it
 * needs no descriptor either.
 *
 * Thread rule: any thread, with no lock held, except where a function says otherwise.
 */
#pragma once

#include "lsm/db/db.h"

#define DB_RESERVE_NAME "RESERVE"

/* Look for the file that the last time left; before the tree is opened. Removes it if the options
 * want none. Not when read-only. */
must_check int db_reserve_open(struct lsm *db);

/* When all else is open: take what is missing, or be low on space. A failure that is not the disk's
 * want of room leaves the store without a reserve, and says so in the log. */
void db_reserve_start(struct lsm *db);

void db_reserve_close(struct lsm *db);

/* How often it was given back, to be asked before an attempt that may meet a full disk. */
static inline uint64_t db_reserve_releases(const struct lsm *db)
{
	return atomic_load_explicit(&db->reserve.releases, memory_order_relaxed);
}

/*
 * The attempt that began when db_reserve_releases answered *seen found the disk full. True: there
 * is room now that was not there then (of logs that nobody writes yet, then of the reserve), so it
 * is worth another try, and *seen is up to date; else nothing is left to give.
 */
bool db_reserve_release(struct lsm *db, uint64_t *seen);

/*
 * A job was given the reserve, and may write so many bytes until it ends (0): until then it is not
 * taken again before there is room for these, too, or the job would find the disk full once more,
 * and so on.
 */
void db_reserve_lend(struct lsm *db, enum db_job_kind kind, uint64_t bytes);

/* Before a batch that may not draw on the reserve: 0, or -ENOSPC when the store is low on space and
 * still cannot take it. */
must_check int db_reserve_admit(struct lsm *db);

/* The same without the try. With write_mu held: from there on the answer 0 holds until the mutex is
 * let go of. */
must_check int db_reserve_check(const struct lsm *db);

/* For a store at rest: where it is low on space, and the last try a second ago, try. */
void db_reserve_retry(struct lsm *db);

/* A job has freed something: the next db_reserve_admit tries at once. */
void db_reserve_note_freed(struct lsm *db);
