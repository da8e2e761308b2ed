/*
 * Attributes of a file or folder: what a record says, filled up with the defaults, as the kernel
 *wants them.
 *
 *	size   the value's length; 0 for a folder
 *	mtime  the stored one, else the record's commit time
 *	atime  the stored one, else mtime
 *	ctime  the stored one, else the record's commit time
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "fs/core/fs.h"
#include "fs/core/meta.h"

enum {
	ATTR_FILE_MODE = 0666, /* less the umask, of what has no stored mode */
	ATTR_FOLDER_MODE = 0777,
	ATTR_MODE_BITS = 07777,
	ATTR_BLOCK_BYTES = 4096, /* st_blksize: what a program best reads and writes at a time */
	ATTR_SECTOR_BYTES = 512, /* the unit of st_blocks, see stat(2) */
};

/* What is not stored. */
struct attr_defaults {
	uid_t uid;
	gid_t gid;
	mode_t file_mode, folder_mode; /* permissions */
	int64_t born_ns; /* times of folders without a record: when the file system was set up */
};

struct attr {
	mode_t mode; /* type and permissions */
	uid_t uid;
	gid_t gid;
	uint64_t size;
	int64_t mtime_ns; /* since 1970 */
	int64_t atime_ns;
	int64_t ctime_ns;
	bool mtime_stored; /* else mtime is the commit time */
	bool atime_stored; /* else atime is mtime */
	/*
	 * Extended attributes as a list (xattr_list.h). Borrowed: from the record that was read, so
	 * whoever lets go of the record and keeps the rest empties it.
	 */
	struct slice xattrs;
	/*
	 * To be set by who writes a record although nothing changes: else ctime is the commit time.
	 * Never set in what was read: the next change has a ctime of its own.
	 */
	bool ctime_stored;
};

/*
 * Whether a record is a folder's own: its key ends in the separator, its value is empty, and it is
 * not marked as a file whose last component is empty. -EUCLEAN.
 */
must_check int attr_is_folder_record(uint8_t separator, const struct lsm_record *record,
				     bool *ret_folder);

/* Of a record that is no folder's. Its xattrs lie in the record's meta. -EUCLEAN. */
must_check int attr_of_file(const struct attr_defaults *defaults, const struct lsm_record *record,
			    struct attr *ret_attr);
/* Of a folder's own record, likewise. -EUCLEAN. */
must_check int attr_of_folder(const struct attr_defaults *defaults, const struct lsm_record *record,
			      struct attr *ret_attr);
/* Of a folder without a record. */
void attr_of_implied_folder(const struct attr_defaults *defaults, struct attr *ret_attr);

/*
 * The meta of a record with these attributes under `key`: only what differs from the defaults, and
 * the type where key and value would not tell it.
 */
void attr_pack(const struct attr_defaults *defaults, uint8_t separator, struct slice key,
	       const struct attr *attr, struct meta_bytes *ret_meta);

/* The record was committed at that time. */
void attr_committed(struct attr *attr, int64_t time_ns);

/*
 * Those of `want` that `set` (of enum fs_set) names, but the size; now_ns counts where the commit
 * time does not. What is not named keeps its value through the rewrite of the record.
 */
void attr_apply(struct attr *attr, const struct stat *want, unsigned set, int64_t now_ns);

/* mtime and atime stay as they are through the rewrite of the record. */
void attr_keep_times(struct attr *attr);

/* Content was changed by the caller: mtime is the commit's, and only root's change leaves set-id
 * bits alone. */
void attr_content_changed(struct attr *attr, const struct fs_caller *caller);

void attr_to_stat(const struct attr *attr, uint64_t ino, unsigned links, struct stat *ret_stat);
