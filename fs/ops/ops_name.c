#include <errno.h>
#include <fcntl.h>

#include "fs/ops/notifier.h"
#include "fs/ops/ops_request.h"
#include "fs/ops/ops_target.h"
#include "lsm/base/error.h"

/* "There is none", for the kernel to remember. */
static void reply_absent(fuse_req_t req, const struct ops *ops)
{
	struct fuse_entry_param absent = {.ino = 0, .entry_timeout = ops->options.negative_timeout};

	ops_end(req, -ENOENT);
	(void)fuse_reply_entry(req, &absent); /* nothing to undo */
}

static int lookup(struct ops *ops, fuse_ino_t parent, const char *name, struct fs_entry *ret_entry)
{
	struct ops_target target;
	int rc = ops_target_begin(ops, parent, &target);

	if (rc)
		return rc;
	rc = fs_lookup(target.fs, target.node, slice_str(name), ret_entry);
	if (!rc)
		ops_target_entry(&target, ret_entry);
	ops_target_end(&target);
	return rc;
}

static void lookup_virtual(fuse_req_t req, struct ops *ops, fuse_ino_t parent, const char *name)
{
	struct fs_caller caller = ops_caller(req);
	struct fs_stale stale = {0};
	struct notifier_answer nobody = {0};
	struct fs_entry entry;
	int rc = virt_lookup(ops->virt, &caller, parent, slice_str(name),
			     ops_count_alone(ops->counters), &entry);

	ops_reply_entry(req, ops, rc, &entry);
	ignore_result(virt_trim(ops->virt, &stale)); /* what there was no memory for comes later */
	notifier_answer_after(ops->notifier, &stale, &nobody);
}

void ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops *ops = ops_begin(req, OPS_LOOKUP);
	struct fs_entry entry;

	if (ops_names_virtual(ops, parent, name)) {
		lookup_virtual(req, ops, parent, name);
		return;
	}
	int rc = lookup(ops, parent, name, &entry);

	if (rc == -ENOENT)
		reply_absent(req, ops);
	else
		ops_reply_entry(req, ops, rc, &entry);
}

/* What a program makes in the virtual tree, or finds there. */
static int virtual_create(struct ops *ops, const struct fs_caller *caller, fuse_ino_t parent,
			  const char *name, bool exclusive, struct fs_entry *ret_entry)
{
	struct virt_change change = {.caller = caller};

	return virt_create(ops->virt, &change, parent, slice_str(name), exclusive, ret_entry);
}

void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	struct ops *ops = ops_begin(req, OPS_MKNOD);
	struct fs_caller caller = ops_caller(req);
	struct fs_entry entry;
	int rc;

	(void)device; /* what is made has none */
	if (ops_names_virtual(ops, parent, name))
		rc = S_ISREG(mode) ? virtual_create(ops, &caller, parent, name, true, &entry)
				   : -EACCES;
	else if (view_is_node(parent))
		rc = -EROFS;
	else
		rc = fs_mknod(ops->fs, &caller, parent, slice_str(name), mode, &entry);
	ops_reply_entry(req, ops, rc, &entry);
}

void ops_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct ops *ops = ops_begin(req, OPS_MKDIR);
	struct fs_caller caller = ops_caller(req);
	struct fs_entry entry;
	int rc;

	if (ops_names_virtual(ops, parent, name)) {
		struct virt_change change = {.caller = &caller};

		rc = virt_mkdir(ops->virt, &change, parent, slice_str(name), &entry);
	} else if (view_is_node(parent)) {
		rc = -EROFS;
	} else {
		rc = fs_mkdir(ops->fs, &caller, parent, slice_str(name), mode, &entry);
	}
	ops_reply_entry(req, ops, rc, &entry);
}

/*
 * The file was there after all. The kernel leaves out its own SETATTR when it believes that it
 * creates the file, so what open(2) with O_TRUNC promises falls to us.
 */
static int found_truncate(struct ops *ops, const struct fs_caller *caller, struct fs_entry *entry)
{
	struct stat empty = {.st_size = 0};
	int rc = fs_setattr(ops->fs, caller, entry->node, &empty, FS_SET_SIZE, &entry->attr);

	if (rc)
		fs_forget(ops->fs, entry->node, 1);
	return rc;
}

