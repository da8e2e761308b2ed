/*
 * A sharded LRU cache of shared objects under an exact budget: used for blocks (charge = bytes in
 * memory) and for open tables (charge = 1).
 *
 * An entry that someone holds stays in memory though it may have left the cache; the budget counts
 * what the cache holds on to. Lookups lock one shard, briefly; objects are freed outside the lock.
 * Thread rule: any thread.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct cache;
struct cache_entry;

struct cache_key {
	uint64_t owner; /* a table's id */
	uint64_t part;  /* a block's offset; a table's number */
};

struct cache_stats {
	uint64_t capacity, charge, entries;
	uint64_t hits, misses, inserts, evictions;
};

/*
 * The capacity is split evenly over the shards (shard_count >= 1); an object whose charge is above
 * its shard's part is handed through, not kept. Capacity 0 is a cache that keeps nothing. -ENOMEM.
 */
must_check int cache_new(uint64_t capacity, unsigned shard_count, struct cache **ret_cache);
/* No entry is held any more. NULL is allowed. */
void cache_free(struct cache *c);

/* The held entry of key, or NULL. */
struct cache_entry *cache_lookup(struct cache *c, struct cache_key key);

/*
 * Hand `object` over under `key`, replacing what is there, and hold its entry. free_object(object)
 * is called once, when the object has left the cache and nobody holds it. -ENOMEM: the object is
 * freed too.
 */
must_check int cache_insert(struct cache *c, struct cache_key key, void *object, size_t charge,
			    void (*free_object)(void *object), struct cache_entry **ret_entry);

void *cache_object(const struct cache_entry *e);
/*
 * Let go of a held entry. The argument is a struct cache_entry *, void so that it fits a struct
 * pin.
 */
void cache_release(void *entry);

/* Forget key, e.g. because its file is gone. */
void cache_erase(struct cache *c, struct cache_key key);
/* Forget all that nobody holds. */
void cache_clear(struct cache *c);
/* Let go of the older half of what it keeps, at least one; how many. Those held live on. */
uint64_t cache_drop_older_half(struct cache *c);
void cache_set_capacity(struct cache *c, uint64_t capacity);
/* No lock that a reader could wait for. */
void cache_stats_read(struct cache *c, struct cache_stats *ret_stats);
