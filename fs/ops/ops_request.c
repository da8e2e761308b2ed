#include "fs/ops/ops_request.h"

#include <errno.h>

struct ops *ops_begin(fuse_req_t req, enum ops_request request)
{
	struct ops *ops = fuse_req_userdata(req);

	ops_count_begin(ops->counters, request);
	return ops;
}

void ops_end(fuse_req_t req, int rc)
{
	const struct ops *ops = fuse_req_userdata(req);

	ops_count_end(ops->counters, rc);
}

struct fs_caller ops_caller(fuse_req_t req)
{
	const struct fuse_ctx *who = fuse_req_ctx(req);

	return (struct fs_caller){
		.uid = who->uid, .gid = who->gid, .pid = who->pid, .umask = who->umask};
}

void ops_reply_status(fuse_req_t req, int rc)
{
	ops_end(req, rc);
	/*
	 * An answer that cannot be delivered means that the mount is gone: nobody is left to tell.
	 */
	(void)fuse_reply_err(req, -rc);
}

void ops_forget_node(struct ops *ops, fuse_ino_t node, uint64_t lookups)
{
	if (ops_is_virtual(node))
		virt_forget(ops->virt, node, lookups);
	else
		fs_forget(ops->fs, node, lookups);
}

bool ops_names_virtual(const struct ops *ops, fuse_ino_t parent, const char *name)
{
	return ops_is_virtual(parent) ||
	       (parent == FS_ROOT && virt_has(ops->virt, slice_str(name)));
}

struct fuse_entry_param ops_entry(const struct ops *ops, const struct fs_entry *entry)
{
	bool is_virtual = ops_is_virtual(entry->node);

	return (struct fuse_entry_param){
		.ino = entry->node,
		.attr = entry->attr,
		.attr_timeout = is_virtual ? OPS_KEEP_SECONDS : ops->options.attr_timeout,
		.entry_timeout = is_virtual ? 0 : ops->options.entry_timeout};
}

void ops_reply_entry(fuse_req_t req, struct ops *ops, int rc, const struct fs_entry *entry)
{
	if (rc) {
		ops_reply_status(req, rc);
		return;
	}
	struct fuse_entry_param param = ops_entry(ops, entry);

	ops_end(req, 0);
	if (fuse_reply_entry(req, &param) == 0)
		return;
	/* The kernel has not seen the node and will never forget it. */
	ops_forget_node(ops, entry->node, 1);
}
