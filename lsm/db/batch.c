/*
 * The public face of batches and single writes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/db/background.h"
#include "lsm/db/batch_impl.h"
#include "lsm/db/counters.h"
#include "lsm/db/health.h"
#include "lsm/db/live.h"
#include "lsm/db/logs.h"
#include "lsm/db/reserve.h"
#include "lsm/db/spare_log.h"
#include "lsm/db/sync_timer.h"
#include "lsm/db/write.h"

void lsm_batch_release(struct lsm_batch *batch)
{
	spilled_done(&batch->spilled);
	expect_list_done(&batch->expected);
}

struct lsm_batch *lsm_batch_new(void)
{
	return calloc(1, sizeof(struct lsm_batch));
}

void lsm_batch_free(struct lsm_batch *batch)
{
	if (!batch)
		return;
	lsm_batch_release(batch);
	free(batch);
}

void lsm_batch_clear(struct lsm_batch *batch)
{
	batch_clear(&batch->spilled.changes);
	blob_refs_done(&batch->spilled.refs);
	expect_list_clear(&batch->expected);
	batch->largest = 0;
}

int lsm_batch_check_meta(struct slice meta)
{
	if (meta.len <= LSM_META_MAX)
		return 0;
	return fail(-E2BIG, "a meta of %zu bytes, limit %d", meta.len, LSM_META_MAX);
}

int lsm_batch_put(struct lsm_batch *batch, struct slice key, struct slice meta, struct slice value)
{
	int err = lsm_batch_check_meta(meta);

	if (err)
		return err;
	return batch_put(&batch->spilled.changes, key, meta, value);
}

int lsm_batch_delete(struct lsm_batch *batch, struct slice key)
{
	return batch_delete(&batch->spilled.changes, key);
}

/* The change as the log has it. */
static int patch_of(const struct lsm_patch *from, struct slice meta, struct patch *ret_patch)
{
	uint64_t len = from->bytes.len ? from->bytes.len : from->zeros;
	int err = lsm_batch_check_meta(meta);

	if (err)
		return err;
	if (from->size > LSM_VALUE_MAX)
		return fail(-EFBIG, "a value of %llu bytes, limit %llu",
			    (unsigned long long)from->size, (unsigned long long)LSM_VALUE_MAX);
	if (from->bytes.len && from->zeros)
		return fail(-EINVAL, "a patch with bytes and zeros");
	if (len && (from->offset > from->size || len > from->size - from->offset))
		return fail(-EINVAL, "a patch of what lies beyond the value's end");
	*ret_patch = (struct patch){
		.size = from->size,
		.op = from->bytes.len ? PATCH_BYTES
		      : from->zeros   ? PATCH_ZEROS
				      : PATCH_RESIZE,
		.offset = from->offset,
		.len = len,
		.bytes = from->bytes,
	};
	return 0;
}

int lsm_batch_patch(struct lsm_batch *batch, struct slice key, struct slice meta,
		    const struct lsm_patch *patch)
{
	const struct spill_target target = {.key = key, .user_meta = meta, .size = patch->size};
	struct patch change;
	int err = patch_of(patch, meta, &change);

	if (!err)
		err = spill_change(&batch->spilled, &target, &change);
	if (!err)
		batch->largest = max_of(batch->largest, patch->size);
	return err;
}

int lsm_batch_expect(struct lsm_batch *batch, struct slice key, uint64_t seqno)
{
	return expect_list_add(&batch->expected, key, seqno);
}

uint32_t lsm_batch_count(const struct lsm_batch *batch)
{
	return batch->spilled.changes.count;
}

int lsm_sync(struct lsm *db)
{
	if (db->options.read_only)
		return 0;
	return db_logs_sync(db, atomic_load_explicit(&db->visible_seqno, memory_order_acquire));
}

/* A write of one change is that change, however it came. */
static enum lsm_op write_op(const struct batch *changes)
{
	if (changes->count > 1)
		return LSM_OP_BATCH;
	if (changes->puts == 0)
		return LSM_OP_DELETE;
	return changes->patches ? LSM_OP_PATCH : LSM_OP_PUT;
}

