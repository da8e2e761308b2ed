/*
 * What a node names in the store: a file's key, or the prefix that a folder's keys share. Immutable
 * and shared.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/path/path.h"
#include "lsm/base/compiler.h"
#include "lsm/base/ref.h"
#include "lsm/base/slice.h"

/* By value, borrowed. */
struct node_name {
	bool folder;
	bool partial;       /* a folder inside a component that is too long for one name */
	struct slice bytes; /* a file's key; a folder's prefix, "" for the root */
};

struct node_key {
	struct ref refs;
	uint64_t hash;         /* node_name_hash */
	struct node_name name; /* its bytes follow the struct */
};

static inline struct node_name node_name_file(struct slice key)
{
	return (struct node_name){.bytes = key};
}

static inline struct node_name node_name_folder(struct slice prefix, bool partial)
{
	return (struct node_name){.folder = true, .partial = partial, .bytes = prefix};
}

static inline struct path_folder node_name_as_folder(const struct node_name *name)
{
	return (struct path_folder){.prefix = name->bytes, .partial = name->partial};
}

bool node_name_eq(const struct node_name *a, const struct node_name *b);
/* The same in every run, and different for the file and the folder of the same bytes. */
uint64_t node_name_hash(const struct node_name *name);

/* A copy with one reference. NULL: out of memory. */
struct node_key *node_key_new(const struct node_name *name);

static inline struct node_key *node_key_ref(struct node_key *key)
{
	ref_get(&key->refs);
	return key;
}

/* NULL is allowed. */
void node_key_unref(struct node_key *key);
