#include "lsm/db/spill.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/blob/value_writer.h"
#include "lsm/db/live.h"

void spilled_done(struct spilled *s)
{
	batch_done(&s->changes);
	blob_refs_done(&s->refs);
	s->long_bytes = 0;
}

bool db_is_large(const struct lsm *db, uint64_t len)
{
	return len > db_live_get(db, large_value_threshold);
}

static int check_size(const struct lsm *db, uint64_t size)
{
	uint64_t limit = db_live_get(db, value_max);

	if (size <= limit)
		return 0;
	return fail(-EFBIG, "a value of %llu bytes, limit %llu", (unsigned long long)size,
		    (unsigned long long)limit);
}

static int add_record(struct spilled *out, const struct spill_target *target, enum record_kind kind,
		      struct slice value)
{
	cleanup_buf struct buf meta = {0};
	int err = value_meta_append(&meta, target->size, target->user_meta);
	const struct record rec = {
		.key = target->key,
		.kind = kind,
		.meta = buf_slice(&meta),
		.value = value,
		.value_len = value.len,
	};

	return err ? err : batch_add(&out->changes, &rec);
}

int spill_change(struct spilled *out, const struct spill_target *target, const struct patch *patch)
{
	cleanup_buf struct buf value = {0};
	int err = patch_append(&value, patch);

	return err ? err : add_record(out, target, RECORD_PATCH, buf_slice(&value));
}

int spill_extents(struct spilled *out, const struct spill_target *target, enum record_kind kind,
		  struct slice extents)
{
	const struct patch patch = {.op = PATCH_EXTENTS, .extents = extents};

	if (kind == RECORD_PATCH)
		return spill_change(out, target, &patch);
	return add_record(out, target, RECORD_LARGE, extents);
}

/* Bytes for `offset` into chunks, and a record of that kind that names them. */
static int spill_bytes(struct lsm *db, struct spilled *out, const struct spill_target *target,
		       enum record_kind kind, uint64_t offset, struct slice bytes)
{
	struct value_writer w = {.blobs = tree_blobs(db->tree), .lane = hash64(target->key, 0)};
	int err = value_writer_bytes(&w, offset, bytes);

	if (!err)
		err = spill_extents(out, target, kind, buf_slice(&w.extents));
	if (!err)
		err = blob_refs_merge(&out->refs, &w.refs);
	value_writer_done(&w);
	if (!err)
		out->long_bytes += bytes.len;
	return err;
}

int spill_put(struct lsm *db, struct spilled *out, const struct record *put)
{
	const struct spill_target target = {
		.key = put->key, .user_meta = put->meta, .size = put->value.len};
	int err = check_size(db, put->value.len);

	if (err)
		return err;
	if (!db_is_large(db, put->value.len))
		return batch_add(&out->changes, put);
	err = batch_check_key(put->key); /* before anything is written */
	return err ? err : spill_bytes(db, out, &target, RECORD_LARGE, 0, put->value);
}

int spill_patch(struct lsm *db, struct spilled *out, const struct spill_target *target,
		const struct patch *patch)
{
	int err = check_size(db, target->size);

	if (err)
		return err;
	if (patch->op != PATCH_BYTES || !db_is_large(db, patch->bytes.len))
		return spill_change(out, target, patch);
	err = batch_check_key(target->key);
	return err ? err : spill_bytes(db, out, target, RECORD_PATCH, patch->offset, patch->bytes);
}

/* A value that has its extents already. */
static int take_copy(const struct lsm *db, struct spilled *out, const struct record *large)
{
	struct slice user_meta;
	uint64_t size;
	int err = value_meta_take(large->meta, &size, &user_meta);

	if (!err)
		err = check_size(db, size);
	return err ? err : batch_add(&out->changes, large);
}

static int spill_record(struct lsm *db, struct spilled *out, const struct record *change)
{
	struct spill_target target = {.key = change->key};
	struct patch patch;

	if (change->kind == RECORD_PUT)
		return spill_put(db, out, change);
	if (change->kind == RECORD_LARGE)
		return take_copy(db, out, change);
	if (change->kind != RECORD_PATCH)
		return batch_add(&out->changes, change);
	int err = patch_decode(change->meta, change->value, &patch);

	if (!err)
		err = value_meta_take(change->meta, &target.size, &target.user_meta);
	return err ? err : spill_patch(db, out, &target, &patch);
}

int spill_batch(struct lsm *db, struct spilled *out, const struct batch *changes)
{
	struct slice rest = buf_slice(&changes->rep);
	struct record change;
	int err;

	while ((err = batch_take(&rest, &change)) == 0) {
		err = spill_record(db, out, &change);
		if (err)
			return err;
	}
	return err == -ENODATA ? 0 : err;
}
