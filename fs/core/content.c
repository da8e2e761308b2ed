#include "fs/core/content.h"

#include <errno.h>

#include "fs/core/store.h"
#include "fs/core/value.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"

int content_read(struct fs *fs, const struct node_view *view, const struct lsm_range *range,
		 size_t *ret_len)
{
	cleanup_file_state struct file_state state = {0};
	const struct orphan *o = view->node->orphan;

	if (!view->nameless)
		return file_load_part(fs, view, range, ret_len, &state);
	return o ? orphan_read(o, view->key->name.bytes, range, ret_len) : -ENOENT;
}

int content_seek(struct fs *fs, const struct node_view *view, uint64_t offset,
		 enum lsm_stretch wanted, uint64_t *ret_offset)
{
	cleanup_file_state struct file_state state = {0};
	struct slice key = view->key->name.bytes;
	int err = file_load(fs, view, &state);

	if (err)
		return err;
	if (offset >= state.attr.size)
		return -ENXIO;
	return view->nameless ? orphan_seek(view->node->orphan, key, offset, wanted, ret_offset)
			      : lsm_seek(fs->db, key, &fs->read, offset, wanted, ret_offset);
}

/* What the patch says, but that the size does not shrink. */
static int patch_orphan(struct orphan *o, struct slice key, const struct lsm_patch *patch)
{
	if (patch->bytes.len > 0)
		return orphan_write(o, key, patch->offset, patch->bytes);

	int err = orphan_zero(o, key, patch->offset, patch->zeros);

	if (!err && patch->size > o->attr.size)
		orphan_resize(o, patch->size);
	return err;
}

static int change_orphan(const struct fs_caller *caller, const struct node_view *view,
			 const struct lsm_patch *patch)
{
	struct orphan *o = view->node->orphan;

	if (!o)
		return -ENOENT;

	int err = patch_orphan(o, view->key->name.bytes, patch);

	if (!err) {
		attr_content_changed(&o->attr, caller);
		attr_committed(&o->attr, (int64_t)clock_real_ns());
	}
	return err;
}

static int put_value(struct fs *fs, struct slice key, const struct attr *attr, struct slice value)
{
	struct meta_bytes meta;

	attr_pack(&fs->defaults, fs->separator, key, attr, &meta);

	struct lsm_write_options options = {.meta = meta_slice(&meta)};

	return lsm_put(fs->db, key, value, &options);
}

/* The whole value anew, a small one. */
static int put_spliced(struct fs *fs, const struct node_view *view, struct file_state *state,
		       const struct lsm_patch *patch)
{
	static const uint8_t zeros[FS_SPLICE_MAX];
	struct slice bytes = patch->bytes;
	uint64_t offset = patch->offset;
	cleanup_free uint8_t *spliced = NULL;
	struct slice value;
	int err = file_load_value(fs, view, state);

	if (patch->zeros > 0)
		bytes = slice_of(zeros, (size_t)patch->zeros);
	else if (bytes.len == 0)
		offset = patch->size; /* zeros up to there */
	if (!err)
		err = value_splice(state->whole.value, offset, bytes, &spliced, &value);
	return err ? err : put_value(fs, view->key->name.bytes, &state->attr, value);
}

/* An empty file with bytes far behind its start: what the store has under the key, if anything, is
 * no part of it. */
static int put_and_patch(struct fs *fs, struct slice key, const struct attr *attr,
			 const struct lsm_patch *patch)
{
	cleanup_batch struct lsm_batch *batch = lsm_batch_new();
	int64_t time_ns;

	if (!batch)
		return -ENOMEM;

	int err = store_batch_put(fs, batch, key, slice_of(NULL, 0), attr);

	if (!err)
		err = store_batch_patch(fs, batch, key, patch, attr);
	return err ? err : store_commit(fs, batch, STORE_TAKES, &time_ns);
}

static int patch_value(struct fs *fs, struct slice key, const struct file_state *state,
		       const struct lsm_patch *patch)
{
	struct meta_bytes meta;

	if (state->source == FILE_HELD)
		return put_and_patch(fs, key, &state->attr, patch);
	attr_pack(&fs->defaults, fs->separator, key, &state->attr, &meta);

	/* zeros alone make room in the end */
	bool frees = patch->zeros > 0 && patch->size == state->record.value_len;
	struct lsm_write_options options = {.meta = meta_slice(&meta), .use_reserve = frees};

	return lsm_write_patch(fs->db, key, patch, &options);
}

static int change_named(struct fs *fs, const struct fs_caller *caller, const struct node_view *view,
			struct file_state *state, const struct lsm_patch *patch)
{
	struct slice key = view->key->name.bytes;
	int err;

	attr_content_changed(&state->attr, caller);
	if (patch->bytes.len == patch->size)
		err = put_value(fs, key, &state->attr, patch->bytes);
	else if (patch->size <= FS_SPLICE_MAX)
		err = put_spliced(fs, view, state, patch);
	else
		err = patch_value(fs, key, state, patch);
	if (!err && state->source == FILE_HELD)
		hold_end(fs, view->node, true);
	return err;
}

int content_write(struct fs *fs, const struct fs_caller *caller, const struct node_view *view,
		  uint64_t offset, struct slice bytes)
{
	cleanup_file_state struct file_state state = {0};
	struct lsm_patch patch = {.offset = offset, .bytes = bytes};

	if (view->nameless)
		return change_orphan(caller, view, &patch);

	int err = file_load(fs, view, &state);

	/* What is held is empty, whatever the store has. */
	patch.size = max_of(state.record.value_len, offset + bytes.len);
	return err ? err : change_named(fs, caller, view, &state, &patch);
}

/* The whole value anew. */
static int put_resized(struct fs *fs, const struct node_view *view, struct file_state *state,
		       enum store_room room)
{
	cleanup_free uint8_t *resized = NULL;
	uint64_t size = state->attr.size;
	struct slice value = slice_of(NULL, 0);
	int err = size > 0 ? file_load_value(fs, view, state) : 0;

	if (!err && size > 0)
		err = value_resize(state->whole.value, size, &resized, &value);
	return err ? err : store_put(fs, view->key->name.bytes, value, room, &state->attr);
}

int content_put_attr(struct fs *fs, const struct node_view *view, struct file_state *state)
{
	uint64_t old_size = state->record.value_len;
	uint64_t size = state->attr.size;
	enum store_room room = size < old_size ? STORE_FREES : STORE_TAKES;
	struct lsm_patch patch = {.size = size};

	if (size == 0 || max_of(size, old_size) <= FS_SPLICE_MAX)
		return put_resized(fs, view, state, room);
	return store_patch(fs, view->key->name.bytes, &patch, room, &state->attr);
}

int content_zero(struct fs *fs, const struct fs_caller *caller, const struct node_view *view,
		 struct file_state *state, const struct lsm_patch *patch)
{
	return view->nameless ? change_orphan(caller, view, patch)
			      : change_named(fs, caller, view, state, patch);
}
