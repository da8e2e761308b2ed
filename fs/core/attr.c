#include "fs/core/attr.h"

#include <errno.h>

#include "lsm/base/error.h"

static const int64_t second_ns = 1000000000;

static int64_t ns_of_timespec(const struct timespec *t)
{
	int64_t ns;

	/* Years 1677 to 2262 fit; further away is as good as the end of that. */
	if (__builtin_mul_overflow((int64_t)t->tv_sec, second_ns, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t->tv_nsec, &ns))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static struct timespec timespec_of_ns(int64_t ns)
{
	int64_t seconds = ns / second_ns;
	int64_t rest = ns % second_ns;

	if (rest < 0) {
		seconds--;
		rest += second_ns;
	}
	return (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)rest};
}

static bool ends_in(struct slice key, uint8_t separator)
{
	return key.len > 0 && key.ptr[key.len - 1] == separator;
}

int attr_is_folder_record(uint8_t separator, const struct lsm_record *record, bool *ret_folder)
{
	struct meta meta;

	if (!ends_in(record->key, separator) || record->value_len > 0) {
		*ret_folder = false;
		return 0;
	}

	int err = meta_decode(record->meta, &meta);

	if (err)
		return err;
	*ret_folder = !(meta.fields & META_MODE) || S_ISDIR(meta.mode);
	return 0;
}

static int attr_of_record(const struct attr_defaults *defaults, const struct lsm_record *record,
			  mode_t default_mode, struct attr *ret_attr)
{
	struct meta meta;
	int err = meta_decode(record->meta, &meta);

	if (err)
		return err;

	mode_t mode = meta.fields & META_MODE ? meta.mode : default_mode;

	if (S_ISDIR(mode) != S_ISDIR(default_mode))
		return fail(-EUCLEAN, "attributes of a record: type 0%o does not fit its key",
			    mode);

	bool mtime_stored = meta.fields & META_MTIME;
	bool atime_stored = meta.fields & META_ATIME;
	int64_t commit_ns = (int64_t)record->time_ns;
	int64_t mtime_ns = mtime_stored ? meta.mtime_ns : commit_ns;

	*ret_attr = (struct attr){
		.mode = mode,
		.uid = meta.fields & META_UID ? meta.uid : defaults->uid,
		.gid = meta.fields & META_GID ? meta.gid : defaults->gid,
		.size = record->value_len,
		.mtime_ns = mtime_ns,
		.atime_ns = atime_stored ? meta.atime_ns : mtime_ns,
		.ctime_ns = meta.fields & META_CTIME ? meta.ctime_ns : commit_ns,
		.mtime_stored = mtime_stored,
		.atime_stored = atime_stored,
		.xattrs = meta.xattrs,
	};
	return 0;
}

int attr_of_file(const struct attr_defaults *defaults, const struct lsm_record *record,
		 struct attr *ret_attr)
{
	return attr_of_record(defaults, record, S_IFREG | defaults->file_mode, ret_attr);
}

int attr_of_folder(const struct attr_defaults *defaults, const struct lsm_record *record,
		   struct attr *ret_attr)
{
	return attr_of_record(defaults, record, S_IFDIR | defaults->folder_mode, ret_attr);
}

void attr_of_implied_folder(const struct attr_defaults *defaults, struct attr *ret_attr)
{
	*ret_attr = (struct attr){
		.mode = S_IFDIR | defaults->folder_mode,
		.uid = defaults->uid,
		.gid = defaults->gid,
		.mtime_ns = defaults->born_ns,
		.atime_ns = defaults->born_ns,
		.ctime_ns = defaults->born_ns,
	};
}

