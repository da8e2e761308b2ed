/*
 * fs_unlink and fs_rmdir.
 */
#include "fs/core/remove.h"

#include <errno.h>

#include "fs/core/store.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"

int removal_prepare(struct fs *fs, const struct found *file, struct removal *r)
{
	if (!nodes_find(&fs->nodes, &file->name, &r->view))
		return 0;
	/* Without a lookup nobody comes back to it by its number, and a snapshot costs the engine
	 * something. */
	if (nodes_is_looked_up(&fs->nodes, r->view.node)) {
		int err = orphan_new(fs->db, &fs->nodes.orphan_memory, &file->attr, !file->held,
				     &r->orphan);

		if (err)
			return err;
	}
	nodes_set_leaving(&fs->nodes, r->view.node, true);
	r->pending = true;
	return 0;
}

void removal_commit(struct fs *fs, struct removal *r, int64_t time_ns)
{
	if (!r->view.node)
		return;
	hold_end(fs, r->view.node, false);
	if (r->orphan)
		r->orphan->attr.ctime_ns = time_ns;
	nodes_unname(&fs->nodes, r->view.node, move_ptr(&r->orphan));
	r->pending = false;
}

void removal_done(struct fs *fs, struct removal *r)
{
	orphan_free(r->orphan);
	if (r->pending)
		nodes_set_leaving(&fs->nodes, r->view.node, false);
	if (r->view.node)
		nodes_unpin(&fs->nodes, &r->view);
}

/* Delete a record of the folder's, and keep the folder. */
static int delete_below(struct fs *fs, const struct node_view *folder, struct slice key,
			int64_t *ret_time_ns)
{
	cleanup_batch struct lsm_batch *batch = lsm_batch_new();

	if (!batch)
		return -ENOMEM;

	int err = lsm_batch_delete(batch, key);

	if (!err)
		err = folder_keep(fs, folder, &(struct going){.file = key}, batch);
	/* the folder's record too: without it the last file of a folder could not be deleted */
	return err ? err : store_commit(fs, batch, STORE_FREES, ret_time_ns);
}

static int unlink_file(struct fs *fs, struct name_op *op)
{
	struct found found;
	int err = name_find(fs, &op->place, &found);

	if (err)
		return err;
	if (found.name.folder)
		return -EISDIR;

	struct removal removal = {0};
	int64_t time_ns = (int64_t)clock_real_ns();

	err = removal_prepare(fs, &found, &removal);
	/* A creation that was never logged leaves nothing to delete. */
	if (!err && !found.held_creation)
		err = delete_below(fs, &op->parent, found.name.bytes, &time_ns);
	if (!err) {
		removal_commit(fs, &removal, time_ns);
		folder_touch(fs, &op->parent, time_ns);
	}
	removal_done(fs, &removal);
	return err;
}

int fs_unlink(struct fs *fs, const struct fs_caller *caller, uint64_t parent, struct slice name)
{
	struct name_op op;
	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = name_lock(fs, caller, &op);
		if (!err)
			err = unlink_file(fs, &op);
		name_close(fs, &op);
	}
	return faults_answer(&fs->faults, err);
}

/* Whether anything but the folder's own record has its prefix. */
static int check_no_keys(struct fs *fs, struct slice prefix)
{
	struct lsm_read_options options = {.prefix = prefix};
	struct lsm_iter *it;
	bool is_record = true;
	int err = lsm_iter_new(fs->db, &options, &it);

	if (err)
		return err;
	lsm_iter_first(it);
	if (lsm_iter_valid(it) && slice_eq(lsm_iter_record(it)->key, prefix)) {
		err = attr_is_folder_record(fs->separator, lsm_iter_record(it), &is_record);
		if (!err && is_record)
			lsm_iter_next(it);
	}
	if (!err)
		err = lsm_iter_valid(it) ? -ENOTEMPTY : lsm_iter_status(it);
	lsm_iter_free(it);
	return err;
}

int folder_check_empty(struct fs *fs, const struct node_name *folder)
{
	if (hold_has_below(fs, folder->bytes))
		return -ENOTEMPTY;
	if (folder->partial) {
		int err = folder_has_keys(fs, folder);

		return err == -ENOENT ? 0 : err ? err : -ENOTEMPTY;
	}
	if (hold_has(fs, slice_of(folder->bytes.ptr, folder->bytes.len - 1)))
		return -ENOTEMPTY;

	/* a value of the folder's own is an entry as well */
	struct slice own = {0};
	int err = check_no_keys(fs, folder->bytes);

	if (!err)
		err = folder_own_value(fs, folder->bytes, &own);
	return err ? err : own.len > 0 ? -ENOTEMPTY : 0;
}

static int remove_folder(struct fs *fs, struct name_op *op)
{
	struct node_view view;
	struct found found;
	int64_t time_ns = (int64_t)clock_real_ns();
	int err = name_find(fs, &op->place, &found);

	if (err)
		return err;
	if (!found.name.folder)
		return -ENOTDIR;
	err = folder_check_empty(fs, &found.name);
	if (err)
		return err;
	nodes_subfolders_begin(&fs->nodes, op->parent.node);
	if (folder_can_have_record(&found.name))
		err = delete_below(fs, &op->parent, found.name.bytes, &time_ns);
	nodes_subfolders_end(&fs->nodes, op->parent.node, err ? 0 : -1);
	if (err)
		return err;
	if (nodes_find(&fs->nodes, &found.name, &view)) {
		nodes_unname(&fs->nodes, view.node, NULL);
		nodes_unpin(&fs->nodes, &view);
	}
	folder_touch(fs, &op->parent, time_ns);
	return 0;
}

int fs_rmdir(struct fs *fs, const struct fs_caller *caller, uint64_t parent, struct slice name)
{
	struct name_op op;
	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = name_lock(fs, caller, &op);
		if (!err)
			err = remove_folder(fs, &op);
		name_close(fs, &op);
	}
	return faults_answer(&fs->faults, err);
}
