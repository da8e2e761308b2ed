/*
 * A node and the stripe of its name, for a change of the node: the name stands still until the end.
 *
 * Thread rule: any thread; the caller holds no stripe.
 */
#pragma once

#include "fs/core/fs_internal.h"

struct node_lock {
	struct node_view view;
	struct stripe_set stripes;
};

/* Take the stripe of a node that is pinned; the view becomes the lock's. */
void node_lock_view(struct fs *fs, struct node_view *view, struct node_lock *ret_lock);

/*
 * The beginning of a change: pin, log what the caller holds but for this node, take the stripe.
 * -ESTALE, or the error of the logging; then nothing is locked. -EROFS.
 */
must_check int node_lock_change(struct fs *fs, const struct fs_caller *caller, uint64_t id,
				struct node_lock *ret_lock);

/* Give up stripe and pin. */
void node_unlock(struct fs *fs, struct node_lock *lock);

/* Two nodes, which may be one, and the stripes of both names: for a change of `to`. */
struct node_pair_lock {
	struct node_view from;
	struct node_view to;
	struct stripe_set stripes;
};

/* As node_lock_change for `to`. */
must_check int node_pair_lock_change(struct fs *fs, const struct fs_caller *caller, uint64_t from,
				     uint64_t to, struct node_pair_lock *ret_lock);
void node_pair_unlock(struct fs *fs, struct node_pair_lock *lock);
