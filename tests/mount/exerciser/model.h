/*
 * A tree of folders, files and symbolic links in memory: what the folder under test must hold.
 *
 * Nodes that lost their name live on while somebody uses them, as files do.
 *
 * Thread rule: one thread at a time. Without memory the process ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lsm/base/compiler.h"

enum {
	MODEL_NODES_MAX = 140,
	MODEL_DEPTH_MAX = 6, /* components of a path */
	MODEL_PATH_MAX = 1024,
	MODEL_FILE_MAX = 4 << 20,
	MODEL_TARGET_MAX = 256,
};

enum model_kind {
	MODEL_FOLDER,
	MODEL_FILE,
	MODEL_LINK,
};

struct model_node {
	char path[MODEL_PATH_MAX]; /* below the root; "" is the root; the last one, if !linked */
	enum model_kind kind;
	bool linked;
	mode_t mode;                   /* permission bits */
	size_t size;                   /* of a file */
	size_t room;                   /* of bytes */
	uint8_t *bytes;                /* owned */
	char target[MODEL_TARGET_MAX]; /* of a link */
	unsigned users;                /* its name is one */
	uint64_t listed;               /* for who compares: the last listing that had it */
};

struct model {
	struct model_node *nodes[MODEL_NODES_MAX]; /* those with a name; nodes[0] is the root */
	size_t count;
};

void model_begin(struct model *m);
/* Nobody but names uses any node. */
void model_end(struct model *m);

/* NULL: there is none. */
struct model_node *model_find(const struct model *m, const char *path);
/* There is room for it, none of that name, and a folder above it. */
struct model_node *model_add(struct model *m, const char *path, enum model_kind kind, mode_t mode);
/* Take the name away. */
void model_remove(struct model *m, struct model_node *node);
/* Give it another name, with all that is below; what has that name now loses it. */
void model_rename(struct model *m, struct model_node *node, const char *path);
/* Exchange the names of two, with all that is below; none is below the other. */
void model_exchange(struct model *m, struct model_node *a, struct model_node *b);

bool model_is_full(const struct model *m);
/* Entries of the folder. */
size_t model_children(const struct model *m, const char *folder);
/* Bytes of all files that have a name. */
uint64_t model_bytes(const struct model *m);
/* Whether all of it still has short enough paths under the new name. */
bool model_can_move(const struct model *m, const struct model_node *node, const char *path);

/* Whether path lies below the folder, at any depth. */
bool model_is_below(const char *path, const char *folder);
/* Components. */
size_t model_depth(const char *path);
/* The path of an entry; false: it is too long. */
bool model_path(const char *folder, const char *name, char ret_path[MODEL_PATH_MAX]);

void model_use(struct model_node *node);
/* The last user frees it. */
void model_leave(struct model_node *node);

/* Up to MODEL_FILE_MAX; zeros fill what is new. */
void model_resize(struct model_node *node, size_t size);
/* What lies between the end and the offset becomes zeros. */
void model_write(struct model_node *node, size_t offset, const void *bytes, size_t len);
