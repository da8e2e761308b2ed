/*
 * How nodes are found: by number, by name and by inode number. A part of the node table, which has
 * the lock.
 *
 * Numbers are slot and generation; names and inode numbers are chained in two hash tables, which
 * grow together.
 *
 * Thread rule: the caller's lock (node_table.mu) on every call.
 */
#pragma once

#include <stdatomic.h>

#include "fs/core/fs.h"
#include "fs/core/node_key.h"
#include "lsm/base/buf.h"

struct orphan;
struct held;

enum {
	SUBFOLDERS_UNKNOWN = -1, /* never counted */
	SUBFOLDERS_MANY = -2,    /* too much work to count, for good */
};

/* How many folders stand in a folder; see folder_links.h. */
struct subfolders {
	int64_t count;     /* or SUBFOLDERS_* */
	uint32_t changing; /* changes under way */
	uint32_t changes;  /* that are over */
};

struct node {
	/* immutable */
	uint64_t id;
	uint64_t ino;
	/* guarded by node_table.mu; key and nameless also change only under the stripe of the
	 * key */
	struct node_key *key; /* owned reference */
	bool nameless;        /* unlinked, replaced or removed; key is what it was called last */
	bool leaving;         /* its name is being taken away: see nodes_set_leaving */
	uint64_t lookups;
	uint32_t pins;
	int64_t touched_ns; /* of a folder: when an entry came or went; 0: not in this node's life
			     */
	struct subfolders subfolders; /* of a folder */
	struct node *next_by_key;
	struct node *next_by_ino;
	/* of a file that is read on and on (read_ahead.h); relaxed, hints */
	_Atomic uint64_t read_end, ahead_end;
	/* guarded by hold.mu, changed only under the stripe as well; see hold.h */
	struct held *held;
	/* guarded by the stripe of the key */
	struct orphan *orphan; /* owned; of a nameless file */
	struct buf sibling;    /* of a folder: a key that was below it lately; see folder.h */
	/* of who holds all stripes: 1 + its index among the nodes that changes.c changes, else 0 */
	size_t change_slot;
};

struct node_slot {
	struct node *node; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct node_index {
	struct node_slot *slots; /* owned; slot 0 is never used */
	uint32_t slot_count, slot_cap;
	uint32_t free_slot;   /* head of the free ones, 0: none */
	struct node **by_key; /* owned; chains; bucket_count of each */
	struct node **by_ino;
	size_t bucket_count;
	uint64_t count; /* nodes */
};

/* -ENOMEM: node_index_done all the same. */
must_check int node_index_init(struct node_index *x);
/* The nodes are the caller's. */
void node_index_done(struct node_index *x);

/* Give the node its number and its inode number (the first one: those of the root), and make it
 * found by both and its name. -ENOMEM. */
must_check int node_index_add(struct node_index *x, struct node *n);
/* It is found by nothing any more, and its number is never given out again. */
void node_index_remove(struct node_index *x, struct node *n);

/* Found by its name or not; node->nameless is the caller's to set. */
void node_index_link_name(struct node_index *x, struct node *n);
void node_index_unlink_name(struct node_index *x, struct node *n);

/* NULL: none. */
struct node *node_index_by_id(struct node_index *x, uint64_t id);
struct node *node_index_by_name(struct node_index *x, const struct node_name *name, uint64_t hash);

/* The inode number that a node whose name has this hash would get. */
uint64_t node_index_free_ino(struct node_index *x, uint64_t hash);
