/*
 * The new store that a salvage makes: it is none until its tree is published
 * (tree_publish).
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/lsm.h"
#include "lsm/tree/tree.h"

struct salvage_output {
	struct env_dir *dir;   /* owned */
	struct env_lock *lock; /* owned */
	struct cache *blocks;  /* owned */
	struct tree *tree;     /* owned; empty at the start */
	bool begun;            /* there are files of ours in the folder */
};

/*
 * Make the folder, or take an empty one, and an empty tree in it, with this separator when the
 * options do not say one. Fill a zero-initialised output;
 * ended with salvage_output_discard or _close also after an error. -ENOTEMPTY; errors as lsm_open.
 */
must_check int salvage_output_open(struct env *env, const char *path,
				   const struct lsm_options *options, int separator,
				   struct salvage_output *out);
/* Remove what was made, as far as the disk lets us. */
void salvage_output_discard(struct salvage_output *out);
void salvage_output_close(struct salvage_output *out);
