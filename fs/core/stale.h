/*
 * What the kernel is to forget: inodes whose attributes and pages it may have, names that it may
 * have as present or absent. A list, to be told by who can talk to the kernel (fs/ops/notifier.h).
 *
 * Zero-initialise it; end it with fs_stale_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"

struct fs_stale {
	struct buf items;
	size_t count;
};

struct fs_stale_item {
	uint64_t node;     /* the inode; or the folder in which the name is */
	struct slice name; /* ptr NULL: none, it is the inode itself */
	uint64_t from;     /* of an inode: pages before this offset may stay */
};

static inline void fs_stale_done(struct fs_stale *stale)
{
	buf_done(&stale->items);
	*stale = (struct fs_stale){0};
}

#define cleanup_stale __attribute__((cleanup(fs_stale_done)))

/* -ENOMEM. */
must_check int fs_stale_add_inode(struct fs_stale *stale, uint64_t node);
must_check int fs_stale_add_end(struct fs_stale *stale, uint64_t node, uint64_t from);
must_check int fs_stale_add_name(struct fs_stale *stale, uint64_t folder, struct slice name);
/*
 * A folder's inode, once nobody is being answered of its entries any more. Such an answer may be
 * older than the change, and make inodes known to the kernel, or a listing, after it was told to
 * forget them. Files in it are to be added after it.
 */
must_check int fs_stale_add_folder(struct fs_stale *stale, uint64_t folder);
/* Take the first one off the rest of a list's items; false at its end. */
bool fs_stale_next(struct slice *rest, struct fs_stale_item *ret_item);
