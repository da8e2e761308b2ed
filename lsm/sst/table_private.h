/*
 * An open table, for the files of this folder.
 */
#pragma once

#include "lsm/base/ref.h"
#include "lsm/sst/table.h"
#include "lsm/sst/table_meta.h"

struct table {
	struct ref ref;

	/* Immutable after open. */
	char name[ENV_NAME_MAX + 1];
	uint64_t file_size;
	uint32_t read_ahead_bytes;
	struct env_file *file;      /* owned */
	struct cache *blocks;       /* borrowed */
	struct block_source source; /* borrows name and file */
	struct table_meta meta;
};

/*
 * A block by way of the cache; its entry is held for the caller. The handle comes from the file: it
 * is checked.
 */
must_check int table_block(struct table *t, struct block_handle handle,
			   struct cache_entry **ret_entry);

/* As table_block; one that is no data block is -EUCLEAN. */
must_check int table_data_block(struct table *t, size_t i, struct cache_entry **ret_entry,
				const struct block **ret_block);

/* As table_block for a value of that length. */
must_check int table_value_block(struct table *t, struct block_handle handle, uint64_t value_len,
				 struct cache_entry **ret_entry, struct slice *ret_value);

/* The same of what the block cache has; -ENOENT: not this one. */
must_check int table_cached_data_block(struct table *t, size_t i, struct cache_entry **ret_entry,
				       const struct block **ret_block);
must_check int table_cached_value_block(struct table *t, struct block_handle handle,
					uint64_t value_len, struct cache_entry **ret_entry,
					struct slice *ret_value);

/* -EUCLEAN with a sentence when a value block cannot be where an entry says. */
must_check int table_check_value_handle(const struct table *t, struct block_handle handle);

/* -EUCLEAN with a sentence: this is not the value the entry at hand names. */
int table_value_misfit(const struct table *t, struct block_handle handle);

/* Entries of data block i do not decode (rc -EUCLEAN): the sentence for it; other codes pass. */
int table_explain(const struct table *t, size_t i, int rc);
