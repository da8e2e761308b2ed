#include "lsm/sst/cache.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lsm/base/mutex.h"

enum {
	BUCKETS_MIN = 16,
	SHARD_ALIGN = 64, /* a line of the CPU's cache: shards do not disturb each other */
};

/*
 * References: one for each holder, and one that the cache has while the entry is in its table. An
 * entry gains a holder only under the lock of the shard and only while it is in the table, so from
 * a count of 0 there is no way back, and a holder lets go without the lock.
 */
struct cache_entry {
	/* Immutable. */
	struct cache_key key;
	uint64_t hash;
	void *object; /* owned */
	size_t charge;
	void (*free_object)(void *object);

	_Atomic uint32_t references;

	/* Guarded by the shard's lock while it is in the table; then `chain` is the remover's. */
	struct cache_entry *chain; /* the next in its bucket; the next to be let go */
	struct cache_entry *newer;
	struct cache_entry *older;
};

struct cache_shard {
	struct mutex lock;

	/* Guarded by lock. */
	uint64_t capacity;
	struct cache_entry **buckets; /* owned; bucket_count, a power of two */
	size_t bucket_count;
	struct cache_entry *newest;
	struct cache_entry *oldest;

	/* Written under the lock, read by anyone: relaxed, they order nothing. */
	_Atomic uint64_t charge, entries, hits, misses, inserts, evictions;
} __attribute__((aligned(SHARD_ALIGN)));

struct cache {
	unsigned shard_count;
	_Atomic uint64_t capacity; /* of all; relaxed, for stats */
	struct cache_shard shards[];
};

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The shard's lock makes the two steps one. */
static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, read_count(counter) + n, memory_order_relaxed);
}

