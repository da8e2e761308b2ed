#include "lsm/sst/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/sst/table_private.h"

void table_file_name(uint64_t number, char *ret_name)
{
	(void)snprintf(ret_name, ENV_NAME_MAX + 1, "%06" PRIu64 ".sst", number);
}

/*
 * Open the file and load; t is zeroed but for what this sets, and freed by the caller after a
 * failure.
 */
static int open_file(struct table *t, const struct table_env *env, uint64_t file_size, uint64_t id)
{
	uint64_t size;
	int rc = env_dir_open(env->dir, t->name, env->map ? ENV_MAP : ENV_READ, &t->file);

	if (rc)
		return rc;
	rc = env_file_size(t->file, &size);
	if (rc)
		return rc;
	if (size != file_size)
		return fail(-EUCLEAN,
			    "%s: offset %" PRIu64 ": the file ends here, expected size %" PRIu64
			    " bytes",
			    t->name, size, file_size);
	t->source = (struct block_source){
		.file = t->file,
		.name = t->name,
		.table_id = id,
		.counters = env->counters,
		.trust = env->trust,
	};
	return table_meta_load(&t->source, file_size, &t->meta);
}

static void table_free(struct table *t)
{
	table_meta_done(&t->meta);
	env_file_close(t->file);
	free(t);
}

int table_open(const struct table_env *env, uint64_t number, uint64_t file_size, uint64_t id,
	       struct table **ret_table)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	ref_init(&t->ref);
	table_file_name(number, t->name);
	t->file_size = file_size;
	t->blocks = env->blocks;
	t->read_ahead_bytes = env->read_ahead_bytes;

	int rc = open_file(t, env, file_size, id);

	if (rc) {
		table_free(t);
		return rc;
	}
	*ret_table = t;
	return 0;
}

struct table *table_ref(struct table *t)
{
	ref_get(&t->ref);
	return t;
}

void table_unref(void *table)
{
	struct table *t = table;

	if (t && ref_put(&t->ref))
		table_free(t);
}

size_t table_memory(const struct table *t)
{
	return sizeof(*t) + t->meta.index.memory + bloom_memory(&t->meta.bloom) +
	       t->meta.properties.smallest_key.cap + t->meta.properties.largest_key.cap;
}

uint64_t table_property(const struct table *t, enum sst_property property)
{
	return property < SST_PROPERTY_COUNT ? t->meta.properties.numbers[property] : 0;
}

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static bool filter_says_maybe(struct table *t, struct slice s, uint64_t seed)
{
	struct table_counters *counters = t->source.counters;
	bool maybe = bloom_may_contain(&t->meta.bloom, hash64(s, seed));

	count(&counters->filter_checks);
	if (!maybe)
		count(&counters->filter_negatives);
	return maybe;
}

bool table_may_contain(struct table *t, struct slice key)
{
	return !bloom_exists(&t->meta.bloom) || filter_says_maybe(t, key, SST_KEY_HASH_SEED);
}

bool table_may_contain_prefix(struct table *t, struct slice prefix)
{
	uint64_t separator = t->meta.properties.numbers[SST_FILTER_SEPARATOR];

	if (!bloom_exists(&t->meta.bloom) || prefix.len == 0 ||
	    separator != (uint64_t)prefix.ptr[prefix.len - 1] + 1)
		return true;
	return filter_says_maybe(t, prefix, SST_PREFIX_HASH_SEED);
}

/* -ENOENT: the cache does not have it. */
static int cached_block(struct table *t, struct block_handle handle, struct cache_entry **ret_entry)
{
	struct cache_key key = {.owner = t->source.table_id, .part = handle.offset};
	struct cache_entry *entry = cache_lookup(t->blocks, key);

	if (!entry)
		return -ENOENT;
	*ret_entry = entry;
	return 0;
}

int table_block(struct table *t, struct block_handle handle, struct cache_entry **ret_entry)
{
	struct cache_key key = {.owner = t->source.table_id, .part = handle.offset};
	struct heap_block *block;

	if (!cached_block(t, handle, ret_entry))
		return 0;

	int rc = block_fetch(&t->source, handle, &block);

	return rc ? rc : cache_insert(t->blocks, key, block, block->memory, free, ret_entry);
}

/* Takes over the held entry. */
static int as_data_block(struct table *t, struct block_handle handle, struct cache_entry *entry,
			 struct cache_entry **ret_entry, const struct block **ret_block)
{
	const struct heap_block *block = cache_object(entry);

	if (block->view.restart_count == 0) {
		cache_release(entry);
		return block_fail(&t->source, handle.offset, -EUCLEAN, "not a data block");
	}
	*ret_entry = entry;
	*ret_block = &block->view;
	return 0;
}

int table_data_block(struct table *t, size_t i, struct cache_entry **ret_entry,
		     const struct block **ret_block)
{
	struct block_handle handle = t->meta.index.entries[i].block;
	struct cache_entry *entry;
	int rc = table_block(t, handle, &entry);

	return rc ? rc : as_data_block(t, handle, entry, ret_entry, ret_block);
}

int table_cached_data_block(struct table *t, size_t i, struct cache_entry **ret_entry,
			    const struct block **ret_block)
{
	struct block_handle handle = t->meta.index.entries[i].block;
	struct cache_entry *entry;
	int rc = cached_block(t, handle, &entry);

	return rc ? rc : as_data_block(t, handle, entry, ret_entry, ret_block);
}

int table_check_value_handle(const struct table *t, struct block_handle handle)
{
	if (!block_handle_fits(handle, table_meta_blocks_end(&t->meta)))
		return block_fail(&t->source, handle.offset, -EUCLEAN,
				  "value block outside of the file");
	return 0;
}

int table_value_misfit(const struct table *t, struct block_handle handle)
{
	return block_fail(&t->source, handle.offset, -EUCLEAN, "value block has the wrong length");
}

/* Takes over the held entry. */
static int as_value_block(struct table *t, struct block_handle handle, struct cache_entry *entry,
			  uint64_t value_len, struct cache_entry **ret_entry,
			  struct slice *ret_value)
{
	const struct heap_block *block = cache_object(entry);

	if (block->view.len != value_len) {
		cache_release(entry);
		return table_value_misfit(t, handle);
	}
	*ret_entry = entry;
	*ret_value = block_bytes(&block->view);
	return 0;
}

int table_value_block(struct table *t, struct block_handle handle, uint64_t value_len,
		      struct cache_entry **ret_entry, struct slice *ret_value)
{
	struct cache_entry *entry;
	int rc = table_check_value_handle(t, handle);

	if (!rc)
		rc = table_block(t, handle, &entry);
	return rc ? rc : as_value_block(t, handle, entry, value_len, ret_entry, ret_value);
}

int table_cached_value_block(struct table *t, struct block_handle handle, uint64_t value_len,
			     struct cache_entry **ret_entry, struct slice *ret_value)
{
	struct cache_entry *entry;
	int rc = table_check_value_handle(t, handle);

	if (!rc)
		rc = cached_block(t, handle, &entry);
	return rc ? rc : as_value_block(t, handle, entry, value_len, ret_entry, ret_value);
}

int table_explain(const struct table *t, size_t i, int rc)
{
	if (rc != -EUCLEAN)
		return rc;
	return block_fail(&t->source, t->meta.index.entries[i].block.offset, rc,
			  "bad entry in data block");
}
