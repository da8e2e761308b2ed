/*
 * The libfuse glue: each request is decoded, handed to fs/core or fs/virt, and answered exactly
 * once.
 *
 * What the kernel may keep: names (also absent ones) and attributes for as long as the options say,
 * a year if nobody says anything, and pages for good, since all changes come through it. Virtual
 * names not at all: each lookup of one makes a new node, which never changes. open and flush are
 * answered ENOSYS, after which the kernel sends neither.
 *
 * Thread rule: the operations run on any number of the transport's threads.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/mutex.h"

struct fs;
struct fuse_lowlevel_ops;
struct open_dir;
struct virt;

enum {
	OPS_WRITE_MAX = 1 << 20, /* bytes of one READ or WRITE */
};

/* Requests that are counted: the operations we have. */
enum ops_request {
	OPS_LOOKUP,
	OPS_FORGET, /* also each node of a batch */
	OPS_GETATTR,
	OPS_SETATTR,
	OPS_READLINK,
	OPS_MKNOD,
	OPS_MKDIR,
	OPS_UNLINK,
	OPS_RMDIR,
	OPS_SYMLINK,
	OPS_RENAME,
	OPS_LINK,
	OPS_OPEN,
	OPS_READ,
	OPS_WRITE,
	OPS_FLUSH,
	OPS_RELEASE,
	OPS_FSYNC,
	OPS_OPENDIR,
	OPS_READDIR,
	OPS_READDIRPLUS,
	OPS_RELEASEDIR,
	OPS_FSYNCDIR,
	OPS_STATFS,
	OPS_SETXATTR,
	OPS_GETXATTR,
	OPS_LISTXATTR,
	OPS_REMOVEXATTR,
	OPS_ACCESS,
	OPS_CREATE,
	OPS_COPY_FILE_RANGE,
	OPS_LSEEK,
	OPS_FALLOCATE,
	OPS_REQUEST_COUNT,
};

struct ops_options {
	unsigned max_readahead; /* bytes; the kernel takes no more than its device allows */
	/* Seconds for which the kernel may believe names, attributes, and that a name is absent */
	double entry_timeout, attr_timeout, negative_timeout;
	bool xattr;        /* else the kernel is told that there are no extended attributes */
	bool list_virtual; /* the root of the mount lists the virtual names, too */
};

/* What the operations work on: the userdata of the session. */
struct ops {
	/* Immutable. */
	struct fs *fs;     /* borrowed */
	struct virt *virt; /* borrowed */
	struct ops_options options;
	/* Relaxed: each is a number for people, nothing is ordered by it. Zero at the start. */
	_Atomic uint64_t requests[OPS_REQUEST_COUNT];
	struct mutex dirs_mu;  /* RANK_FS_DIRS */
	struct open_dir *dirs; /* folders opened and not released; owned, guarded by dirs_mu */
};

/* fs and virt: borrowed until ops_done. */
void ops_init(struct ops *ops, struct fs *fs, struct virt *virt, const struct ops_options *options);
/*
 * Close the folders that are still open: a mount that ends by a signal is never told of their
 * release. No request is under way. Nothing when ops_init was never called.
 */
void ops_done(struct ops *ops);

/* The table for fuse_session_new; userdata is a struct ops. */
const struct fuse_lowlevel_ops *ops_table(void);

/* Append a line `fuse_<request> N` for each, and `fuse_requests N` for all but forgets. -ENOMEM. */
must_check int ops_render_counts(const struct ops *ops, struct buf *text);
