/*
 * .apex/snapshots: mkdir makes a snapshot, rmdir drops it, and what stands in it is the store as it
 * was.
 */
#include <errno.h>

#include "fs/virt/control_impl.h"

static int find_snapshot(void *arg, struct slice name, struct virt_found *ret_found)
{
	struct control *c = arg;
	struct view *view;
	int rc = views_open(c->options.views, name, &view);

	if (rc)
		return rc;
	ret_found->entry.node = FS_ROOT;
	rc = fs_getattr(view->fs, FS_ROOT, &ret_found->entry.attr);
	view_entry(view, &ret_found->entry);
	view_unref(view);
	return rc;
}

static int list_one(void *arg, const struct lsm_snapshot_info *info)
{
	return virt_list_add(arg, info->name, S_IFDIR);
}

static int list_snapshots(void *arg, struct buf *names)
{
	return lsm_snapshot_list(((struct control *)arg)->options.db, list_one, names);
}

static int make_snapshot(void *arg, const struct virt_change *change, struct slice name)
{
	struct control *c = arg;
	int rc = fs_sync(c->options.fs); /* what is held is seen, so the snapshot is to show it */

	(void)change;
	return rc ? rc : lsm_snapshot_make(c->options.db, name);
}

static int drop_snapshot(void *arg, const struct virt_change *change, struct slice name)
{
	struct control *c = arg;
	int rc = lsm_snapshot_drop(c->options.db, name);

	(void)change;
	if (!rc)
		views_drop(c->options.views, name);
	return rc;
}

static const struct virt_hooks snapshot_hooks = {
	.find = find_snapshot,
	.list = list_snapshots,
	.mkdir = make_snapshot,
	.rmdir = drop_snapshot,
};

int control_snapshots_add(struct control *c, struct virt *v)
{
	unsigned number;

	c->snapshots = (struct virt_folder){
		.name = "snapshots", .mode = 0700, .hooks = &snapshot_hooks, .arg = c};
	return virt_add_folder(v, c->apex, &c->snapshots, &number);
}
