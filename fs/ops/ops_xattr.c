/*
 * Extended attributes, if the mount has them. If not, the first answer of each kind is the last:
 * the kernel does not ask again, not even for security.capability, which it otherwise wants before
 * each write(2). No other answer keeps it from that.
 */
#include <errno.h>

#include "fs/ops/ops_request.h"
#include "fs/ops/ops_target.h"

static int refusal(const struct ops *ops, fuse_ino_t node)
{
	if (!ops->options.xattr)
		return -ENOSYS;
	return ops_is_virtual(node) ? -EACCES : 0;
}

/* Of a change. */
static int change_refusal(const struct ops *ops, fuse_ino_t node)
{
	int rc = refusal(ops, node);

	return !rc && view_is_node(node) ? -EROFS : rc;
}

void ops_setxattr(fuse_req_t req, fuse_ino_t node, const char *name, const char *value, size_t size,
		  int flags)
{
	struct ops *ops = ops_begin(req, OPS_SETXATTR);
	struct fs_caller caller = ops_caller(req);
	int rc = change_refusal(ops, node);

	if (!rc)
		rc = fs_set_xattr(ops->fs, &caller, node, slice_str(name), slice_of(value, size),
				  flags);
	ops_reply_status(req, rc);
}

void ops_removexattr(fuse_req_t req, fuse_ino_t node, const char *name)
{
	struct ops *ops = ops_begin(req, OPS_REMOVEXATTR);
	struct fs_caller caller = ops_caller(req);
	int rc = change_refusal(ops, node);

	if (!rc)
		rc = fs_remove_xattr(ops->fs, &caller, node, slice_str(name));
	ops_reply_status(req, rc);
}

/* With room for nothing the program asks how much there is. */
static void reply(fuse_req_t req, int rc, struct slice found, size_t room)
{
	if (rc)
		ops_reply_status(req, rc);
	else if (room == 0)
		ops_reply_xattr(req, found.len);
	else if (found.len > room)
		ops_reply_status(req, -ERANGE);
	else
		ops_reply_buf(req, (const char *)found.ptr, found.len);
}

void ops_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t size)
{
	struct ops *ops = ops_begin(req, OPS_GETXATTR);
	cleanup_buf struct buf value = {0};
	struct ops_target target;
	int rc = refusal(ops, node);

	if (rc == -EACCES)
		rc = -ENODATA;
	if (!rc)
		rc = ops_target_begin(ops, node, &target);
	if (!rc) {
		rc = fs_get_xattr(target.fs, target.node, slice_str(name), &value);
		ops_target_end(&target);
	}
	reply(req, rc, buf_slice(&value), size);
}

void ops_listxattr(fuse_req_t req, fuse_ino_t node, size_t size)
{
	struct ops *ops = ops_begin(req, OPS_LISTXATTR);
	struct fs_caller caller = ops_caller(req);
	cleanup_buf struct buf names = {0};
	struct ops_target target;
	int rc = refusal(ops, node);

	if (rc == -EACCES) {
		reply(req, 0, buf_slice(&names), size);
		return;
	}
	if (!rc)
		rc = ops_target_begin(ops, node, &target);
	if (!rc) {
		rc = fs_list_xattrs(target.fs, &caller, target.node, &names);
		ops_target_end(&target);
	}
	reply(req, rc, buf_slice(&names), size);
}