void attr_pack(const struct attr_defaults *defaults, uint8_t separator, struct slice key,
	       const struct attr *attr, struct meta_bytes *ret_meta)
{
	bool folder = S_ISDIR(attr->mode);
	mode_t default_mode =
		folder ? S_IFDIR | defaults->folder_mode : S_IFREG | defaults->file_mode;
	struct meta meta = {
		.mode = (uint16_t)attr->mode,
		.uid = attr->uid,
		.gid = attr->gid,
		.mtime_ns = attr->mtime_ns,
		.atime_ns = attr->atime_ns,
		.xattrs = attr->xattrs,
		.ctime_ns = attr->ctime_ns,
	};

	/* A file whose key ends in the separator would read as its folder's record when it is
	 * empty. */
	if (attr->mode != default_mode || (!folder && ends_in(key, separator)))
		meta.fields |= META_MODE;
	if (attr->uid != defaults->uid)
		meta.fields |= META_UID;
	if (attr->gid != defaults->gid)
		meta.fields |= META_GID;
	if (attr->mtime_stored)
		meta.fields |= META_MTIME;
	if (attr->atime_stored && !(attr->mtime_stored && attr->atime_ns == attr->mtime_ns))
		meta.fields |= META_ATIME;
	if (attr->xattrs.len > 0)
		meta.fields |= META_XATTRS;
	if (attr->ctime_stored)
		meta.fields |= META_CTIME;
	meta_encode(&meta, ret_meta);
}

void attr_committed(struct attr *attr, int64_t time_ns)
{
	if (!attr->ctime_stored)
		attr->ctime_ns = time_ns;
	if (!attr->mtime_stored)
		attr->mtime_ns = time_ns;
	if (!attr->atime_stored)
		attr->atime_ns = attr->mtime_ns;
}

static mode_t without_set_ids(mode_t mode)
{
	/* Without group execution S_ISGID once meant mandatory locking: the kernel leaves it then.
	 */
	return mode & ~(mode_t)(S_ISUID | (mode & S_IXGRP ? S_ISGID : 0));
}

static void apply_owner(struct attr *attr, const struct stat *want, unsigned set)
{
	if (set & FS_SET_UID)
		attr->uid = want->st_uid;
	if (set & FS_SET_GID)
		attr->gid = want->st_gid;
	/* A new owner must not gain a program that runs as the old one's; see chown(2). */
	if ((set & (FS_SET_UID | FS_SET_GID)) && S_ISREG(attr->mode))
		attr->mode = without_set_ids(attr->mode);
	if (set & FS_SET_MODE)
		attr->mode = (attr->mode & S_IFMT) | (want->st_mode & ATTR_MODE_BITS);
}

static void apply_times(struct attr *attr, const struct stat *want, unsigned set, int64_t now_ns)
{
	bool mtime_is_given = (set & FS_SET_MTIME) && !(set & FS_SET_MTIME_NOW);
	bool mtime_is_commit = !mtime_is_given && (set & (FS_SET_MTIME_NOW | FS_SET_SIZE)) != 0;

	/* atime follows an mtime that moves by a change of content, and is kept when only mtime is
	 * set. */
	if (!(set & FS_SET_SIZE) && (mtime_is_given || mtime_is_commit))
		attr->atime_stored = true;
	attr->mtime_stored = !mtime_is_commit;
	if (mtime_is_given)
		attr->mtime_ns = ns_of_timespec(&want->st_mtim);

	if (set & FS_SET_ATIME_NOW) {
		attr->atime_stored = !mtime_is_commit;
		attr->atime_ns = now_ns;
	} else if (set & FS_SET_ATIME) {
		attr->atime_stored = true;
		attr->atime_ns = ns_of_timespec(&want->st_atim);
	}
}

void attr_apply(struct attr *attr, const struct stat *want, unsigned set, int64_t now_ns)
{
	apply_owner(attr, want, set);
	apply_times(attr, want, set, now_ns);
}

void attr_keep_times(struct attr *attr)
{
	attr->mtime_stored = true;
}

void attr_content_changed(struct attr *attr, const struct fs_caller *caller)
{
	attr->mtime_stored = false;
	if (caller->uid != 0)
		attr->mode = without_set_ids(attr->mode);
}

void attr_to_stat(const struct attr *attr, uint64_t ino, unsigned links, struct stat *ret_stat)
{
	*ret_stat = (struct stat){
		.st_ino = ino,
		.st_mode = attr->mode,
		.st_nlink = links,
		.st_uid = attr->uid,
		.st_gid = attr->gid,
		.st_size = (off_t)attr->size,
		.st_blksize = ATTR_BLOCK_BYTES,
		.st_blocks = (blkcnt_t)((attr->size + ATTR_SECTOR_BYTES - 1) / ATTR_SECTOR_BYTES),
		.st_atim = timespec_of_ns(attr->atime_ns),
		.st_mtim = timespec_of_ns(attr->mtime_ns),
		.st_ctim = timespec_of_ns(attr->ctime_ns),
	};
}
