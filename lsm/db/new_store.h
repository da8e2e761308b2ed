/*
 * A store that is made whole, by a salvage or a load: it is none until its tree is published
 * (tree_publish).
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/lsm.h"
#include "lsm/tree/tree.h"

struct new_store {
	struct env_dir *dir;   /* owned */
	struct env_lock *lock; /* owned */
	struct cache *blocks;  /* owned */
	struct tree *tree;     /* owned; empty at the start */
	bool begun;            /* there are files of ours in the folder */
};

/*
 * Make the folder, or take an empty one, and an empty tree in it, with this separator when the
 * options do not say one. Fill a zero-initialised output;
 * ended with new_store_discard or _close also after an error. -ENOTEMPTY; errors as lsm_open.
 */
must_check int new_store_open(struct env *env, const char *path, const struct lsm_options *options,
			      int separator, struct new_store *out);
/* Remove what was made, as far as the disk lets us. */
void new_store_discard(struct new_store *out);
void new_store_close(struct new_store *out);
