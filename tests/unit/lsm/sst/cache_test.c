#include "lsm/base/thread.h"
#include "lsm/sst/cache.h"
#include "tests/unit/lsm/sst/table_fixture.h"

/* An object that says when it is freed. */
struct object {
	uint64_t part;
	_Atomic uint64_t *freed;
};

static void object_free(void *ptr)
{
	struct object *o = ptr;

	atomic_fetch_add(o->freed, 1);
	free(o);
}

static struct cache_key key_of(uint64_t part)
{
	return (struct cache_key){.owner = 5, .part = part};
}

static struct cache_entry *insert(struct cache *c, uint64_t part, size_t charge,
				  _Atomic uint64_t *freed)
{
	struct object *o = malloc(sizeof(*o));
	struct cache_entry *e = NULL;

	*o = (struct object){.part = part, .freed = freed};
	ck_assert_int_eq(cache_insert(c, key_of(part), o, charge, object_free, &e), 0);
	return e;
}

static void put(struct cache *c, uint64_t part, size_t charge, _Atomic uint64_t *freed)
{
	cache_release(insert(c, part, charge, freed));
}

static bool has(struct cache *c, uint64_t part)
{
	struct cache_entry *e = cache_lookup(c, key_of(part));

	if (!e)
		return false;
	ck_assert_uint_eq(((struct object *)cache_object(e))->part, part);
	cache_release(e);
	return true;
}

static struct cache_stats stats_of(struct cache *c)
{
	struct cache_stats stats;

	cache_stats_read(c, &stats);
	return stats;
}

START_TEST(the_least_recently_used_goes_first)
{
	struct cache *c;
	_Atomic uint64_t freed = 0;

	ck_assert_int_eq(cache_new(100, 1, &c), 0);
	for (uint64_t i = 0; i < 10; i++)
		put(c, i, 10, &freed);
	ck_assert_uint_eq(stats_of(c).charge, 100);
	ck_assert(has(c, 0));
	ck_assert(has(c, 3));
	put(c, 10, 25, &freed);
	ck_assert_uint_eq(stats_of(c).charge, 95);
	ck_assert_uint_eq(freed, 3);
	ck_assert(!has(c, 1));
	ck_assert(!has(c, 2));
	ck_assert(!has(c, 4));
	ck_assert(has(c, 0));
	ck_assert(has(c, 3));
	ck_assert(has(c, 5));
	ck_assert(has(c, 10));
	ck_assert_uint_eq(stats_of(c).evictions, 3);
	ck_assert_uint_eq(stats_of(c).misses, 3);
	ck_assert_uint_eq(stats_of(c).hits, 6);
	ck_assert_uint_eq(stats_of(c).inserts, 11);
	cache_free(c);
	ck_assert_uint_eq(freed, 11);
}
END_TEST

START_TEST(the_budget_is_exact_over_any_number_of_shards)
{
	for (unsigned shards = 1; shards <= 16; shards += 5) {
		struct cache *c;
		struct rng rng;
		_Atomic uint64_t freed = 0;
		uint64_t inserted = 0;

		rng_seed(&rng, fixture_seed());
		ck_assert_int_eq(cache_new(10007, shards, &c), 0);
		ck_assert_uint_eq(stats_of(c).capacity, 10007);
		for (int i = 0; i < 20000; i++, inserted++) {
			put(c, rng_below(&rng, 3000), rng_below(&rng, 100), &freed);
			ck_assert_uint_le(stats_of(c).charge, 10007);
		}
		/* What replaces something larger leaves room; what is new leaves less than what
		 * went for it. */
		for (uint64_t i = 0; i < 1000; i++, inserted++) {
			put(c, 3000 + i, 99, &freed);
			ck_assert_uint_le(stats_of(c).charge, 10007);
		}
		ck_assert_uint_gt(stats_of(c).charge, 10007 - shards * 100);
		ck_assert_uint_eq(inserted - freed, stats_of(c).entries);
		cache_set_capacity(c, 500);
		ck_assert_uint_le(stats_of(c).charge, 500);
		ck_assert_uint_eq(inserted - freed, stats_of(c).entries);
		cache_clear(c);
		ck_assert_uint_eq(stats_of(c).charge, 0);
		ck_assert_uint_eq(stats_of(c).entries, 0);
		ck_assert_uint_eq(inserted, freed);
		cache_free(c);
	}
}
END_TEST

START_TEST(what_is_held_survives_everything)
{
	struct cache *c;
	_Atomic uint64_t freed = 0;

	ck_assert_int_eq(cache_new(100, 1, &c), 0);

	struct cache_entry *evicted = insert(c, 1, 50, &freed);
	struct cache_entry *erased, *replaced, *kept;

	put(c, 2, 60, &freed);
	ck_assert(!has(c, 1));
	erased = insert(c, 3, 10, &freed);
	cache_erase(c, key_of(3));
	replaced = insert(c, 4, 10, &freed);
	put(c, 4, 10, &freed);
	kept = insert(c, 5, 10, &freed);
	ck_assert_uint_eq(freed, 0);
	cache_clear(c);
	ck_assert_uint_eq(freed, 2);
	ck_assert(has(c, 5));
	ck_assert_uint_eq(stats_of(c).charge, 10);
	ck_assert_uint_eq(((struct object *)cache_object(evicted))->part, 1);
	ck_assert_uint_eq(((struct object *)cache_object(erased))->part, 3);
	ck_assert_uint_eq(((struct object *)cache_object(replaced))->part, 4);
	cache_release(evicted);
	cache_release(erased);
	cache_release(replaced);
	ck_assert_uint_eq(freed, 5);
	cache_release(kept);
	ck_assert_uint_eq(freed, 5);
	cache_free(c);
	ck_assert_uint_eq(freed, 6);
}
END_TEST

