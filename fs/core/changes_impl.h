/*
 * Changes that are being applied, for the two files that do it.
 */
#pragma once

#include "fs/core/changes.h"
#include "fs/core/fs_internal.h"
#include "fs/core/remove.h"

enum change_kind {
	CHANGE_PUT = 'p',
	CHANGE_DELETE = 'd',
};

struct change {
	enum change_kind kind;
	struct slice key;
};

/* A file that the kernel knows, and its last change. */
struct changed_node {
	struct node_view view;  /* pinned */
	struct removal removal; /* of one that goes */
	bool gone;
};

struct fs_changes {
	struct fs *fs;           /* borrowed */
	struct lsm_batch *batch; /* owned */
	struct buf list;         /* of each change its kind, then its key as sized */
	uint64_t count;
	uint64_t deletes;
	/* while they are applied */
	struct changed_node *nodes; /* owned */
	size_t node_count, node_cap;
};

/* Take the first one off the rest of a list; false at its end. */
bool change_next(struct slice *rest, struct change *ret_change);

/*
 * The changes are in the store, and nodes of files know. Let the folders know, and collect what the
 * kernel may have that is wrong now. All stripes are held.
 */
must_check int changes_note_names(struct fs_changes *c, int64_t time_ns, struct fs_stale *stale);
