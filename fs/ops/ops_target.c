#include "fs/ops/ops_target.h"

#include <errno.h>

int ops_target_begin(struct ops *ops, uint64_t node, struct ops_target *ret_target)
{
	struct ops_target target = {.fs = ops->fs, .node = node};

	if (view_is_node(node)) {
		target.view = views_find(ops->views, node);
		if (!target.view)
			return -ESTALE;
		target.fs = target.view->fs;
		target.node = view_inner(node);
	}
	*ret_target = target;
	return 0;
}

void ops_target_end(struct ops_target *target)
{
	if (target->view)
		view_unref(target->view);
}

void ops_target_entry(const struct ops_target *target, struct fs_entry *entry)
{
	if (target->view)
		view_entry(target->view, entry);
}

void ops_target_attr(const struct ops_target *target, struct stat *attr)
{
	if (target->view)
		attr->st_ino = view_inode(target->view, attr->st_ino);
}
