/*
 * fs_copy_range: a part of a file into a file.
 */
#include <errno.h>
#include <stdlib.h>

#include "fs/core/content.h"
#include "fs/core/file_state.h"
#include "fs/core/node_lock.h"
#include "fs/core/store.h"
#include "lsm/base/cleanup.h"

enum {
	COPY_MEMORY_MAX = 1 << 20, /* bytes that one call takes through memory: a WRITE's worth */
};

/* A copy whose stripes are held; len is what the source has. */
struct copying {
	const struct fs_caller *caller;
	const struct node_view *from, *to;
	uint64_t from_offset, to_offset, len;
	uint64_t from_size;
};

static bool ranges_overlap(const struct copying *c)
{
	uint64_t apart = c->from_offset < c->to_offset ? c->to_offset - c->from_offset
						       : c->from_offset - c->to_offset;

	return c->from->node == c->to->node && apart < c->len;
}

/* What memory has a part in is read and written. */
static int copy_bytes(struct fs *fs, const struct copying *c, uint64_t *ret_copied)
{
	size_t len = (size_t)min_of(c->len, (uint64_t)COPY_MEMORY_MAX);
	cleanup_free void *bytes = malloc(len);
	struct lsm_range range = {.offset = c->from_offset, .into = bytes, .len = len};

	if (!bytes)
		return -ENOMEM;

	int err = content_read(fs, c->from, &range, &len);

	if (!err && len > 0)
		err = content_write(fs, c->caller, c->to, c->to_offset, slice_of(bytes, len));
	if (!err)
		*ret_copied = len;
	return err;
}

/* The change of the target's record, which had old_size bytes. */
static int fill_batch(struct fs *fs, const struct copying *c, const struct file_state *target,
		      struct lsm_batch *batch)
{
	struct slice key = c->to->key->name.bytes;
	uint64_t old_size = target->attr.size;
	struct meta_bytes meta;
	int err = 0;

	attr_pack(&fs->defaults, fs->separator, key, &target->attr, &meta);

	struct lsm_range_copy range = {
		.from = c->from->key->name.bytes,
		.from_offset = c->from_offset,
		.len = c->len,
		.to = key,
		.to_meta = meta_slice(&meta),
		.to_offset = c->to_offset,
		.to_size = max_of(old_size, c->to_offset + c->len),
	};

	if (range.len == range.to_size && range.len == c->from_size)
		return lsm_batch_copy(batch, fs->db, range.from, key, range.to_meta);
	/* What is held is empty, whatever the store has. */
	if (target->source == FILE_HELD)
		err = store_batch_put(fs, batch, key, slice_of(NULL, 0), &target->attr);
	return err ? err : lsm_batch_copy_range(batch, fs->db, &range);
}

/* Without reading: the target's record names what the source's does. */
static int copy_record(struct fs *fs, const struct copying *c, uint64_t *ret_copied)
{
	cleanup_file_state struct file_state target = {0};
	cleanup_batch struct lsm_batch *batch = lsm_batch_new();
	int64_t time_ns;
	int err = batch ? file_load(fs, c->to, &target) : -ENOMEM;

	if (err)
		return err;
	attr_content_changed(&target.attr, c->caller);
	err = fill_batch(fs, c, &target, batch);
	if (!err)
		err = store_commit(fs, batch, STORE_TAKES, &time_ns);
	if (err)
		return err;
	if (target.source == FILE_HELD)
		hold_end(fs, c->to->node, true);
	*ret_copied = c->len;
	return 0;
}

/* How much of what is asked for the source has. */
static int measure(struct fs *fs, const struct fs_copy *copy, struct copying *c)
{
	cleanup_file_state struct file_state source = {0};
	int err = file_load(fs, c->from, &source);

	if (err)
		return err;
	c->from_size = source.attr.size;
	if (c->from_offset < c->from_size)
		c->len = min_of(copy->len, c->from_size - c->from_offset);
	return 0;
}

static int copy_locked(struct fs *fs, const struct fs_copy *copy, struct copying *c,
		       uint64_t *ret_copied)
{
	if (c->from->key->name.folder || c->to->key->name.folder)
		return -EISDIR;

	int err = measure(fs, copy, c);

	if (err)
		return err;
	if (c->len == 0) {
		*ret_copied = 0;
		return 0;
	}
	if (ranges_overlap(c))
		return -EINVAL;
	c->len = min_of(c->len, (uint64_t)FS_COPY_MAX);
	if (c->to_offset > fs->value_max || c->len > fs->value_max - c->to_offset)
		return -EFBIG;
	if (c->from->nameless || c->to->nameless || c->len <= FS_SPLICE_MAX)
		return copy_bytes(fs, c, ret_copied);
	return copy_record(fs, c, ret_copied);
}

static int copy_range(struct fs *fs, const struct fs_caller *caller, const struct fs_copy *copy,
		      uint64_t *ret_copied)
{
	struct node_pair_lock lock;
	int err = node_pair_lock_change(fs, caller, copy->from, copy->to, &lock);

	if (err)
		return err;

	struct copying c = {
		.caller = caller,
		.from = &lock.from,
		.to = &lock.to,
		.from_offset = copy->from_offset,
		.to_offset = copy->to_offset,
	};

	err = copy_locked(fs, copy, &c, ret_copied);
	node_pair_unlock(fs, &lock);
	return err;
}

int fs_copy_range(struct fs *fs, const struct fs_caller *caller, const struct fs_copy *copy,
		  uint64_t *ret_copied)
{
	return faults_answer(&fs->faults, copy_range(fs, caller, copy, ret_copied));
}
