#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "fs/ops/notifier.h"
#include "fs/ops/ops_request.h"
#include "fs/ops/ops_target.h"

void ops_forget(fuse_req_t req, fuse_ino_t node, uint64_t lookups)
{
	struct ops *ops = fuse_req_userdata(req);

	ops_count_forgets(ops->counters, 1);
	ops_forget_node(ops, node, lookups);
	fuse_reply_none(req);
}

void ops_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct ops *ops = fuse_req_userdata(req);

	ops_count_forgets(ops->counters, count);
	for (size_t i = 0; i < count; i++)
		ops_forget_node(ops, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, int rc, const struct stat *attr, double timeout)
{
	if (rc)
		ops_reply_status(req, rc);
	else
		ops_reply_attr(req, attr, timeout);
}

static int getattr(struct ops *ops, fuse_ino_t node, struct stat *ret_attr)
{
	struct ops_target target;
	int rc = ops_target_begin(ops, node, &target);

	if (rc)
		return rc;
	rc = fs_getattr(target.fs, target.node, ret_attr);
	if (!rc)
		ops_target_attr(&target, ret_attr);
	ops_target_end(&target);
	return rc;
}

/* A larger size than the kernel has seen is told after it has dropped what it knows of the end. */
static void getattr_virtual(fuse_req_t req, struct ops *ops, fuse_ino_t node)
{
	struct fs_stale stale = {0};
	bool grows = virt_grows(ops->virt, node);
	struct notifier_answer answer = {
		.req = req, .has_attr = true, .attr_timeout = grows ? 0 : OPS_KEEP_SECONDS};

	if (grows)
		answer.rc = virt_grow(ops->virt, node, &stale);
	if (!answer.rc)
		answer.rc = virt_getattr(ops->virt, node, &answer.attr);
	ops_end(req, answer.rc);
	notifier_answer_after(ops->notifier, &stale, &answer);
}

void ops_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_GETATTR);
	struct stat attr;

	(void)fi; /* files have no handles: the node says it all */
	if (ops_is_virtual(node)) {
		getattr_virtual(req, ops, node);
		return;
	}
	int rc = getattr(ops, node, &attr);

	reply_attr(req, rc, &attr, ops->options.attr_timeout);
}

/*
 * The kernel sets ATIME along with ATIME_NOW; the core takes one or the other. ctime is ours to
 * set.
 */
static unsigned set_of(int to_set)
{
	unsigned set = 0;

	if (to_set & FUSE_SET_ATTR_MODE)
		set |= FS_SET_MODE;
	if (to_set & FUSE_SET_ATTR_UID)
		set |= FS_SET_UID;
	if (to_set & FUSE_SET_ATTR_GID)
		set |= FS_SET_GID;
	if (to_set & FUSE_SET_ATTR_SIZE)
		set |= FS_SET_SIZE;
	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		set |= FS_SET_ATIME_NOW;
	else if (to_set & FUSE_SET_ATTR_ATIME)
		set |= FS_SET_ATIME;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		set |= FS_SET_MTIME_NOW;
	else if (to_set & FUSE_SET_ATTR_MTIME)
		set |= FS_SET_MTIME;
	return set;
}

void ops_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr, int to_set,
		 struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_SETATTR);
	struct fs_caller caller = ops_caller(req);
	struct stat changed;
	int rc;

	(void)fi;
	if (ops_is_virtual(node))
		rc = virt_setattr(ops->virt, &caller, node, attr, set_of(to_set), &changed);
	else if (view_is_node(node))
		rc = -EROFS;
	else
		rc = fs_setattr(ops->fs, &caller, node, attr, set_of(to_set), &changed);
	reply_attr(req, rc, &changed, ops->options.attr_timeout);
}

static void read_virtual(fuse_req_t req, struct ops *ops, fuse_ino_t node, uint64_t offset,
			 size_t size)
{
	struct fs_caller caller = ops_caller(req);
	cleanup_buf struct buf bytes = {0};
	int rc = virt_read(ops->virt, &caller, node, offset, size, &bytes);

	if (rc)
		ops_reply_status(req, rc);
	else
		ops_reply_buf(req, (const char *)bytes.ptr, bytes.len);
}

/* A link's target never changes, and the kernel keeps it: FUSE_CAP_CACHE_SYMLINKS. */
void ops_readlink(fuse_req_t req, fuse_ino_t node)
{
	struct ops *ops = ops_begin(req, OPS_READLINK);
	struct ops_target target_fs;
	struct fs_read_result found;
	char target[PATH_MAX];
	int rc = ops_is_virtual(node) ? -EINVAL : ops_target_begin(ops, node, &target_fs);

	if (!rc) {
		rc = fs_readlink(target_fs.fs, target_fs.node, &found);
		ops_target_end(&target_fs);
	}
	if (rc) {
		ops_reply_status(req, rc);
		return;
	}
	size_t len = min_of(found.bytes.len, sizeof(target) - 1);

	if (len > 0)
		memcpy(target, found.bytes.ptr, len);
	target[len] = '\0';
	fs_read_done(&found);
	ops_reply_readlink(req, target);
}

