/*
 * The public face of batches and single writes.
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/db/counters.h"
#include "lsm/db/expect.h"
#include "lsm/db/health.h"
#include "lsm/db/logs.h"
#include "lsm/db/reserve.h"
#include "lsm/db/spare_log.h"
#include "lsm/db/sync_timer.h"
#include "lsm/db/write.h"

struct lsm_batch {
	struct batch changes;
	struct expect_list expected;
};

static void batch_release(struct lsm_batch *batch)
{
	batch_done(&batch->changes);
	expect_list_done(&batch->expected);
}

#define cleanup_batch __attribute__((cleanup(batch_release)))

struct lsm_batch *lsm_batch_new(void)
{
	return calloc(1, sizeof(struct lsm_batch));
}

void lsm_batch_free(struct lsm_batch *batch)
{
	if (!batch)
		return;
	batch_release(batch);
	free(batch);
}

void lsm_batch_clear(struct lsm_batch *batch)
{
	batch_clear(&batch->changes);
	expect_list_clear(&batch->expected);
}

int lsm_batch_put(struct lsm_batch *batch, struct slice key, struct slice meta, struct slice value)
{
	return batch_put(&batch->changes, key, meta, value);
}

int lsm_batch_delete(struct lsm_batch *batch, struct slice key)
{
	return batch_delete(&batch->changes, key);
}

int lsm_batch_expect(struct lsm_batch *batch, struct slice key, uint64_t seqno)
{
	return expect_list_add(&batch->expected, key, seqno);
}

uint32_t lsm_batch_count(const struct lsm_batch *batch)
{
	return batch->changes.count;
}

int lsm_sync(struct lsm *db)
{
	if (db->options.read_only)
		return 0;
	return db_logs_sync(db, atomic_load_explicit(&db->visible_seqno, memory_order_acquire));
}

static void count_write(struct lsm *db, const struct batch *changes)
{
	struct db_counters *counters = db_counters_here(db);

	counter_add(&counters->writes, 1);
	counter_add(&counters->records_written, changes->count);
	counter_add(&counters->written_bytes, changes->rep.len);
}

static int write_nothing(struct lsm *db, const struct expect_list *expected,
			 const struct lsm_write_options *options, struct lsm_commit *ret_commit)
{
	struct lsm_commit commit;
	int err = db_commit_nothing(db, expected, &commit);

	if (!err && options && options->sync)
		err = lsm_sync(db);
	if (!err && ret_commit)
		*ret_commit = commit;
	return err;
}

/* Commit; on a full disk again with the room of spare logs, and of the reserve if it may have it.
 */
static int commit_with_reserve(struct lsm *db, const struct lsm_batch *batch,
			       const struct lsm_write_options *options,
			       struct lsm_commit *ret_commit)
{
	bool use_reserve = batch->changes.puts == 0 || (options && options->use_reserve);
	struct db_attempt attempt = {&batch->changes, &batch->expected, use_reserve};
	uint64_t releases = db_reserve_releases(db);
	int err = use_reserve ? 0 : db_reserve_admit(db);

	if (!err)
		err = db_commit(db, &attempt, ret_commit);
	while (env_is_full(err) &&
	       (use_reserve ? db_reserve_release(db, &releases) : db_spare_log_give_back(db)))
		err = db_commit(db, &attempt, ret_commit);
	if (!use_reserve && (!err || env_is_full(err)))
		db_health_note_full(db, err != 0);
	return err;
}

int lsm_write(struct lsm *db, const struct lsm_batch *batch,
	      const struct lsm_write_options *options, struct lsm_commit *ret_commit)
{
	const struct batch *changes = &batch->changes;
	bool sync = db->options.sync_mode == LSM_SYNC_ALWAYS || (options && options->sync);
	struct db_timer timer = db_timer_start_sampled(db);
	struct lsm_commit commit;
	int err;

	if (changes->count == 0)
		return write_nothing(db, &batch->expected, options, ret_commit);
	err = commit_with_reserve(db, batch, options, &commit);
	if (err)
		return err;
	count_write(db, changes);
	if (sync)
		err = db_logs_sync(db, commit.seqno);
	else
		db_sync_timer_note(db, changes->count);
	db_timer_end(db, LSM_OP_WRITE, timer);
	if (!err && ret_commit)
		*ret_commit = commit;
	return err;
}

int lsm_put(struct lsm *db, struct slice key, struct slice value,
	    const struct lsm_write_options *options)
{
	cleanup_batch struct lsm_batch batch = {0};
	struct slice meta = options ? options->meta : (struct slice){0};
	int err = batch_put(&batch.changes, key, meta, value);

	return err ? err : lsm_write(db, &batch, options, NULL);
}

int lsm_delete(struct lsm *db, struct slice key, const struct lsm_write_options *options)
{
	cleanup_batch struct lsm_batch batch = {0};
	int err = batch_delete(&batch.changes, key);

	return err ? err : lsm_write(db, &batch, options, NULL);
}
