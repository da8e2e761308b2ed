/*
 * Copies of values without copying what lies in blob files: the new record names the same chunks.
 */
#include <errno.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/blob/value_writer.h"
#include "lsm/db/background.h"
#include "lsm/db/batch_impl.h"
#include "lsm/db/value.h"

/* A copy on its way into a batch. */
struct copy {
	struct lsm *db;
	struct spilled *out;
	struct spill_target target;
	enum record_kind kind; /* LARGE: all of the value; PATCH: a part */
	uint64_t from_offset, len, to_offset;
};

/* Short ones are bytes like others. */
static int copy_bytes(const struct copy *c, const struct value_view *view)
{
	cleanup_buf struct buf room = {0};
	size_t len = 0;
	int err = buf_reserve(&room, (size_t)c->len + 1);

	if (err)
		return err;
	const struct value_range range = {
		.offset = c->from_offset, .into = room.ptr, .len = (size_t)c->len};
	const struct record put = {.key = c->target.key,
				   .kind = RECORD_PUT,
				   .meta = c->target.user_meta,
				   .value = slice_of(room.ptr, (size_t)c->len),
				   .value_len = c->len};
	const struct patch patch = {.op = PATCH_BYTES, .offset = c->to_offset, .bytes = put.value};

	err = value_view_read(view, tree_blobs(c->db->tree), &range, &len);
	if (err)
		return err;
	return c->kind == RECORD_LARGE ? batch_add(&c->out->changes, &put)
				       : spill_change(c->out, &c->target, &patch);
}

/* What is a hole in the source is one in the target. */
static int copy_zeros(const struct copy *c)
{
	const struct patch zeros = {.op = PATCH_ZEROS, .offset = c->to_offset, .len = c->len};

	return c->kind == RECORD_PATCH ? spill_change(c->out, &c->target, &zeros) : 0;
}

static int copy_extents(const struct copy *c, const struct value_view *view)
{
	struct value_writer w = {.blobs = tree_blobs(c->db->tree),
				 .lane = hash64(c->target.key, 0)};
	int err =
		value_writer_view(&w, view, c->from_offset, c->from_offset + c->len, c->to_offset);

	if (!err)
		err = copy_zeros(c);
	if (!err && (w.extents.len > 0 || c->kind == RECORD_LARGE))
		err = spill_extents(c->out, &c->target, c->kind, buf_slice(&w.extents));
	if (!err)
		err = blob_refs_resolve(&w.refs, tree_blobs(c->db->tree));
	if (!err)
		err = blob_refs_merge(&c->out->refs, &w.refs);
	value_writer_done(&w);
	return err;
}

static int copy_view(void *arg, const struct value_view *view)
{
	const struct copy *c = arg;

	if (c->len == 0 && c->kind == RECORD_PATCH)
		return spill_change(c->out, &c->target, &(struct patch){.op = PATCH_RESIZE});
	return db_is_large(c->db, c->len) ? copy_extents(c, view) : copy_bytes(c, view);
}

/* The files of the source stay until the batch holds them: the version found keeps them. After a
 * failure the batch is as before. */
static int add_found(struct lsm_batch *batch, struct copy *c, struct found_version *f)
{
	const struct batch before = batch->spilled.changes;
	int err = lsm_batch_check_meta(c->target.user_meta);

	if (err)
		return err;
	err = found_version_view(c->db, f, copy_view, c);
	if (err) {
		batch_rewind(&batch->spilled.changes, &before);
		if (env_is_full(err))
			db_drop_dead_chunks(c->db);
		return err;
	}
	batch->largest = max_of(batch->largest, c->target.size);
	return 0;
}

/* The same, if `from` still is that version when the batch is written. */
static int add_copy(struct lsm_batch *batch, struct copy *c, struct slice from,
		    struct found_version *f)
{
	int err = expect_list_add(&batch->expected, from, f->rec.seqno);

	if (err)
		return err;
	err = add_found(batch, c, f);
	if (err)
		expect_list_drop_last(&batch->expected);
	return err;
}

static struct copy whole_copy(struct lsm_batch *batch, struct lsm *db, uint64_t size,
			      struct slice to, struct slice to_meta)
{
	return (struct copy){
		.db = db,
		.out = &batch->spilled,
		.target = {.key = to, .user_meta = to_meta, .size = size},
		.kind = RECORD_LARGE,
		.len = size,
	};
}

int lsm_batch_copy_found(struct lsm_batch *batch, struct lsm *db, struct found_version *found,
			 struct slice to, struct slice to_meta)
{
	struct copy c = whole_copy(batch, db, found->size, to, to_meta);

	return add_found(batch, &c, found);
}

int lsm_batch_copy(struct lsm_batch *batch, struct lsm *db, struct slice from, struct slice to,
		   struct slice to_meta)
{
	struct found_version f;
	int err = found_version_get(db, from, NULL, &f);

	if (err)
		return err;
	struct copy c = whole_copy(batch, db, f.size, to, to_meta);

	err = add_copy(batch, &c, from, &f);
	found_version_done(&f);
	return err;
}

int lsm_batch_copy_range(struct lsm_batch *batch, struct lsm *db, const struct lsm_range_copy *copy)
{
	struct copy c = {
		.db = db,
		.out = &batch->spilled,
		.target = {.key = copy->to, .user_meta = copy->to_meta, .size = copy->to_size},
		.kind = RECORD_PATCH,
		.from_offset = copy->from_offset,
		.len = copy->len,
		.to_offset = copy->to_offset,
	};
	struct found_version f;
	int err = 0;

	if (copy->to_offset > copy->to_size || copy->len > copy->to_size - copy->to_offset)
		return fail(-EINVAL, "a copy to beyond the value's end");
	err = found_version_get(db, copy->from, NULL, &f);
	if (err)
		return err;
	if (copy->from_offset > f.size || copy->len > f.size - copy->from_offset)
		err = fail(-EINVAL, "a copy of what lies beyond the value's end");
	else
		err = add_copy(batch, &c, copy->from, &f);
	found_version_done(&f);
	return err;
}
