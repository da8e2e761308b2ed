/*
 * A blob store on a disk in memory, whose chunks are small, so that short values have many.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/blob/blob_store.h"
#include "lsm/env/env_mem.h"
#include "tests/support/expect.h"

enum {
	BLOB_FEED_CHUNK = 64,
};

#define BLOB_DIR "store"

struct blob_disk {
	struct env *env;
	struct env_dir *dir;
	uint64_t next; /* number */
	struct blob_store *store;
};

static inline uint64_t blob_disk_next(void *arg)
{
	return (*(uint64_t *)arg)++;
}

static inline void blob_disk_open(struct blob_disk *d)
{
	const struct blob_options options = {
		.chunk_bytes = BLOB_FEED_CHUNK,
		.file_bytes = 8UL * BLOB_FEED_CHUNK,
		.compress = true,
		.min_saving_pct = 10,
		.max_open = 4,
		.writers = 2,
	};

	*d = (struct blob_disk){.env = env_mem_new(), .next = 1};
	expect(d->env && env_open_dir(d->env, BLOB_DIR, true, &d->dir) == 0);
	const struct blob_owner owner = {.next_number = blob_disk_next, .arg = &d->next};

	expect(blob_store_new(d->dir, &options, owner, &d->store) == 0);
}

static inline void blob_disk_close(struct blob_disk *d)
{
	blob_store_free(d->store);
	env_dir_close(d->dir);
	env_free(d->env);
}
