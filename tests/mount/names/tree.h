/*
 * Files below a folder by paths of any length: the kernel takes at most PATH_MAX bytes at once, so
 * they are walked name by name.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "lsm/base/compiler.h"

enum {
	TREE_DEPTH_MAX = 200,
};

/* What is found; a negative errno ends the walk. NULL: passed over. */
struct tree_visitor {
	int (*file)(void *arg, const char *path);
	/* All in it has been visited; it stands in the folder of the descriptor. */
	int (*folder)(void *arg, int above, const char *name);
	void *arg;
};

/* Depth first, each folder in the order in which it is listed. -E2BIG: too deep. */
must_check int tree_walk(int root, const struct tree_visitor *visitor);

/* The folder in which the path ends, opened for the caller, and its last name (a part of path). */
must_check int tree_parent(int root, const char *path, int *ret_fd, const char **ret_name);

/* The same, making the folders that are missing. */
must_check int tree_make_parent(int root, const char *path, int *ret_fd, const char **ret_name);
