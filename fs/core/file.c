/*
 * Content of files: fs_read and fs_write.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fs/core/file_state.h"
#include "fs/core/node_lock.h"
#include "fs/core/value.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"

static struct slice part_of(struct slice value, uint64_t offset, size_t size)
{
	if (offset >= value.len)
		return slice_of(NULL, 0);

	struct slice rest = slice_skip(value, (size_t)offset);

	return slice_of(rest.ptr, min_of(rest.len, size));
}

/* The result takes over the record. */
static void answer_record(struct lsm_record *record, uint64_t offset, size_t size,
			  struct fs_read_result *ret_read)
{
	*ret_read = (struct fs_read_result){
		.bytes = part_of(record->value, offset, size),
		.record = *record,
	};
	*record = (struct lsm_record){0};
}

static int read_copy(struct slice bytes, struct fs_read_result *ret_read)
{
	uint8_t *copy = NULL;

	if (bytes.len > 0) {
		copy = malloc(bytes.len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, bytes.ptr, bytes.len);
	}
	*ret_read = (struct fs_read_result){.bytes = slice_of(copy, bytes.len), .copy = copy};
	return 0;
}

static int read_orphan(struct fs *fs, const struct node_view *view, uint64_t offset, size_t size,
		       struct fs_read_result *ret_read)
{
	const struct orphan *o = view->node->orphan;

	if (!o->snapshot) /* a copy, since a write may move the bytes */
		return read_copy(part_of(buf_slice(&o->bytes), offset, size), ret_read);

	struct lsm_read_options options = {.snapshot = o->snapshot};
	struct lsm_record record;
	int err = lsm_get(fs->db, view->key->name.bytes, &options, &record);

	if (!err)
		answer_record(&record, offset, size, ret_read);
	return err;
}

static int read_with_stripe(struct fs *fs, struct node_view *view, uint64_t offset, size_t size,
			    struct fs_read_result *ret_read)
{
	cleanup_file_state struct file_state state = {0};
	struct node_lock lock;

	node_lock_view(fs, view, &lock);

	int err = file_load(fs, &lock.view, true, &state);

	if (!err && state.source == FILE_ORPHAN)
		err = read_orphan(fs, &lock.view, offset, size, ret_read);
	else if (!err)
		answer_record(&state.record, offset, size, ret_read);
	node_unlock(fs, &lock);
	return err;
}

static int file_read(struct fs *fs, uint64_t node, uint64_t offset, size_t size,
		     struct fs_read_result *ret_read)
{
	cleanup_file_state struct file_state state = {0};
	struct node_view view;
	int err = nodes_pin(&fs->nodes, node, &view);

	if (err)
		return err;
	if (view.key->name.folder) {
		nodes_unpin(&fs->nodes, &view);
		return -EISDIR;
	}
	if (!view.nameless) {
		err = file_load(fs, &view, true, &state);
		if (err != -ENOENT && !nodes_refresh(&fs->nodes, &view)) {
			/* A held file has no record: no bytes. */
			if (!err)
				answer_record(&state.record, offset, size, ret_read);
			nodes_unpin(&fs->nodes, &view);
			return err;
		}
	}
	return read_with_stripe(fs, &view, offset, size, ret_read);
}

int fs_read(struct fs *fs, uint64_t node, uint64_t offset, size_t size,
	    struct fs_read_result *ret_read)
{
	return faults_answer(&fs->faults, file_read(fs, node, offset, size, ret_read));
}

int fs_readlink(struct fs *fs, uint64_t node, struct fs_read_result *ret_target)
{
	struct stat st;
	int err = fs_getattr(fs, node, &st);

	/* A node never changes between link and file, so the two steps see one thing. */
	if (!err && !S_ISLNK(st.st_mode))
		err = -EINVAL;
	return err ? err : fs_read(fs, node, 0, PATH_MAX, ret_target);
}

void fs_read_done(struct fs_read_result *read)
{
	lsm_record_release(&read->record);
	free(read->copy);
	*read = (struct fs_read_result){0};
}

static int write_orphan(struct fs *fs, const struct fs_caller *caller, const struct node_view *view,
			uint64_t offset, struct slice bytes)
{
	struct orphan *o = view->node->orphan;

	if (!o)
		return -ENOENT;

	size_t cap = o->bytes.cap;
	int err = orphan_write(fs->db, o, view->key->name.bytes, offset, bytes);

	nodes_note_orphan(&fs->nodes, cap, o->bytes.cap);
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

/* One put of the whole value. The old one is read only if some of it stays. */
static int write_named(struct fs *fs, const struct fs_caller *caller, const struct node_view *view,
		       uint64_t offset, struct slice bytes)
{
	cleanup_file_state struct file_state state = {0};
	cleanup_free uint8_t *spliced = NULL;
	int err = file_load(fs, view, offset > 0, &state);

	if (err)
		return err;

	/* A held file has no record: its value is empty. */
	bool covers = offset == 0 && bytes.len >= state.record.value_len;
	struct slice value = bytes;

	if (!covers) {
		err = file_load_value(fs, view, &state);
		if (!err)
			err = value_splice(state.record.value, offset, bytes, &spliced, &value);
		if (err)
			return err;
	}
	attr_content_changed(&state.attr, caller);
	err = put_value(fs, view->key->name.bytes, &state.attr, value);
	if (!err && state.source == FILE_HELD)
		hold_end(fs, view->node, true);
	return err;
}

static int file_write(struct fs *fs, const struct fs_caller *caller, uint64_t node, uint64_t offset,
		      struct slice bytes)
{
	struct node_lock lock;
	int err = node_lock_change(fs, caller, node, &lock);

	if (err)
		return err;
	if (lock.view.key->name.folder)
		err = -EISDIR;
	else if (bytes.len == 0)
		err = 0;
	else if (offset > fs->value_max || bytes.len > fs->value_max - offset)
		err = -EFBIG;
	else if (lock.view.nameless)
		err = write_orphan(fs, caller, &lock.view, offset, bytes);
	else
		err = write_named(fs, caller, &lock.view, offset, bytes);
	node_unlock(fs, &lock);
	return err;
}

int fs_write(struct fs *fs, const struct fs_caller *caller, uint64_t node, uint64_t offset,
	     struct slice bytes)
{
	return faults_answer(&fs->faults, file_write(fs, caller, node, offset, bytes));
}