/* Beside the operation itself. */
static void count_changes(struct lsm *db, struct db_counters *own, const struct spilled *changes)
{
	(void)db_count(db, own, records_written, changes->changes.count);
	(void)db_count(db, own, written_bytes, changes->changes.rep.len + changes->long_bytes);
	if (changes->changes.patches)
		(void)db_count(db, own, patches, changes->changes.patches);
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

/* Of spare logs, or of the reserve. False: there is none to be had. */
static bool make_room(struct lsm *db, bool use_reserve, uint64_t *releases)
{
	return use_reserve ? db_reserve_release(db, releases) : db_spare_log_give_back(db);
}

/* A batch was refused for want of room; the caller's error keeps its sentence. */
static void note_full(struct lsm *db, bool use_reserve)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	if (!use_reserve)
		db_health_note_full(db, true);
	db_want_space(db);
	if (why[0])
		ignore_result(fail(-ENOSPC, "%s", why));
}

/* Commit; on a full disk again with the room of spare logs, and of the reserve if it may have it.
 */
static int commit_with_reserve(struct lsm *db, struct db_attempt *attempt,
			       struct lsm_commit *ret_commit)
{
	bool use_reserve = attempt->use_reserve;
	uint64_t releases = db_reserve_releases(db);
	int err = use_reserve ? 0 : db_reserve_admit(db);

	if (!err)
		err = db_commit(db, attempt, ret_commit);
	while (env_is_full(err) && make_room(db, use_reserve, &releases))
		err = db_commit(db, attempt, ret_commit);
	if (env_is_full(err))
		note_full(db, use_reserve);
	else if (!err && !use_reserve)
		db_health_note_full(db, false);
	else if (!err && lsm_is_low(db))
		db_want_space(db); /* what was deleted */
	return err;
}

/* What the options say of keys and batches. What is deleted may be as it is. */
static int check_limits(const struct lsm *db, const struct batch *changes)
{
	unsigned key_max = db_live_get(db, key_max);
	uint64_t record_max = db_live_get(db, log_record_max);

	if (changes->longest_key > key_max)
		return fail(-ENAMETOOLONG, "a key of %zu bytes, limit %u", changes->longest_key,
			    key_max);
	if (changes->rep.len > record_max)
		return fail(-E2BIG,
			    "a batch of %zu bytes, a record of the log takes %llu "
			    "(wal.max_record_size)",
			    changes->rep.len, (unsigned long long)record_max);
	return 0;
}

/* Commit changes that hold no long bytes any more, and sync as it is wanted. */
static int write_spilled(struct lsm *db, const struct spilled *changes,
			 const struct expect_list *expected,
			 const struct lsm_write_options *options, struct lsm_commit *ret_commit)
{
	bool sync = db_live_get(db, sync_mode) == LSM_SYNC_ALWAYS || (options && options->sync);
	enum lsm_op op = write_op(&changes->changes);
	struct db_counters *own = db_counters_own(db);
	struct db_timer timer = db_op_begin(db, own, op);
	struct db_attempt attempt = {
		.changes = changes,
		.expected = expected,
		.use_reserve = changes->changes.puts == 0 || (options && options->use_reserve),
		.past_freeze = options && options->past_freeze,
	};
	struct lsm_commit commit;
	int err = check_limits(db, &changes->changes);

	if (!err)
		err = commit_with_reserve(db, &attempt, &commit);
	if (err)
		return err;
	if (sync)
		err = db_logs_sync(db, commit.seqno);
	else
		db_sync_timer_note(db, changes->changes.count);
	db_op_done(db, own, op, timer);
	count_changes(db, own, changes);
	if (!err && ret_commit)
		*ret_commit = commit;
	return err;
}

/* Changes whose long bytes go into blob files first: `spill` does that. */
struct long_write {
	int (*spill)(struct lsm *db, struct spilled *out, const void *arg);
	const void *arg;
	const struct expect_list *expected;
};

/* As commit_with_reserve. Nothing is written by who would not be let commit. */
static int spill_with_reserve(struct lsm *db, const struct long_write *write, bool use_reserve,
			      struct spilled *out)
{
	uint64_t releases = db_reserve_releases(db);
	int err = use_reserve ? 0 : db_reserve_admit(db);

