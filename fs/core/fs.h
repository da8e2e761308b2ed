/*
 * The file system without FUSE: inodes, attributes, files, folders and renames over a store. fs/ops
 * translates requests to these calls one to one; the tests call them directly.
 *
 * Every int function returns 0 or a negative errno that the kernel may see as it is; damage in the
 * store (-EBADMSG, -EUCLEAN) becomes -EIO here, with the sentence logged once.
 *
 * Node numbers are the kernel's names for inodes: FS_ROOT, or what a successful lookup, create,
 * mkdir or mknod answered (each adds 1 to the node's lookup count), good until fs_forget has taken
 * all of them back. An unlinked file lives on under its number.
 *
 * Promises (../../README.md): a change is in the log when its call returns 0, with one exception: a
 * creation by fs_create and a truncation to zero are held up to FS_HOLD_MS for the
 * write that follows them, so that `echo v > f` is one put. While held they are seen by everyone;
 * the write makes them one put; another change by the same caller, fs_sync, time, or the node's end
 * logs them first.
 *
 * Thread rule: any thread. Calls on different nodes run side by side; changes of one node or name
 * are serialised.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"
#include "lsm/lsm.h"

#define FS_ROOT UINT64_C(1)
/* Node numbers with this bit are never given out here: they belong to fs/virt. */
#define FS_VIRTUAL_BIT (UINT64_C(1) << 62)
/* Node numbers have so many bits. */
#define FS_NODE_BITS 46

/* Cookies of folder entries never have this bit. */
#define FS_COOKIE_FREE_BIT (UINT64_C(1) << 62)

enum {
	FS_HOLD_MS = 20,
	FS_COPY_MAX = 1 << 30, /* bytes of one fs_copy_range */
};

struct fs;

struct fs_options {
	struct lsm *db;    /* borrowed */
	uint8_t separator; /* of key components */
	uid_t uid;         /* owner of what has no stored owner */
	gid_t gid;
	mode_t umask;             /* what has no stored mode lacks these permissions */
	uint64_t value_max;       /* of the store: bytes of a file; above: -EFBIG */
	unsigned key_max;         /* of the store: bytes of a name's key; above: -ENAMETOOLONG; 0:
				     LSM_KEY_MAX */
	uint64_t rename_max_keys; /* the rename of a folder with more: -EXDEV */
	bool read_only;           /* changes answer -EROFS */
	/* NULL: the store as it is; else what this shows, and read_only is set. Borrowed. */
	const struct lsm_snapshot *snapshot;
};

must_check int fs_new(const struct fs_options *options, struct fs **ret_fs);
/* Logs what is held and stops the timer thread. An error: something held could not be logged. */
must_check int fs_free(struct fs *fs);

/* What may change meanwhile, of struct fs_options; for calls that begin later. */
struct fs_limits {
	uint64_t value_max; /* up to LSM_VALUE_MAX */
	unsigned key_max;   /* 1 to LSM_KEY_MAX */
	uint64_t rename_max_keys;
};
void fs_set_limits(struct fs *fs, const struct fs_limits *limits);

/* Who asks. */
struct fs_caller {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	mode_t umask;
};

struct fs_entry {
	uint64_t node;
	struct stat attr;
};

/* -ENOENT; -ENAMETOOLONG; -ENOTDIR. */
must_check int fs_lookup(struct fs *fs, uint64_t parent, struct slice name,
			 struct fs_entry *ret_entry);
void fs_forget(struct fs *fs, uint64_t node, uint64_t lookups);

must_check int fs_getattr(struct fs *fs, uint64_t node, struct stat *ret_attr);

enum fs_set {
	FS_SET_MODE = 1 << 0,
	FS_SET_UID = 1 << 1,
	FS_SET_GID = 1 << 2,
	FS_SET_SIZE = 1 << 3,
	FS_SET_ATIME = 1 << 4,
	FS_SET_MTIME = 1 << 5,
	FS_SET_ATIME_NOW = 1 << 6,
	FS_SET_MTIME_NOW = 1 << 7,
};
/* Those of `want` that `set` (of enum fs_set) names. -EFBIG, -EISDIR, -ENOSPC, -EROFS... */
must_check int fs_setattr(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			  const struct stat *want, unsigned set, struct stat *ret_attr);

