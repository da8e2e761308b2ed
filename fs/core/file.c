/*
 * Content of files: fs_read, fs_seek and fs_write.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/core/content.h"
#include "fs/core/file_state.h"
#include "fs/core/node_lock.h"
#include "fs/core/read_ahead.h"

static int read_with_stripe(struct fs *fs, struct node_view *view, const struct lsm_range *range,
			    size_t *ret_len)
{
	struct node_lock lock;

	node_lock_view(fs, view, &lock);

	int err = content_read(fs, &lock.view, range, ret_len);

	node_unlock(fs, &lock);
	return err;
}

static int file_read(struct fs *fs, uint64_t node, const struct lsm_range *range, size_t *ret_len)
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
		err = file_load_part(fs, &view, range, ret_len, &state);
		if (err != -ENOENT && !nodes_refresh(&fs->nodes, &view)) {
			if (!err && *ret_len == range->len)
				read_ahead_note(fs->db, &view, range);
			nodes_unpin(&fs->nodes, &view);
			return err;
		}
	}
	return read_with_stripe(fs, &view, range, ret_len);
}

int fs_read(struct fs *fs, uint64_t node, uint64_t offset, size_t size,
	    struct fs_read_result *ret_read)
{
	/*
	 * Read into memory of its own, also what lies in one piece in a memtable or a block: for
	 * what a READ asks of a small file, copying costs less than first asking how large it is.
	 */
	void *memory = malloc(max_of(size, (size_t)1));
	struct lsm_range range = {.offset = offset, .into = memory, .len = size};
	size_t len = 0;

	if (!memory)
		return -ENOMEM;

	int err = faults_answer(&fs->faults, file_read(fs, node, &range, &len));

	if (err)
		free(memory);
	else
		*ret_read = (struct fs_read_result){slice_of(memory, len), memory};
	return err;
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
	free(read->memory);
	*read = (struct fs_read_result){0};
}

static int file_seek(struct fs *fs, uint64_t node, uint64_t offset, enum lsm_stretch wanted,
		     uint64_t *ret_offset)
{
	struct node_view view;
	struct node_lock lock;
	int err = nodes_pin(&fs->nodes, node, &view);

	if (err)
		return err;
	node_lock_view(fs, &view, &lock);
	if (lock.view.key->name.folder)
		err = -EISDIR;
	else
		err = content_seek(fs, &lock.view, offset, wanted, ret_offset);
	node_unlock(fs, &lock);
	return err;
}

int fs_seek(struct fs *fs, uint64_t node, uint64_t offset, int whence, uint64_t *ret_offset)
{
	enum lsm_stretch wanted = whence == SEEK_HOLE ? LSM_HOLE : LSM_DATA;

	if (whence != SEEK_HOLE && whence != SEEK_DATA)
		return -EINVAL;
	return faults_answer(&fs->faults, file_seek(fs, node, offset, wanted, ret_offset));
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
	else
		err = content_write(fs, caller, &lock.view, offset, bytes);
	node_unlock(fs, &lock);
	return err;
}

int fs_write(struct fs *fs, const struct fs_caller *caller, uint64_t node, uint64_t offset,
	     struct slice bytes)
{
	return faults_answer(&fs->faults, file_write(fs, caller, node, offset, bytes));
}
