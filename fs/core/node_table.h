/*
 * The inodes that the kernel knows: node number <-> what it names in the store, with the counts
 * that keep it.
 *
 * A node number is a slot of a table and the slot's generation, so a number that was given back is
 * never taken for another node's, and no number is a pointer. A node lives as long as the kernel's
 * lookups, or a pin of a call under way, keep it. Its inode number (st_ino) is the hash of the name
 * under which it was found first, made unique among the nodes that live; it stays with the node
 * through a rename.
 *
 * There is at most one node of a name: a node is added (nodes_enter) and loses or changes its name
 * only under the stripe of that name (stripes.h).
 *
 * Thread rule: any thread. One mutex, RANK_FS_NODES, held for a few probes of a hash table.
 */
#pragma once

#include <stdatomic.h>

#include "fs/core/fs.h"
#include "fs/core/node_index.h"
#include "fs/core/node_key.h"
#include "fs/core/orphan.h"
#include "lsm/base/mutex.h"

/* A node pinned by a call, and how it was then. */
struct node_view {
	struct node *node;
	struct node_key *key; /* owned reference */
	bool nameless;
};

struct node_table {
	struct mutex mu;
	/* guarded by mu */
	struct node_index index; /* owns the nodes */
	uint64_t nameless_files;
	struct orphan_memory orphan_memory; /* of all orphans here */
};

/* With the root in it. -ENOMEM. */
must_check int nodes_init(struct node_table *t);
/* Frees every node, whatever keeps it. */
void nodes_done(struct node_table *t);

/* -ESTALE: there is no such node. */
must_check int nodes_pin(struct node_table *t, uint64_t id, struct node_view *ret_view);
/* The node of a name, pinned; false when there is none. */
must_check bool nodes_find(struct node_table *t, const struct node_name *name,
			   struct node_view *ret_view);
/* Frees the node when nothing keeps it any more. */
void nodes_unpin(struct node_table *t, struct node_view *view);
/* Keep and let go without a view. */
void nodes_keep(struct node_table *t, struct node *node);
void nodes_release(struct node_table *t, struct node *node);

/*
 * Bring the view up to date. False: nothing has changed, so what was read from the store under the
 * view's name since the view was taken is the node's.
 */
bool nodes_refresh(struct node_table *t, struct node_view *view);

/*
 * Count a lookup of the node of a name and pin it; false when there is none, or one without
 * lookups: that may be losing its name right now, so it takes the stripe to look it up
 * (nodes_enter).
 */
must_check bool nodes_enter_known(struct node_table *t, const struct node_name *name,
				  struct node_view *ret_view);
/* The same for any node, adding it when there is none. The stripe of the name is held. -ENOMEM. */
must_check int nodes_enter(struct node_table *t, const struct node_name *name,
			   struct node_view *ret_view);
/* Take lookups back; true when none is left (the node may be gone then). The root stays. */
bool nodes_forget(struct node_table *t, uint64_t id, uint64_t lookups);
/* False stays so as long as the stripe is held. */
bool nodes_is_looked_up(struct node_table *t, struct node *node);

/* The stripes of both names are held and no other node has the new one. Takes over the reference.
 */
void nodes_rename(struct node_table *t, struct node *node, struct node_key *key);

/* Nodes that are about to have other names: those of a folder and of all below it. */
struct node_move {
	struct node_view view; /* pinned */
	struct node_key *key;  /* owned: what it will be called */
};

/* Zero-initialise it; end it with node_moves_done. */
struct node_moves {
	struct node_move *items; /* owned */
	size_t count, cap;
};

/*
 * Add the nodes whose names lie in what moves from `from` to `to`: a file's key; or a folder, then
 * all names below it and the file of its own value too. -ENOMEM. All stripes are held.
 */
must_check int nodes_add_moves(struct node_table *t, const struct node_name *from,
			       const struct node_name *to, struct node_moves *moves);
/* As nodes_set_leaving, of them all. */
void nodes_set_moving(struct node_table *t, const struct node_moves *moves, bool moving);
/* Give them their names, at one moment. A node that has one of these and is not among them loses
 * it. */
void nodes_move(struct node_table *t, struct node_moves *moves);
void node_moves_done(struct node_table *t, struct node_moves *moves);

/*
 * Before the store is changed such that the node's name means another file, or none; taken back if
 * that fails. Between that change and nodes_unname whoever reads by the name could take what is
 * there now for this node's.
 */
void nodes_set_leaving(struct node_table *t, struct node *node, bool leaving);
/* The node has no name from now on. It owns the orphan (may be NULL). The stripe is held. */
void nodes_unname(struct node_table *t, struct node *node, struct orphan *orphan);

/* A folder's entries changed (0: forget that they did). */
void nodes_touch(struct node_table *t, struct node *node, int64_t time_ns);
int64_t nodes_touched(struct node_table *t, struct node *node);

/*
 * The subfolders of a folder. Whoever makes or removes one frames the change of the store by _begin
 * and _end (`more`: 1, -1, or 0 when it failed or is another's); what was counted by the view's
 * name since `before` was read is kept only if no change was under way meanwhile and the name stood
 * still.
 */
struct subfolders nodes_subfolders(struct node_table *t, struct node *node);
void nodes_subfolders_counted(struct node_table *t, const struct node_view *view,
			      struct subfolders before, int64_t count);
void nodes_subfolders_begin(struct node_table *t, struct node *node);
void nodes_subfolders_end(struct node_table *t, struct node *node, int more);
/* Some came or went, nobody knows how many; the change of the store is over. */
void nodes_subfolders_forget(struct node_table *t, struct node *node);

/* The inode number that the node of this name has, or would get now. */
uint64_t nodes_ino(struct node_table *t, const struct node_name *name);

void nodes_stats(struct node_table *t, struct fs_stats *ret_stats);

/* For node_moves.c, with mu held. */
struct node_view node_view_of_locked(struct node *n);
void nodes_unname_locked(struct node_table *t, struct node *node);
