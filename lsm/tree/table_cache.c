#include "lsm/tree/table_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/error.h"

enum {
	SHARDS = 8,
	TABLES_PER_SHARD =
		16, /* with fewer, shards would fill up unevenly and close tables early */
};

/* What the cache holds; the charge cannot tell the memory, since the budget counts files. */
struct open_table {
	struct table *table;       /* a reference */
	struct table_cache *cache; /* borrowed */
};

static void open_table_free(void *object)
{
	struct open_table *o = object;

	atomic_fetch_sub_explicit(&o->cache->memory_bytes, table_memory(o->table),
				  memory_order_relaxed);
	table_unref(o->table);
	free(o);
}

int table_cache_init(struct table_cache *c, const struct table_env *env, unsigned max_open,
		     bool beside_writer)
{
	unsigned shards = max_open >= SHARDS * TABLES_PER_SHARD ? SHARDS : 1;

	c->env = *env;
	c->env.counters = &c->counters;
	c->env.trust = &c->trust;
	c->beside_writer = beside_writer;
	return cache_new(max_open, shards, &c->open);
}

void table_cache_done(struct table_cache *c)
{
	cache_free(c->open);
	c->open = NULL;
}

static struct cache_key key_of(const struct table_file *f)
{
	return (struct cache_key){.owner = f->id, .part = f->number};
}

/*
 * A version names it. Beside a writer that is no sign of damage, but of a version that has had its
 * time; if it is damage all the same, opening the store again says so.
 */
static int missing(const struct table_cache *c, const struct table_file *f)
{
	unsigned long long number = f->number;

	if (c->beside_writer)
		return fail(-ESTALE, "%06llu.sst: the writer has replaced it; open the store again",
			    number);
	return fail(-EUCLEAN, "%06llu.sst: missing", number);
}

static int open_miss(struct table_cache *c, const struct table_file *f,
		     struct cache_entry **ret_entry)
{
	struct open_table *o = malloc(sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->cache = c;
	int err;

	do
		err = table_open(&c->env, f->number, f->size_bytes, f->id, &o->table);
	while (table_cache_make_way(c, err));
	if (err) {
		free(o);
		return err == -ENOENT ? missing(c, f) : err;
	}
	atomic_fetch_add_explicit(&c->memory_bytes, table_memory(o->table), memory_order_relaxed);
	/* Two threads may both miss and open it: the second one's replaces the first's. */
	return cache_insert(c->open, key_of(f), o, 1, open_table_free, ret_entry);
}

int table_cache_get(struct table_cache *c, const struct table_file *f, struct table **ret_table)
{
	struct cache_entry *entry = cache_lookup(c->open, key_of(f));

	if (!entry) {
		int err = open_miss(c, f, &entry);

		if (err)
			return err;
	}
	struct open_table *o = cache_object(entry);
	*ret_table = table_ref(o->table);
	cache_release(entry);
	return 0;
}

bool table_cache_make_way(struct table_cache *c, int error)
{
	if (!env_is_out_of_files(error))
		return false;
	bool closed = cache_drop_older_half(c->open) > 0;
	return (c->blobs && blob_store_make_way(c->blobs)) || closed;
}

void table_cache_erase(struct table_cache *c, const struct table_file *f)
{
	cache_erase(c->open, key_of(f));
}

uint64_t table_cache_count(struct table_cache *c)
{
	struct cache_stats stats;

	cache_stats_read(c->open, &stats);
	return stats.entries;
}