/* open(2) with O_CREAT: a new regular file, which may be held, or what is there. -EISDIR. */
must_check int fs_create(struct fs *fs, const struct fs_caller *caller, uint64_t parent,
			 struct slice name, mode_t mode, struct fs_entry *ret_entry);
/*
 * mknod(2), and open(2) with O_EXCL: a new regular file (type S_IFREG or none), FIFO or socket,
 * never held. What goes through a FIFO or socket is the kernel's affair: the file is only where
 * programs find each other. -EEXIST; -EPERM: another type.
 */
must_check int fs_mknod(struct fs *fs, const struct fs_caller *caller, uint64_t parent,
			struct slice name, mode_t mode, struct fs_entry *ret_entry);
/* -EEXIST; -ENAMETOOLONG: a target of PATH_MAX bytes or more. Never held. */
must_check int fs_symlink(struct fs *fs, const struct fs_caller *caller, uint64_t parent,
			  struct slice name, struct slice target, struct fs_entry *ret_entry);
must_check int fs_mkdir(struct fs *fs, const struct fs_caller *caller, uint64_t parent,
			struct slice name, mode_t mode, struct fs_entry *ret_entry);
must_check int fs_unlink(struct fs *fs, const struct fs_caller *caller, uint64_t parent,
			 struct slice name);
must_check int fs_rmdir(struct fs *fs, const struct fs_caller *caller, uint64_t parent,
			struct slice name);

struct fs_rename {
	uint64_t parent;
	struct slice name;
	uint64_t new_parent;
	struct slice new_name;
	unsigned
		flags; /* of renameat2(2): 0, RENAME_NOREPLACE or RENAME_EXCHANGE; others -EINVAL */
};
/*
 * One batch, also of a folder with all below it and of an exchange. -EXDEV, so that mv copies: more
 * than rename_max_keys lie below, or more than a batch takes; or the folder lies within a name that
 * is too long for one.
 */
must_check int fs_rename(struct fs *fs, const struct fs_caller *caller,
			 const struct fs_rename *rename);

/* What a read found; good until fs_read_done. Shorter than asked for only at the end of the file.
 */
struct fs_read_result {
	struct slice bytes;
	void *memory; /* internal: what holds them */
};
/* Takes memory for `size` bytes, and reads no more of the file than those. -EISDIR, -EIO, -ENOMEM.
 */
must_check int fs_read(struct fs *fs, uint64_t node, uint64_t offset, size_t size,
		       struct fs_read_result *ret_read);
/* The target of a symbolic link, ended with fs_read_done. -EINVAL: it is none. */
must_check int fs_readlink(struct fs *fs, uint64_t node, struct fs_read_result *ret_target);
void fs_read_done(struct fs_read_result *read);

/*
 * lseek(2) with SEEK_DATA or SEEK_HOLE: holes are what was never written or has been punched, as
 * far as the store knows; small files have none but their end. -ENXIO: offset is at the end or
 * behind it, or no data follows. -EINVAL: another whence. -EISDIR.
 */
must_check int fs_seek(struct fs *fs, uint64_t node, uint64_t offset, int whence,
		       uint64_t *ret_offset);

/* All of it or an error: -EFBIG, -ENOSPC, -EIO, -EROFS. */
must_check int fs_write(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			uint64_t offset, struct slice bytes);

struct fs_copy {
	uint64_t from;
	uint64_t from_offset;
	uint64_t to;
	uint64_t to_offset;
	uint64_t len;
};
/*
 * copy_file_range(2), of one call's worth: at most FS_COPY_MAX, less where memory is in it (an
 * unlinked file), and no more than `from` has. *ret_copied 0: from_offset is at its end or behind.
 * What lies in blob files is not copied, but named twice. One change, all of *ret_copied or
 * nothing. -EINVAL: one file, and the ranges overlap. -EISDIR; errors as of fs_write.
 */
must_check int fs_copy_range(struct fs *fs, const struct fs_caller *caller,
			     const struct fs_copy *copy, uint64_t *ret_copied);