void ops_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_CREATE);
	struct fs_caller caller = ops_caller(req);
	struct fs_entry entry;
	int rc;

	if (ops_names_virtual(ops, parent, name))
		rc = virtual_create(ops, &caller, parent, name, fi->flags & O_EXCL, &entry);
	else if (view_is_node(parent))
		rc = -EROFS;
	else if (fi->flags & O_EXCL)
		rc = fs_mknod(ops->fs, &caller, parent, slice_str(name), mode, &entry);
	else
		rc = fs_create(ops->fs, &caller, parent, slice_str(name), mode, &entry);
	if (!rc && (fi->flags & O_TRUNC) && entry.attr.st_size > 0 && !ops_is_virtual(entry.node))
		rc = found_truncate(ops, &caller, &entry);
	if (rc) {
		ops_reply_status(req, rc);
		return;
	}
	struct fuse_entry_param param = ops_entry(ops, &entry);

	fi->keep_cache = 1;
	ops_end(req, 0);
	if (fuse_reply_create(req, &param, fi) != 0)
		ops_forget_node(ops, entry.node, 1);
}

void ops_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops *ops = ops_begin(req, OPS_UNLINK);
	struct fs_caller caller = ops_caller(req);
	struct fs_stale stale = {0};
	struct virt_change change = {.caller = &caller, .stale = &stale};
	int rc;

	if (ops_names_virtual(ops, parent, name))
		rc = virt_unlink(ops->virt, &change, parent, slice_str(name));
	else if (view_is_node(parent))
		rc = -EROFS;
	else
		rc = fs_unlink(ops->fs, &caller, parent, slice_str(name));
	ops_reply_after(req, ops, &stale, rc, 0);
}

void ops_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops *ops = ops_begin(req, OPS_RMDIR);
	struct fs_caller caller = ops_caller(req);
	struct fs_stale stale = {0};
	struct virt_change change = {.caller = &caller, .stale = &stale};
	int rc;

	if (ops_names_virtual(ops, parent, name))
		rc = virt_rmdir(ops->virt, &change, parent, slice_str(name));
	else if (view_is_node(parent))
		rc = -EROFS;
	else
		rc = fs_rmdir(ops->fs, &caller, parent, slice_str(name));
	ops_reply_after(req, ops, &stale, rc, 0);
}

void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		const char *new_name, unsigned int flags)
{
	struct ops *ops = ops_begin(req, OPS_RENAME);
	struct fs_caller caller = ops_caller(req);
	struct fs_rename rename = {.parent = parent,
				   .name = slice_str(name),
				   .new_parent = new_parent,
				   .new_name = slice_str(new_name),
				   .flags = flags};
	struct fs_stale stale = {0};
	struct virt_change change = {.caller = &caller, .stale = &stale};
	int rc;

	if (ops_names_virtual(ops, parent, name) || ops_names_virtual(ops, new_parent, new_name))
		rc = virt_rename(ops->virt, &change, &rename);
	else if (view_is_node(parent) || view_is_node(new_parent))
		rc = -EROFS;
	else
		rc = fs_rename(ops->fs, &caller, &rename);
	ops_reply_after(req, ops, &stale, rc, 0);
}

void ops_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct ops *ops = ops_begin(req, OPS_SYMLINK);
	struct fs_caller caller = ops_caller(req);
	struct fs_entry entry;
	int rc = view_is_node(parent) ? -EROFS : -EACCES;

	if (!view_is_node(parent) && !ops_names_virtual(ops, parent, name))
		rc = fs_symlink(ops->fs, &caller, parent, slice_str(name), slice_str(target),
				&entry);
	ops_reply_entry(req, ops, rc, &entry);
}

void ops_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name)
{
	(void)node;
	(void)parent;
	(void)name;
	(void)ops_begin(req, OPS_LINK);
	ops_reply_status(req, -EPERM); /* link(2): the file system does not have hard links */
}
