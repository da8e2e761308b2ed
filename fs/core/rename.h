/*
 * What the two files of fs_rename share: rename.c moves files under the stripes of their names,
 * rename_tree.c moves folders, and exchanges, with all stripes taken.
 */
#pragma once

#include "fs/core/names.h"

/* The two names, and what they mean once they stand still. */
struct move {
	struct name_op from;
	struct name_op to;
	struct found source;
	struct found replaced;
	struct node_name target; /* what the source will be called */
	bool replaces;
};

/*
 * The attributes of a record under its new key. mtime stays: it is stored from now on. So is ctime
 * of what only moves because a folder above it does.
 */
must_check int moved_meta(struct fs *fs, const struct lsm_record *record, struct slice new_key,
			  bool below, struct meta_bytes *ret_meta);

/*
 * The rename of a folder, or an exchange. No stripe is held. -EXDEV: it cannot be done at once, see
 * fs.h. -EBUSY: what was a folder is a file by now.
 */
must_check int rename_tree(struct fs *fs, struct move *m, unsigned flags);
