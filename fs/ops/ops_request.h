/*
 * What the operations share: the way from a request to its ops, its caller and its answer. Private
 * to fs/ops.
 */
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fs/core/fs.h"
#include "fs/core/stale.h"
#include "fs/ops/ops.h"
#include "fs/ops/ops_count.h"
#include "fs/virt/views.h"
#include "fs/virt/virt.h"

/* Seconds for which the kernel may believe what never changes: a year. */
#define OPS_KEEP_SECONDS 31536000.0

/* Count the request and return what it works on. */
struct ops *ops_begin(fuse_req_t req, enum ops_request request);
/* It is about to be answered, with 0 or a negative errno; the ops_reply_ functions do it. */
void ops_end(fuse_req_t req, int rc);

struct fs_caller ops_caller(fuse_req_t req);

/* 0 or a negative errno. */
void ops_reply_status(fuse_req_t req, int rc);
/* ops_reply.c: as fuse_reply_ has them. */
void ops_reply_attr(fuse_req_t req, const struct stat *attr, double timeout);
void ops_reply_buf(fuse_req_t req, const char *bytes, size_t len);
void ops_reply_readlink(fuse_req_t req, const char *target);
void ops_reply_lseek(fuse_req_t req, off_t offset);
void ops_reply_write(fuse_req_t req, size_t len);
void ops_reply_statfs(fuse_req_t req, const struct statvfs *space);
void ops_reply_xattr(fuse_req_t req, size_t len);

static inline bool ops_is_virtual(fuse_ino_t node)
{
	return (node & FS_VIRTUAL_BIT) != 0;
}

/* Take lookups back, of any node. */
void ops_forget_node(struct ops *ops, fuse_ino_t node, uint64_t lookups);

/* Whether the name is one of fs/virt's. */
bool ops_names_virtual(const struct ops *ops, fuse_ino_t parent, const char *name);

/* For the answer to whatever made the node known to the kernel. */
struct fuse_entry_param ops_entry(const struct ops *ops, const struct fs_entry *entry);

/*
 * Answer a change, of `written` bytes if it is a WRITE, after the kernel has been told of *stale,
 * which ends.
 */
void ops_reply_after(fuse_req_t req, struct ops *ops, struct fs_stale *stale, int rc,
		     size_t written);

/* Answer with the entry, or with the error; an entry that could not be delivered is forgotten. */
void ops_reply_entry(fuse_req_t req, struct ops *ops, int rc, const struct fs_entry *entry);

/* ops_name.c: names of a folder */
void ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device);
void ops_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void ops_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		struct fuse_file_info *fi);
void ops_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void ops_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		const char *new_name, unsigned int flags);
void ops_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void ops_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name);

/* ops_node.c: one node */
void ops_forget(fuse_req_t req, fuse_ino_t node, uint64_t lookups);
void ops_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void ops_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void ops_setattr(fuse_req_t req, fuse_ino_t node, struct stat *attr, int to_set,
		 struct fuse_file_info *fi);
void ops_readlink(fuse_req_t req, fuse_ino_t node);
void ops_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
	      struct fuse_file_info *fi);
void ops_lseek(fuse_req_t req, fuse_ino_t node, off_t offset, int whence,
	       struct fuse_file_info *fi);
void ops_write(fuse_req_t req, fuse_ino_t node, const char *bytes, size_t size, off_t offset,
	       struct fuse_file_info *fi);
void ops_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_offset,
			 struct fuse_file_info *from_fi, fuse_ino_t to, off_t to_offset,
			 struct fuse_file_info *to_fi, size_t len, int flags);
void ops_fallocate(fuse_req_t req, fuse_ino_t node, int mode, off_t offset, off_t length,
		   struct fuse_file_info *fi);
void ops_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void ops_fsync(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *fi);
void ops_statfs(fuse_req_t req, fuse_ino_t node);

/* ops_dir.c: open folders */
void ops_opendir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void ops_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
		 struct fuse_file_info *fi);
void ops_readdirplus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
		     struct fuse_file_info *fi);
void ops_releasedir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
/* All that are open; no request is under way. */
void ops_dirs_close(struct ops *ops);
void ops_fsyncdir(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *fi);

/* ops_refuse.c: what the kernel is told not to ask again */
void ops_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void ops_flush(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi);
void ops_access(fuse_req_t req, fuse_ino_t node, int mask);

/* ops_xattr.c: extended attributes */
void ops_setxattr(fuse_req_t req, fuse_ino_t node, const char *name, const char *value, size_t size,
		  int flags);
void ops_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t size);
void ops_listxattr(fuse_req_t req, fuse_ino_t node, size_t size);
void ops_removexattr(fuse_req_t req, fuse_ino_t node, const char *name);