/* The finalizer of MurmurHash3 (A. Appleby, public domain) over both words. */
static uint64_t hash_of(struct cache_key key)
{
	uint64_t h = key.part * UINT64_C(0x9e3779b97f4a7c15) ^ key.owner;

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static struct cache_shard *shard_of(struct cache *c, uint64_t hash)
{
	return &c->shards[(hash >> 32) * c->shard_count >> 32];
}

/* Capacities of shards add up to the whole: the first ones take a byte of the remainder each. */
static uint64_t shard_capacity(const struct cache *c, unsigned i, uint64_t capacity)
{
	return capacity / c->shard_count + (i < capacity % c->shard_count);
}

int cache_new(uint64_t capacity, unsigned shard_count, struct cache **ret_cache)
{
	assert(shard_count >= 1);

	size_t size = sizeof(struct cache) + shard_count * sizeof(struct cache_shard);
	struct cache *c = aligned_alloc(SHARD_ALIGN, size);

	if (!c)
		return -ENOMEM;
	memset(c, 0, size);
	c->shard_count = shard_count;
	atomic_init(&c->capacity, capacity);
	for (unsigned i = 0; i < shard_count; i++) {
		struct cache_shard *s = &c->shards[i];

		mutex_init(&s->lock, RANK_CACHE);
		s->capacity = shard_capacity(c, i, capacity);
		s->bucket_count = BUCKETS_MIN;
		s->buckets = calloc(s->bucket_count, sizeof(struct cache_entry *));
		if (!s->buckets) {
			c->shard_count = i + 1;
			cache_free(c);
			return -ENOMEM;
		}
	}
	*ret_cache = c;
	return 0;
}

void *cache_object(const struct cache_entry *e)
{
	return e->object;
}

/*
 * Release: what the holder did with the object; acquire: all of that is seen by the one who frees
 * it.
 */
void cache_release(void *entry)
{
	struct cache_entry *e = entry;
	uint32_t before = atomic_fetch_sub_explicit(&e->references, 1, memory_order_acq_rel);

	assert(before > 0);
	if (before > 1)
		return;
	e->free_object(e->object);
	free(e);
}

/* Without the lock: freeing takes its time. */
static void release_all(struct cache_entry *removed)
{
	while (removed) {
		struct cache_entry *next = removed->chain;

		cache_release(removed);
		removed = next;
	}
}

static struct cache_entry **bucket_of(const struct cache_shard *s, uint64_t hash)
{
	return &s->buckets[hash & (s->bucket_count - 1)];
}

/* The link that leads to key's entry, or to the end of its bucket. */
static struct cache_entry **find_locked(const struct cache_shard *s, struct cache_key key,
					uint64_t hash)
{
	struct cache_entry **link = bucket_of(s, hash);

	while (*link && ((*link)->hash != hash || (*link)->key.owner != key.owner ||
			 (*link)->key.part != key.part))
		link = &(*link)->chain;
	return link;
}

static void unlink_age_locked(struct cache_shard *s, struct cache_entry *e)
{
	*(e->newer ? &e->newer->older : &s->newest) = e->older;
	*(e->older ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest_locked(struct cache_shard *s, struct cache_entry *e)
{
	e->newer = NULL;
	e->older = s->newest;
	*(e->older ? &e->older->newer : &s->oldest) = e;
	s->newest = e;
}

/* Take the entry that link leads to out of the shard and put it on the list of those to let go. */
static void remove_locked(struct cache_shard *s, struct cache_entry **link,
			  struct cache_entry **removed)
{
	struct cache_entry *e = *link;

	assert(e);
	*link = e->chain;
	unlink_age_locked(s, e);
	count(&s->charge, -(uint64_t)e->charge);
	count(&s->entries, -UINT64_C(1));
	e->chain = *removed;
	*removed = e;
}

static void evict_locked(struct cache_shard *s, struct cache_entry **removed)
{
	while (read_count(&s->charge) > s->capacity) {
		remove_locked(s, find_locked(s, s->oldest->key, s->oldest->hash), removed);
		count(&s->evictions, 1);
	}
}

/*
 * Memory is asked for under the lock: rarely, twice as much each time. Without memory the chains
 * get longer, no more.
 */
static void grow_locked(struct cache_shard *s)
{
	if (read_count(&s->entries) < s->bucket_count)
		return;

	struct cache_entry **old = s->buckets;
	size_t old_count = s->bucket_count;
	struct cache_entry **grown = calloc(2 * old_count, sizeof(struct cache_entry *));

	if (!grown)
		return;
	s->buckets = grown;
	s->bucket_count = 2 * old_count;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct cache_entry *e = old[i];
			struct cache_entry **bucket = bucket_of(s, e->hash);

			old[i] = e->chain;
			e->chain = *bucket;
			*bucket = e;
		}
	}
	free(old);
}

struct cache_entry *cache_lookup(struct cache *c, struct cache_key key)
{
	uint64_t hash = hash_of(key);
	struct cache_shard *s = shard_of(c, hash);
	mutex_guard(&s->lock);
	struct cache_entry *e = *find_locked(s, key, hash);

	if (!e) {
		count(&s->misses, 1);
		return NULL;
	}
	count(&s->hits, 1);
	/* Relaxed: the lock orders it after the insertion. */
	atomic_fetch_add_explicit(&e->references, 1, memory_order_relaxed);
	if (s->newest != e) {
		unlink_age_locked(s, e);
		link_newest_locked(s, e);
	}
	return e;
}

static void insert_locked(struct cache_shard *s, struct cache_entry *e,
			  struct cache_entry **removed)
{
	struct cache_entry **link = find_locked(s, e->key, e->hash);

	if (*link)
		remove_locked(s, link, removed);
	if (s->capacity == 0 || e->charge > s->capacity)
		return;
	grow_locked(s);
	link = bucket_of(s, e->hash);
	e->chain = *link;
	*link = e;
	link_newest_locked(s, e);
	atomic_fetch_add_explicit(&e->references, 1, memory_order_relaxed);
	count(&s->charge, e->charge);
	count(&s->entries, 1);
	count(&s->inserts, 1);
	evict_locked(s, removed);
}

int cache_insert(struct cache *c, struct cache_key key, void *object, size_t charge,
		 void (*free_object)(void *object), struct cache_entry **ret_entry)
{
	struct cache_entry *e = malloc(sizeof(*e));

	if (!e) {
		free_object(object);
		return -ENOMEM;
	}
	*e = (struct cache_entry){
		.key = key,
		.hash = hash_of(key),
		.object = object,
		.charge = charge,
		.free_object = free_object,
	};
	atomic_init(&e->references, 1);

	struct cache_shard *s = shard_of(c, e->hash);
	struct cache_entry *removed = NULL;

	mutex_lock(&s->lock);
	insert_locked(s, e, &removed);
	mutex_unlock(&s->lock);
	release_all(removed);
	*ret_entry = e;
	return 0;
}

void cache_erase(struct cache *c, struct cache_key key)
{
	uint64_t hash = hash_of(key);
	struct cache_shard *s = shard_of(c, hash);
	struct cache_entry *removed = NULL;

	mutex_lock(&s->lock);

	struct cache_entry **link = find_locked(s, key, hash);

	if (*link)
		remove_locked(s, link, &removed);
	mutex_unlock(&s->lock);
	release_all(removed);
}

/*
 * Of what is in the table, only the cache's own reference: nobody can gain another while the lock
 * is held.
 */
static bool nobody_holds_locked(const struct cache_entry *e)
{
	return atomic_load_explicit(&e->references, memory_order_relaxed) == 1;
}

static void clear_shard(struct cache_shard *s)
{
	struct cache_entry *removed = NULL;

	mutex_lock(&s->lock);
	for (size_t i = 0; i < s->bucket_count; i++) {
		struct cache_entry **link = &s->buckets[i];

		while (*link) {
			if (nobody_holds_locked(*link))
				remove_locked(s, link, &removed);
			else
				link = &(*link)->chain;
		}
	}
	mutex_unlock(&s->lock);
	release_all(removed);
}

void cache_clear(struct cache *c)
{
	for (unsigned i = 0; i < c->shard_count; i++)
		clear_shard(&c->shards[i]);
}

uint64_t cache_drop_older_half(struct cache *c)
{
	uint64_t dropped = 0;

	for (unsigned i = 0; i < c->shard_count; i++) {
		struct cache_shard *s = &c->shards[i];
		struct cache_entry *removed = NULL;

		mutex_lock(&s->lock);
		for (uint64_t left = (read_count(&s->entries) + 1) / 2; left > 0; left--) {
			remove_locked(s, find_locked(s, s->oldest->key, s->oldest->hash), &removed);
			count(&s->evictions, 1);
			dropped++;
		}
		mutex_unlock(&s->lock);
		release_all(removed);
	}
	return dropped;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->shard_count; i++) {
		struct cache_shard *s = &c->shards[i];

		if (s->buckets)
			clear_shard(s);
		assert(read_count(&s->entries) == 0);
		free(s->buckets);
		mutex_done(&s->lock);
	}
	free(c);
}

void cache_set_capacity(struct cache *c, uint64_t capacity)
{
	atomic_store_explicit(&c->capacity, capacity, memory_order_relaxed);
	for (unsigned i = 0; i < c->shard_count; i++) {
		struct cache_shard *s = &c->shards[i];
		struct cache_entry *removed = NULL;

		mutex_lock(&s->lock);
		s->capacity = shard_capacity(c, i, capacity);
		evict_locked(s, &removed);
		mutex_unlock(&s->lock);
		release_all(removed);
	}
}

void cache_stats_read(struct cache *c, struct cache_stats *ret_stats)
{
	struct cache_stats sum = {
		.capacity = atomic_load_explicit(&c->capacity, memory_order_relaxed),
	};

	for (unsigned i = 0; i < c->shard_count; i++) {
		const struct cache_shard *s = &c->shards[i];

		sum.charge += read_count(&s->charge);
		sum.entries += read_count(&s->entries);
		sum.hits += read_count(&s->hits);
		sum.misses += read_count(&s->misses);
		sum.inserts += read_count(&s->inserts);
		sum.evictions += read_count(&s->evictions);
	}
	*ret_stats = sum;
}