void ops_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_READ);
	struct fs_read_result found;

	(void)fi;
	if (ops_is_virtual(node)) {
		read_virtual(req, ops, node, (uint64_t)offset, size);
		return;
	}
	struct ops_target target;
	int rc = ops_target_begin(ops, node, &target);

	if (!rc) {
		rc = fs_read(target.fs, target.node, (uint64_t)offset, size, &found);
		ops_target_end(&target);
	}
	if (rc) {
		ops_reply_status(req, rc);
		return;
	}
	ops_reply_buf(req, (const char *)found.bytes.ptr, found.bytes.len);
	fs_read_done(&found);
}

/* A text that was rendered has no holes. */
static int seek_virtual(struct ops *ops, fuse_ino_t node, uint64_t offset, int whence,
			uint64_t *ret_offset)
{
	struct stat attr;
	int rc = virt_getattr(ops->virt, node, &attr);

	if (rc)
		return rc;
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (offset >= (uint64_t)attr.st_size)
		return -ENXIO;
	*ret_offset = whence == SEEK_DATA ? offset : (uint64_t)attr.st_size;
	return 0;
}

static int seek_real(struct ops *ops, fuse_ino_t node, uint64_t offset, int whence,
		     uint64_t *ret_offset)
{
	struct ops_target target;
	int rc = ops_target_begin(ops, node, &target);

	if (rc)
		return rc;
	rc = fs_seek(target.fs, target.node, offset, whence, ret_offset);
	ops_target_end(&target);
	return rc;
}

void ops_lseek(fuse_req_t req, fuse_ino_t node, off_t offset, int whence, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_LSEEK);
	uint64_t found;
	int rc;

	(void)fi;
	if (ops_is_virtual(node))
		rc = seek_virtual(ops, node, (uint64_t)offset, whence, &found);
	else
		rc = seek_real(ops, node, (uint64_t)offset, whence, &found);
	if (rc)
		ops_reply_status(req, rc);
	else
		ops_reply_lseek(req, (off_t)found);
}

/* What the kernel forgets first: a command may have changed any number of files. */
static void write_virtual(fuse_req_t req, struct ops *ops, fuse_ino_t node, uint64_t offset,
			  struct slice bytes)
{
	struct fs_caller caller = ops_caller(req);
	struct fs_stale stale = {0};
	struct virt_write write = {
		.change = {.caller = &caller, .stale = &stale}, .offset = offset, .bytes = bytes};
	int rc = virt_write(ops->virt, node, &write);

	ops_reply_after(req, ops, &stale, rc, bytes.len);
}

void ops_write(fuse_req_t req, fuse_ino_t node, const char *bytes, size_t size, off_t offset,
	       struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_WRITE);
	struct fs_caller caller = ops_caller(req);

	(void)fi;
	if (ops_is_virtual(node)) {
		write_virtual(req, ops, node, (uint64_t)offset, slice_of(bytes, size));
		return;
	}
	int rc = -EROFS;

	if (!view_is_node(node))
		rc = fs_write(ops->fs, &caller, node, (uint64_t)offset, slice_of(bytes, size));

	if (rc)
		ops_reply_status(req, rc);
	else
		ops_reply_write(req, size);
}

/* Has more parameters than a function should: libfuse's type. */
/* NOLINTNEXTLINE(readability-function-size) */
void ops_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_offset,
			 struct fuse_file_info *from_fi, fuse_ino_t to, off_t to_offset,
			 struct fuse_file_info *to_fi, size_t len, int flags)
{
	struct ops *ops = ops_begin(req, OPS_COPY_FILE_RANGE);
	struct fs_caller caller = ops_caller(req);
	struct fs_copy copy = {.from = from,
			       .from_offset = (uint64_t)from_offset,
			       .to = to,
			       .to_offset = (uint64_t)to_offset,
			       .len = len};
	uint64_t copied;
	int rc = -EINVAL;

	(void)from_fi;
	(void)to_fi;
	/* The kernel then copies by reading and writing. */
	if (ops_is_virtual(from) || ops_is_virtual(to) || view_is_node(from))
		rc = -EOPNOTSUPP;
	else if (view_is_node(to))
		rc = -EROFS;
	else if (flags == 0)
		rc = fs_copy_range(ops->fs, &caller, &copy, &copied);
	if (rc)
		ops_reply_status(req, rc);
	else
		ops_reply_write(req, copied);
}

void ops_fallocate(fuse_req_t req, fuse_ino_t node, int mode, off_t offset, off_t length,
		   struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_FALLOCATE);
	struct fs_caller caller = ops_caller(req);
	int rc = view_is_node(node) ? -EROFS : -EACCES;

	(void)fi;
	if (!ops_is_virtual(node) && !view_is_node(node))
		rc = fs_allocate(ops->fs, &caller, node, (unsigned)mode, (uint64_t)offset,
				 (uint64_t)length);
	ops_reply_status(req, rc);
}

/* Only for files that were created before the kernel had its first ENOSYS from open. */
void ops_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	(void)node;
	(void)fi;
	(void)ops_begin(req, OPS_RELEASE);
	ops_reply_status(req, 0);
}

void ops_fsync(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_FSYNC);

	(void)node; /* one log for all files: syncing one syncs what came before, too */
	(void)datasync;
	(void)fi;
	ops_reply_status(req, fs_sync(ops->fs));
}

void ops_statfs(fuse_req_t req, fuse_ino_t node)
{
	struct ops *ops = ops_begin(req, OPS_STATFS);
	struct statvfs space;
	int rc = fs_statfs(ops->fs, &space);

	(void)node;
	if (rc)
		ops_reply_status(req, rc);
	else
		ops_reply_statfs(req, &space);
}