	if (!err) {
		err = write->spill(db, out, write->arg);
		while (env_is_full(err)) {
			spilled_done(out);
			db_drop_dead_chunks(db);
			if (!make_room(db, use_reserve, &releases))
				break;
			err = write->spill(db, out, write->arg);
		}
	}
	if (env_is_full(err))
		note_full(db, use_reserve);
	return err;
}

static int write_long(struct lsm *db, const struct long_write *write,
		      const struct lsm_write_options *options, struct lsm_commit *ret_commit)
{
	struct spilled spilled = {0};
	int err = db_check_writable(db);

	if (!err && !(options && options->past_freeze))
		err = db_check_thawed(db);
	if (!err)
		err = spill_with_reserve(db, write, options && options->use_reserve, &spilled);
	if (!err)
		err = write_spilled(db, &spilled, write->expected, options, ret_commit);
	spilled_done(&spilled);
	if (env_is_full(err))
		db_drop_dead_chunks(db);
	return err;
}

/* The batch stays as it is. */
static int spill_copy(struct lsm *db, struct spilled *out, const void *arg)
{
	const struct lsm_batch *batch = arg;
	int err = blob_refs_copy(&batch->spilled.refs, &out->refs);

	return err ? err : spill_batch(db, out, &batch->spilled.changes);
}

int lsm_write(struct lsm *db, const struct lsm_batch *batch,
	      const struct lsm_write_options *options, struct lsm_commit *ret_commit)
{
	const struct batch *changes = &batch->spilled.changes;

	if (changes->count == 0)
		return write_nothing(db, &batch->expected, options, ret_commit);
	uint64_t largest = max_of((uint64_t)changes->longest, batch->largest);

	/* which ones, and what is over the limit, is found out on the way */
	if (db_is_large(db, largest) || largest > db_live_get(db, value_max))
		return write_long(db,
				  &(struct long_write){.spill = spill_copy,
						       .arg = batch,
						       .expected = &batch->expected},
				  options, ret_commit);
	return write_spilled(db, &batch->spilled, &batch->expected, options, ret_commit);
}

static struct slice meta_of(const struct lsm_write_options *options)
{
	return options ? options->meta : (struct slice){0};
}

static int spill_one_put(struct lsm *db, struct spilled *out, const void *arg)
{
	return spill_put(db, out, arg);
}

/* The bytes go from the caller's memory to the disk. */
static int put_large(struct lsm *db, struct slice key, struct slice value,
		     const struct lsm_write_options *options)
{
	const struct expect_list nothing = {0};
	const struct record put = {
		.key = key, .kind = RECORD_PUT, .meta = meta_of(options), .value = value};
	const struct long_write write = {.spill = spill_one_put, .arg = &put, .expected = &nothing};
	int err = lsm_batch_check_meta(put.meta);

	return err ? err : write_long(db, &write, options, NULL);
}

int lsm_put(struct lsm *db, struct slice key, struct slice value,
	    const struct lsm_write_options *options)
{
	cleanup_batch struct lsm_batch batch = {0};

	if (db_is_large(db, value.len))
		return put_large(db, key, value, options);
	int err = lsm_batch_put(&batch, key, meta_of(options), value);

	return err ? err : lsm_write(db, &batch, options, NULL);
}

/* A patch on its way in. */
struct patching {
	struct spill_target target;
	struct patch change;
};

static int spill_one_patch(struct lsm *db, struct spilled *out, const void *arg)
{
	const struct patching *p = arg;

	return spill_patch(db, out, &p->target, &p->change);
}

int lsm_write_patch(struct lsm *db, struct slice key, const struct lsm_patch *patch,
		    const struct lsm_write_options *options)
{
	struct patching patching = {
		.target = {.key = key, .user_meta = meta_of(options), .size = patch->size}};
	const struct expect_list nothing = {0};
	const struct long_write write = {
		.spill = spill_one_patch, .arg = &patching, .expected = &nothing};
	int err = patch_of(patch, meta_of(options), &patching.change);

	return err ? err : write_long(db, &write, options, NULL);
}

int lsm_delete(struct lsm *db, struct slice key, const struct lsm_write_options *options)
{
	cleanup_batch struct lsm_batch batch = {0};
	int err = lsm_batch_delete(&batch, key);

	return err ? err : lsm_write(db, &batch, options, NULL);
}
