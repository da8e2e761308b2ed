/*
 * A file of the in-memory file system: its bytes as written and as last synced.
 *
 * Private to env_mem*.c. Thread rule: everything here is called with the env's mutex held.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/env/env.h"

struct mem_lock;

/* The disk that the nodes share: their list and what they take. */
struct mem_disk {
	struct mem_node *nodes; /* owned; every node there is */
	uint64_t used;          /* sum of the nodes' bytes.len */
	uint64_t capacity;      /* used stays below it, but for what a test puts there itself */
};

struct mem_node {
	struct mem_node *prev;
	struct mem_node *next;
	struct buf
		bytes; /* as written; cap >= synced.len, so that losing power allocates nothing */
	struct buf synced;   /* as of the last sync */
	uint64_t dirty_from; /* bytes outside [dirty_from, dirty_to) are the same in both */
	uint64_t dirty_to;
	uint32_t name_count;   /* names as they are now */
	uint32_t open_count;   /* open files and locks */
	uint32_t synced_count; /* names as last synced */
	bool broken;           /* reading fails */
	bool lost;             /* outside of the dirty bytes, too, they differ */
	struct mem_lock *lock; /* borrowed; who holds it, NULL when nobody does */
	struct mem_node *copy; /* borrowed; its counterpart while the disk is being cloned */
};

enum {
	MEM_FILE_MAX = INT32_MAX, /* a file's bytes; more is -EFBIG */
};

/* An empty file that nothing refers to yet. NULL: out of memory. */
struct mem_node *mem_node_new(struct mem_disk *disk);

/* After a count went down: give up what nobody can reach any more, in the end the node itself. */
void mem_node_settle(struct mem_disk *disk, struct mem_node *n);

void mem_node_free(struct mem_disk *disk, struct mem_node *n);

/*
 * Put bytes at offset; a gap before them is zeros. -ENOSPC when the disk is full, after what fitted
 * was written, as a real disk does it.
 */
must_check int mem_node_write(struct mem_disk *disk, struct mem_node *n, uint64_t offset,
			      struct slice bytes);

/* Cut, or grow with zeros. -ENOSPC or -ENOMEM changes nothing. */
must_check int mem_node_resize(struct mem_disk *disk, struct mem_node *n, uint64_t size);

/* What is written is synced from now on. -ENOMEM changes nothing. */
must_check int mem_node_sync(struct mem_node *n);

/* As env_mem_file_lose; then as a resync, after the sync. */
void mem_node_lose_dirty(struct mem_node *n);
void mem_node_reread(struct mem_node *n);

/* Lose what was not synced; all of it when no synced name leads here. */
void mem_node_revert(struct mem_disk *disk, struct mem_node *n);
