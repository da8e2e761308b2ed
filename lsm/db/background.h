/*
 * The background threads: one flushes memtables and makes spare logs, some compact, one syncs the
 * log on a timer.
 *
 * A job that fails leaves the store as it was, is noted in the health, and is tried again after a
 * second at most. When the tree is broken the jobs rest until the end.
 */
#pragma once

#include "lsm/db/db.h"

/* Start what the options ask for. On failure those started run on until db_background_stop. */
must_check int db_background_start(struct lsm *db);

/* Stop and join all of them; a compaction under way gives up, a flush is finished. */
void db_background_stop(struct lsm *db);

/* Run the job (taken over) and let readers see the result. For lsm_compact and the compaction
 * threads. -EAGAIN: it found the disk full, and now there is room of the reserve, or the job is
 * wanted no more: pick again. The work (may be NULL) is told of it. No lock held. */
must_check int db_run_compaction(struct lsm *db, struct compaction_job *job,
				 struct long_work *work);

/*
 * Something was refused for want of room: flush what deletes there are, and let compaction drop
 * what they hide, so that their room comes back without anybody's asking. At most once a second;
 * returns at once. No lock held.
 */
void db_want_space(struct lsm *db);

/* Have the compaction threads purge, and look whether there is a job. No lock of RANK_DB_WORK or
 * above held. */
void db_want_compaction(struct lsm *db);

/* Remove files that nobody needs any more from the disk. No lock held. */
void db_purge(struct lsm *db);

/* The disk is full, and chunks that were written belong to nothing any more: let go of the blob
 * files that hold nothing else. No lock held. */
void db_drop_dead_chunks(struct lsm *db);