START_TEST(a_later_object_replaces_the_earlier)
{
	struct cache *c;
	_Atomic uint64_t freed = 0;

	ck_assert_int_eq(cache_new(100, 1, &c), 0);
	put(c, 1, 30, &freed);
	put(c, 1, 50, &freed);
	ck_assert_uint_eq(freed, 1);
	ck_assert_uint_eq(stats_of(c).charge, 50);
	ck_assert_uint_eq(stats_of(c).entries, 1);
	cache_free(c);
}
END_TEST

START_TEST(what_is_too_large_is_handed_through)
{
	struct cache *c;
	_Atomic uint64_t freed = 0;

	ck_assert_int_eq(cache_new(100, 1, &c), 0);
	put(c, 1, 60, &freed);

	struct cache_entry *e = insert(c, 2, 101, &freed);

	ck_assert_uint_eq(((struct object *)cache_object(e))->part, 2);
	ck_assert(has(c, 1));
	ck_assert(!has(c, 2));
	cache_release(e);
	ck_assert_uint_eq(freed, 1);
	cache_free(c);
}
END_TEST

START_TEST(a_cache_of_nothing_keeps_nothing)
{
	struct cache *c;
	_Atomic uint64_t freed = 0;

	ck_assert_int_eq(cache_new(0, 4, &c), 0);
	put(c, 1, 10, &freed);
	put(c, 2, 0, &freed);
	ck_assert_uint_eq(freed, 2);
	ck_assert_uint_eq(stats_of(c).entries, 0);
	cache_free(c);
	cache_free(NULL);
}
END_TEST

START_TEST(owners_do_not_meet)
{
	struct cache *c;
	_Atomic uint64_t freed = 0;

	ck_assert_int_eq(cache_new(1 << 20, 3, &c), 0);
	for (uint64_t i = 0; i < 1000; i++)
		put(c, i, 1, &freed);
	ck_assert_ptr_null(cache_lookup(c, (struct cache_key){.owner = 6, .part = 1}));
	for (uint64_t i = 0; i < 1000; i++)
		ck_assert(has(c, i));
	cache_free(c);
}
END_TEST

struct worker {
	struct thread thread;
	struct cache *cache;
	_Atomic uint64_t *freed;
	uint64_t seed;
	uint64_t inserted;
};

static void hold_one(struct worker *w, struct rng *rng, struct cache_entry **held)
{
	uint64_t part = rng_below(rng, 200);

	if (*held)
		cache_release(*held);
	*held = cache_lookup(w->cache, key_of(part));
	if (!*held) {
		*held = insert(w->cache, part, 1 + rng_below(rng, 50), w->freed);
		w->inserted++;
	}
	ck_assert_uint_eq(((struct object *)cache_object(*held))->part, part);
}

static void work(void *arg)
{
	struct worker *w = arg;
	struct cache_entry *held[4] = {0};
	struct cache_stats stats;
	struct rng rng;

	rng_seed(&rng, w->seed);
	for (int i = 0; i < 20000; i++) {
		switch (rng_below(&rng, 200)) {
		case 0:
			cache_clear(w->cache);
			break;
		case 1:
			cache_set_capacity(w->cache, 500 + rng_below(&rng, 3000));
			break;
		case 2:
		case 3:
			cache_erase(w->cache, key_of(rng_below(&rng, 200)));
			break;
		case 4:
			cache_stats_read(w->cache, &stats);
			break;
		default:
			hold_one(w, &rng, &held[rng_below(&rng, array_size(held))]);
		}
	}
	for (size_t i = 0; i < array_size(held); i++) {
		if (held[i])
			cache_release(held[i]);
	}
}

START_TEST(threads_share_it_without_loss_or_double_free)
{
	struct worker workers[4];
	struct cache *c;
	_Atomic uint64_t freed = 0;
	uint64_t seed = fixture_seed();
	uint64_t inserted = 0;

	ck_assert_int_eq(cache_new(3000, 2, &c), 0);
	for (size_t i = 0; i < array_size(workers); i++) {
		workers[i] = (struct worker){.cache = c, .freed = &freed, .seed = seed + i};
		ck_assert_int_eq(thread_start(&workers[i].thread, "worker", work, &workers[i]), 0);
	}
	for (size_t i = 0; i < array_size(workers); i++) {
		thread_join(&workers[i].thread);
		inserted += workers[i].inserted;
	}
	ck_assert_uint_eq(inserted - freed, stats_of(c).entries);
	cache_free(c);
	ck_assert_uint_eq(inserted, freed);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_least_recently_used_goes_first,
	&the_budget_is_exact_over_any_number_of_shards,
	&what_is_held_survives_everything,
	&a_later_object_replaces_the_earlier,
	&what_is_too_large_is_handed_through,
	&a_cache_of_nothing_keeps_nothing,
	&owners_do_not_meet,
	&threads_share_it_without_loss_or_double_free,
};

UNIT_SUITE("lsm/sst/cache", tests)
