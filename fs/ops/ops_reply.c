/*
 * The answers that carry something. One that cannot be delivered means that the mount is gone:
 * nobody is left to tell, and nothing is to be undone; a change stands all the same.
 */
#include "fs/ops/ops_request.h"

void ops_reply_attr(fuse_req_t req, const struct stat *attr, double timeout)
{
	ops_end(req, 0);
	(void)fuse_reply_attr(req, attr, timeout);
}

void ops_reply_buf(fuse_req_t req, const char *bytes, size_t len)
{
	ops_end(req, 0);
	(void)fuse_reply_buf(req, bytes, len);
}

void ops_reply_readlink(fuse_req_t req, const char *target)
{
	ops_end(req, 0);
	(void)fuse_reply_readlink(req, target);
}

void ops_reply_lseek(fuse_req_t req, off_t offset)
{
	ops_end(req, 0);
	(void)fuse_reply_lseek(req, offset);
}

void ops_reply_write(fuse_req_t req, size_t len)
{
	ops_end(req, 0);
	(void)fuse_reply_write(req, len);
}

void ops_reply_statfs(fuse_req_t req, const struct statvfs *space)
{
	ops_end(req, 0);
	(void)fuse_reply_statfs(req, space);
}

void ops_reply_xattr(fuse_req_t req, size_t len)
{
	ops_end(req, 0);
	(void)fuse_reply_xattr(req, len);
}