/*
 * Extended attributes, as xattr(7) has them: user.* of files and folders, and trusted.*, of any,
 * for whom the kernel lets (list hides them from all but root). They are a part of the record: all
 * of one together have about 64 KiB (-ENOSPC). What has no record has none: the root, partial
 * folders, unlinked files (-EOPNOTSUPP).
 *
 * Can be read, but are not listed: user.apex.key (the bytes of its key in the store), user.apex.seq
 * (of its record), user.apex.level (where the record is: "memtable" or "level2 000012.sst"),
 * user.apex.size and user.apex.mtime_ns. Setting any user.apex.* is -EPERM.
 *
 * -ENODATA: there is none of that name. -EOPNOTSUPP: a name of another kind, answered without a
 * look at the file. -ERANGE: a name over 255 bytes. -E2BIG: a value over FS_XATTR_VALUE_MAX.
 */
#define FS_XATTR_VALUE_MAX 65536
/* Appended to *ret_value. */
must_check int fs_get_xattr(struct fs *fs, uint64_t node, struct slice name, struct buf *ret_value);
/* The names, each with a NUL, appended to *ret_names. */
must_check int fs_list_xattrs(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			      struct buf *ret_names);
/* flags of setxattr(2): XATTR_CREATE (-EEXIST), XATTR_REPLACE (-ENODATA). One change. */
must_check int fs_set_xattr(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			    struct slice name, struct slice value, int flags);
must_check int fs_remove_xattr(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			       struct slice name);

/*
 * fallocate(2) with the modes 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
 * and FALLOC_FL_ZERO_RANGE, with or without FALLOC_FL_KEEP_SIZE. Zeros take no space and are not
 * written; nothing is set aside for later writes. One change, or none, when the file reads the same
 * afterwards because nothing of it is in the range and it does not grow. -EOPNOTSUPP: another mode.
 * -EISDIR. -ENODEV: no regular file. -EFBIG: the range ends behind what a file may have.
 */
must_check int fs_allocate(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			   unsigned mode, uint64_t offset, uint64_t len);

/* Everything answered so far is durable when it returns 0. */
must_check int fs_sync(struct fs *fs);

/*
 * lsm_freeze, once all that was answered is logged: no change is held that nobody could log any
 * more. From when this returned 0 every change is answered -EROFS. Else nothing is frozen.
 */
must_check int fs_freeze(struct fs *fs);

must_check int fs_statfs(struct fs *fs, struct statvfs *ret_space);

/* An open folder: a cursor over the folder as it was at fs_dir_open or, since then, at the last
 * fs_dir_seek to 0, in memory that does not grow with it. One thread at a time; fs_dir_lookup alone
 * answers what is there now. */
struct fs_dir;

struct fs_dirent {
	const char *name; /* NUL-terminated; good until the next call on the fs_dir */
	size_t name_len;
	uint64_t ino;
	mode_t type; /* S_IFMT bits */
	uint64_t
		cookie; /* fs_dir_next after fs_dir_seek(cookie) answers the entry after this one */
};

must_check int fs_dir_open(struct fs *fs, uint64_t node, struct fs_dir **ret_dir);
void fs_dir_close(struct fs_dir *dir);
/*
 * 0: the start, of the folder as it is now. Else a cookie that an entry of this folder had, perhaps
 * with another fs_dir, before or after changes: to behind that entry; if it is no more, to about
 * where it was.
 */
must_check int fs_dir_seek(struct fs_dir *dir, uint64_t cookie);
/* The next entry, "." and ".." first; -ENOENT at the end. */
must_check int fs_dir_next(struct fs_dir *dir, struct fs_dirent *ret_entry);
/* Undo the last fs_dir_next, once: the entry did not fit into a reply. */
void fs_dir_unread(struct fs_dir *dir);
/* fs_lookup of the entry that fs_dir_next answered last (not "." or ".."). */
must_check int fs_dir_lookup(struct fs_dir *dir, struct fs_entry *ret_entry);

struct fs_stats {
	uint64_t nodes;                             /* inodes the kernel knows */
	uint64_t unlinked_nodes;                    /* of them, files that have no name any more */
	uint64_t unlinked_bytes;                    /* memory for what was written to those */
	uint64_t held_now, held_total, held_merged; /* creations and truncations; merged: became one
						       put with their write */
};
void fs_stats_read(struct fs *fs, struct fs_stats *ret_stats);
