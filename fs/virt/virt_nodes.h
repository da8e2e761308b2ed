/*
 * The rendered files that the kernel knows: node number -> text.
 *
 * Of a name whose node it has the kernel asks twice when it is opened: the first answer only tells
 * it that the name leads to another node by now. So what was rendered last is kept, the spare, and
 * answers the same thread's next question for the same name, if that comes at once and no other
 * request was under way then or began since: so nobody can have changed anything.
 *
 * Thread rule: any thread. The result of nodes_find outlives the lock: only the forget that takes
 * back its last lookup frees a node, and the kernel sends that after the answers to all requests
 * that name the node.
 */
#pragma once

#include <limits.h>

#include "fs/core/stale.h"
#include "fs/virt/cut_write.h"
#include "fs/virt/reasons.h"
#include "fs/virt/virt_folder.h"
#include "lsm/base/mutex.h"

enum {
	VIRT_BUCKETS = 1024,        /* a power of two */
	VIRT_NODES_MAX = 4096,      /* files rendered and not forgotten */
	VIRT_NODES_MANY = 512,      /* from which the kernel is asked to forget some */
	VIRT_BYTES_MANY = 16 << 20, /* of their texts, likewise */
	VIRT_BYTES_MAX = 256 << 20,
	VIRT_ASK_TOGETHER = 64, /* names at once, as each round of asking costs a message */
	VIRT_WAIT_MS = 500,     /* for a FORGET, when there is no room */
	VIRT_SPARE_MS = 10,     /* how long the spare answers */
	VIRT_SPARE_BYTES_MAX = 1 << 20,
};

struct virt_node {
	/* immutable once it is in the table */
	uint64_t number;
	uint64_t inode; /* what stat(2) shows: the same for each lookup of a name, or cp takes it
			   for replaced */
	uint64_t render_ns;      /* its three times */
	uint64_t parent;         /* the folder in which it was found */
	char name[NAME_MAX + 1]; /* under which it was found, for people */
	const struct virt_file *file;
	void *arg;       /* of the table that the file stands in */
	struct buf text; /* owned */
	/* guarded by virt_nodes.mu */
	struct virt_node *next; /* in its bucket */
	struct virt_node *older, *newer;
	uint64_t lookups;
	size_t charged; /* its part of virt_nodes.bytes */
	uint64_t size;  /* the text's when it was added, until somebody writes or truncates */
	/* of a file that grows, guarded by write_mu, as is its text */
	uint64_t dropped;  /* bytes before the text */
	uint64_t read_end; /* up to where it has been read */
	/* guarded by write_mu */
	void *object;          /* owned; file->object_done frees it */
	struct cut_write cut;  /* of a file that is no store of bytes: file->read */
	struct mutex write_mu; /* RANK_FS_CONTROL */
};

struct virt_nodes {
	struct reasons *reasons; /* borrowed; NULL: none are kept */
	struct mutex mu;         /* RANK_FS_VIRT */
	struct cond room;        /* something was forgotten */
	/* guarded by mu */
	unsigned waiting; /* for room */
	struct virt_node *buckets[VIRT_BUCKETS];
	struct virt_node *oldest, *newest;
	struct virt_node *unasked; /* the oldest that the kernel was not asked to forget; all newer
				      ones were not, either */
	size_t unasked_count;
	size_t count;
	size_t bytes;   /* of the texts, as they were when they were added */
	bool ask_again; /* one did not fit: the kernel may have been asked for a name too early */
	uint64_t next_number;
	struct virt_spare {
		struct virt_node *node; /* with a lookup that is its own; NULL: there is none */
		pid_t pid;              /* whose question it was rendered for */
		uint64_t asked;         /* which number that had among all requests */
		uint64_t until_ns;
	} spare;
};

void virt_nodes_init(struct virt_nodes *t, struct reasons *reasons);
/* Frees every node. */
void virt_nodes_done(struct virt_nodes *t);

/* A node of no table yet, which takes over the object, also when it fails. -ENOMEM. */
must_check int virt_node_new(const struct virt_file *file, void *arg, void *object,
			     struct virt_node **ret_node);
/* Where it was found; before it is added. */
void virt_node_set_name(struct virt_node *node, uint64_t parent, struct slice name);
void virt_node_free(struct virt_node *node);
/* End an object that no node has taken over; NULL: nothing. */
void virt_object_done(const struct virt_file *file, void *object);

/*
 * Give the rendered node its number and put it into the table, with one lookup. Without room it
 * waits for VIRT_WAIT_MS: over io_uring FORGETs come by a way of their own, and behind time while
 * those who open are quick; what is only waiting to be forgotten is to fail nobody. -ENFILE.
 */
must_check int virt_nodes_add(struct virt_nodes *t, struct virt_node *node);
/* Keep a node that was just added, for that question: not of a file that can be written, each
 * opening of which is a writer of its own, nor of one that grows, nor a long text. */
void virt_nodes_keep_spare(struct virt_nodes *t, struct virt_node *node, pid_t pid, uint64_t asked);
/* The spare, if it may answer this question, with one lookup; else NULL. */
struct virt_node *virt_nodes_take_spare(struct virt_nodes *t, uint64_t parent, struct slice name,
					pid_t pid, uint64_t asked);
/*
 * If the nodes are many, or the bytes of their texts, add the names of all but the newest to
 * *stale: when nobody uses them the kernel forgets their nodes, which it else keeps as long as it
 * has memory. Each is asked for once, and again when the table was full; not where a newer node has
 * the same name, as then the kernel forgets the older one by itself. -ENOMEM: some are added.
 */
must_check int virt_nodes_trim(struct virt_nodes *t, struct fs_stale *stale);
/* NULL: there is none. */
struct virt_node *virt_nodes_find(struct virt_nodes *t, uint64_t number);
void virt_nodes_forget(struct virt_nodes *t, uint64_t number, uint64_t lookups);

uint64_t virt_nodes_size(struct virt_nodes *t, const struct virt_node *node);
/* Bytes were written up to `end`. */
void virt_nodes_grow(struct virt_nodes *t, struct virt_node *node, uint64_t end);
void virt_nodes_set_size(struct virt_nodes *t, struct virt_node *node, uint64_t size);
