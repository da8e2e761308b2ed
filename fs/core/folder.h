/*
 * Folders: their attributes, and that they do not vanish under a user.
 *
 * A folder is there because a key begins with its prefix; a record of its own, whose key is the
 * prefix, only carries its attributes, or keeps it when it is empty. The root needs none and cannot
 * have one: no key is left for it. Nor can a partial folder, which exists in the store as part of
 * longer keys only; without any it lives as long as its node.
 *
 * When entries come and go a folder's mtime and ctime move, but only in its node: no record is
 * written for that.
 */
#pragma once

#include "fs/core/fs_internal.h"
#include "fs/core/node_lock.h"

/* Whether a folder can have a record. */
bool folder_can_have_record(const struct node_name *name);

/* Attributes from the folder's record or the defaults, and from the node; without xattrs. */
must_check int folder_attr(struct fs *fs, const struct node_view *view, struct attr *ret_attr);

/* The same with the xattrs, which lie in the record; it is empty if the folder has none. */
must_check int folder_load(struct fs *fs, const struct node_view *view, struct attr *ret_attr,
			   struct lsm_record *ret_record);

/* Put into the attributes what only the node knows. */
void folder_attr_add_touched(struct fs *fs, struct node *node, struct attr *attr);

/* Records that a batch is to delete. */
struct going {
	struct slice file;   /* this key; len 0: none */
	struct slice prefix; /* all that begin with it; len 0: none */
};

/*
 * Entries of the folder change: what goes lies below the folder, or is its own record. If nothing
 * else is below the folder's prefix (a partial folder's: below its anchor's), and the folder has no
 * record, have the batch put one. The folder's stripe is held.
 */
must_check int folder_keep(struct fs *fs, const struct node_view *folder, const struct going *going,
			   struct lsm_batch *batch);

/*
 * The key of "%" in a folder is that of the folder's record. A file may take its place, but not
 * that of the attributes that somebody gave the folder with it: -EPERM. Any key; no file has it.
 */
must_check int folder_record_gives_way(struct fs *fs, struct slice key);

/*
 * The key of the value that the folder of this prefix has itself ("%="), a part of prefix; len 0:
 * it has none. Below an empty name that key is the record of the folder above, which is no value.
 */
must_check int folder_own_value(struct fs *fs, struct slice prefix, struct slice *ret_key);

/* An entry came or went. */
void folder_touch(struct fs *fs, const struct node_view *folder, int64_t time_ns);

/* The record of a folder that can have one, anew; attr then has the times of its commit. -EPERM:
 * its key is taken by a file. */
must_check int folder_put(struct fs *fs, const struct node_lock *lock, struct attr *attr);

/* fs_setattr of a folder. */
must_check int folder_set_attr(struct fs *fs, struct node_lock *lock, const struct stat *want,
			       unsigned set, struct attr *ret_attr);
