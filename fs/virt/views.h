/*
 * Snapshots that are looked into: each is a file system of its own, read-only, whose nodes the
 * kernel knows by numbers that say which one.
 *
 *	bit 61   | 60..46 view | 45..0 node of the view's file system
 *
 * A view begins with the first lookup of its snapshot and ends with the snapshot, or the mount; its
 * numbers are good for nothing then.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/fs.h"
#include "lsm/base/mutex.h"
#include "lsm/base/ref.h"

enum {
	VIEW_NUMBERS = 1 << 14, /* more than snapshots there can be */
};

#define VIEW_BIT (UINT64_C(1) << 61) /* and not FS_VIRTUAL_BIT */

struct view {
	struct ref refs;
	/* immutable */
	unsigned number;
	uint64_t seqno;
	struct lsm *db;                /* borrowed */
	struct lsm_snapshot *snapshot; /* owned */
	struct fs *fs;                 /* owned */
	char *name;                    /* owned */
	struct view *next;             /* guarded by views.mu */
};

struct views {
	struct fs_options options; /* immutable: of the mount's file system */
	struct mutex mu;           /* RANK_FS_VIEWS */
	/* guarded by mu */
	struct view *first; /* a reference each */
	unsigned next_number;
};

void views_init(struct views *v, const struct fs_options *options);
/* Nobody uses a view any more. */
void views_done(struct views *v);

/* The view of a snapshot, begun if there is none, and a reference to it. -ENOENT: no snapshot. */
must_check int views_open(struct views *v, struct slice name, struct view **ret_view);
/* The view of a node number, and a reference to it; NULL: there is none any more. */
struct view *views_find(struct views *v, uint64_t node);
/* The snapshot is gone. */
void views_drop(struct views *v, struct slice name);
void view_unref(struct view *view);

static inline bool view_is_node(uint64_t node)
{
	return (node & (VIEW_BIT | FS_VIRTUAL_BIT)) == VIEW_BIT;
}

/* The number of a view's node in its own file system. */
static inline uint64_t view_inner(uint64_t node)
{
	return node & ((UINT64_C(1) << FS_NODE_BITS) - 1);
}

static inline uint64_t view_outer(const struct view *view, uint64_t node)
{
	return VIEW_BIT | (uint64_t)view->number << FS_NODE_BITS | node;
}

/* Inode numbers, so that no program takes a file of a snapshot for that of now. */
uint64_t view_inode(const struct view *view, uint64_t inode);
/* Number and inode number of what the view's file system answered. */
void view_entry(const struct view *view, struct fs_entry *entry);
