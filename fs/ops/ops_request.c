#include "fs/ops/ops_request.h"

#include <errno.h>

#include "fs/ops/notifier.h"
#include "fs/ops/ops_target.h"

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
	struct ops_target target;

	if (ops_is_virtual(node)) {
		virt_forget(ops->virt, node, lookups);
		return;
	}
	if (ops_target_begin(ops, node, &target))
		return; /* it went with its snapshot */
	fs_forget(target.fs, target.node, lookups);
	ops_target_end(&target);
}

bool ops_names_virtual(const struct ops *ops, fuse_ino_t parent, const char *name)
{
	return ops_is_virtual(parent) ||
	       (parent == FS_ROOT && ops->options.virtual_files != OPS_VIRTUAL_OFF &&
		virt_has(ops->virt, slice_str(name)));
}

struct fuse_entry_param ops_entry(const struct ops *ops, const struct fs_entry *entry)
{
	/* also the root of a snapshot, which stands in a virtual folder */
	bool is_virtual = ops_is_virtual(entry->node) ||
			  (view_is_node(entry->node) && view_inner(entry->node) == FS_ROOT);
	bool grows = ops_is_virtual(entry->node) && virt_grows(ops->virt, entry->node);

	return (struct fuse_entry_param){.ino = entry->node,
					 .attr = entry->attr,
					 .attr_timeout = grows        ? 0
							 : is_virtual ? OPS_KEEP_SECONDS
								      : ops->options.attr_timeout,
					 .entry_timeout =
						 is_virtual ? 0 : ops->options.entry_timeout};
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

void ops_reply_after(fuse_req_t req, struct ops *ops, struct fs_stale *stale, int rc,
		     size_t written)
{
	struct notifier_answer answer = {.req = req, .rc = rc, .written = written};

	ops_end(req, rc); /* what follows is the notifier's time */
	notifier_answer_after(ops->notifier, stale, &answer);
}
