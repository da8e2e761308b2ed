#include "lsm/tree/tree_ingest.h"

#include "lsm/env/env_fault.h"
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/tree/store_fixture.h"

enum {
	CHANGES = 3000,
};

static struct model model; /* large */

/* A memtable full of random changes, and its iterator: a source. */
static struct iter *make_source(struct memtable **ret_memtable, uint64_t seed)
{
	struct iter *source;
	struct rng rng;

	model = (struct model){0};
	rng_seed(&rng, seed);
	ck_assert_int_eq(memtable_new(ret_memtable), 0);
	for (unsigned i = 0; i < CHANGES; i++)
		store_change(&model, *ret_memtable, (unsigned)rng_below(&rng, STORE_KEYS),
			     rng_below(&rng, 3));
	ck_assert_int_eq(memtable_iter(*ret_memtable, &source), 0);
	return source;
}

/* The newest change to a key; 0: there is none, or it is a deletion. */
static uint64_t newest_put(unsigned key)
{
	for (uint64_t i = model.count; i-- > 0;) {
		if (model.changes[i].key == key)
			return model.changes[i].is_put ? i + 1 : 0;
	}
	return 0;
}

static void check_key(struct store *s, struct version *v, unsigned key)
{
	char key_space[32], value_space[STORE_VALUE_MAX];
	uint64_t seqno = newest_put(key);
	struct table_hit hit;
	int err =
		tree_get(s->tree, v, slice_str(store_key(key, key_space)), RECORD_SEQNO_MAX, &hit);

	ck_assert_int_eq(err, seqno ? 0 : -ENOENT);
	if (err)
		return;
	ck_assert_int_eq(table_hit_value(&hit), 0);
	ck_assert_uint_eq(hit.rec.seqno, seqno);
	ck_assert_uint_eq(hit.rec.time_ns, 1000 + seqno);
	ck_assert(slice_eq(hit.rec.meta, slice_str("meta")));
	ck_assert(slice_eq(hit.rec.value, store_value(seqno, value_space)));
	table_hit_done(&hit);
}

static void check_all(struct store *s)
{
	struct version *v = tree_current(s->tree);
	uint64_t tables = 0;

	for (unsigned key = 0; key < STORE_KEYS; key++)
		check_key(s, v, key);
	for (int level = 0; level < TREE_LEVELS - 1; level++)
		ck_assert_uint_eq(v->levels[level].count, 0);
	version_check(v);
	ck_assert_int_eq(tree_verify(s->tree, v, NULL, &tables), 0);
	version_unref(v);
}

START_TEST(the_newest_of_each_key_is_loaded_into_the_last_level)
{
	struct env *env = env_mem_new();
	struct memtable *memtable;
	struct store s;
	struct iter *source = make_source(&memtable, unit_seed());

	store_create(&s, env);
	ck_assert_int_eq(tree_ingest(s.tree, source, model.count + 7), 0);
	check_all(&s);
	struct version *v = tree_current(s.tree);
	const struct version_level *last = &v->levels[TREE_LEVELS - 1];
	ck_assert_uint_gt(last->count, 2); /* they are cut at the target's size */
	for (size_t i = 0; i < last->count; i++) {
		ck_assert_uint_eq(last->files[i]->tombstones, 0);
		ck_assert_uint_lt(last->files[i]->size_bytes, 4000);
	}
	version_unref(v);
	store_close(&s);
	env_mem_power_cut(env);
	store_open(&s, env);
	check_all(&s);
	ck_assert_uint_eq(s.found.flushed_seqno, model.count + 7);
	store_close(&s);
	iter_free(source);
	memtable_unref(memtable);
	env_free(env);
}
END_TEST

START_TEST(the_flushed_seqno_is_at_least_the_highest_loaded)
{
	struct env *env = env_mem_new();
	struct memtable *memtable;
	struct store s;
	struct iter *source = make_source(&memtable, 1);

	store_create(&s, env);
	ck_assert_int_eq(tree_ingest(s.tree, source, 0), 0);
	ck_assert_uint_eq(tree_flushed_seqno(s.tree), model.count);
	store_close(&s);
	iter_free(source);
	memtable_unref(memtable);
	env_free(env);
}
END_TEST

START_TEST(nothing_to_load_sets_the_flushed_seqno_alone)
{
	struct env *env = env_mem_new();
	struct memtable *memtable;
	struct iter *source;
	struct store s;

	ck_assert_int_eq(memtable_new(&memtable), 0);
	ck_assert_int_eq(memtable_iter(memtable, &source), 0);
	store_create(&s, env);
	ck_assert_int_eq(tree_ingest(s.tree, source, 42), 0);
	ck_assert_uint_eq(tree_flushed_seqno(s.tree), 42);
	ck_assert_int_eq(tree_ingest(s.tree, source, 41), -EINVAL);
	store_close(&s);
	iter_free(source);
	memtable_unref(memtable);
	env_free(env);
}
END_TEST

START_TEST(a_tree_that_holds_something_is_left_alone)
{
	struct env *env = env_mem_new();
	struct memtable *memtable;
	struct store s;
	struct iter *source = make_source(&memtable, 1);

	store_create(&s, env);
	ck_assert_int_eq(tree_ingest(s.tree, source, 0), 0);
	ck_assert_int_eq(tree_ingest(s.tree, source, model.count), -ENOTEMPTY);
	check_all(&s);
	store_close(&s);
	iter_free(source);
	memtable_unref(memtable);
	env_free(env);
}
END_TEST

START_TEST(a_version_twice_is_refused)
{
	struct env *env = env_mem_new();
	struct memtable *memtable;
	struct iter *sources[2], *twice;
	struct store s;

	sources[0] = make_source(&memtable, 1);
	ck_assert_int_eq(memtable_iter(memtable, &sources[1]), 0);
	ck_assert_int_eq(merge_iter_new(sources, 2, &twice), 0);
	store_create(&s, env);
	ck_assert_int_eq(tree_ingest(s.tree, twice, 0), -EUCLEAN);
	store_close(&s);
	iter_free(twice);
	memtable_unref(memtable);
	env_free(env);
}
END_TEST

/* All of it or nothing, whichever call fails; and what it left behind does not trouble the next. */
static bool load_with_fault(const struct env_fault_plan *plan, struct iter *source,
			    uint64_t edit_max)
{
	struct env *disk = env_mem_new(), *env = env_fault_new(disk);
	struct store s;

	store_create(&s, env);
	s.tree->manifest.edit_max = edit_max;
	const uint64_t manifest = s.tree->manifest.number;
	env_fault_set(env, plan);
	int err = tree_ingest(s.tree, source, 0);
	bool struck = env_fault_struck(env);
	env_fault_set(env, NULL);
	ck_assert(err == 0 || err == (tree_is_broken(s.tree) ? -EIO : plan->error));
	ck_assert(struck || err == 0);
	if (err == 0)
		ck_assert((s.tree->manifest.number != manifest) == (edit_max > 0));
	store_close(&s);
	env_mem_power_cut(disk);
	store_open(&s, disk);
	if (err == 0 || s.found.flushed_seqno) {
		check_all(&s);
		ck_assert_uint_eq(s.found.flushed_seqno, model.count);
	} else {
		ck_assert_int_eq(tree_ingest(s.tree, source, 0), 0);
		check_all(&s);
	}
	store_close(&s);
	env_free(env);
	env_free(disk);
	return struck;
}

START_TEST(it_is_all_or_nothing_whichever_call_fails)
{
	const struct env_fault_plan hows[] = {
		{.error = -EIO},
		{.error = -EIO, .sticky = true},
		{.error = -ENOSPC, .sticky = true, .writes_only = true, .how = ENV_FAULT_SHORT},
	};
	/* the second is less than the edit comes to */
	const uint64_t edit_max[] = {0, 150};
	struct memtable *memtable;
	struct iter *source = make_source(&memtable, 1);

	for (size_t i = 0; i < array_size(hows) * array_size(edit_max); i++) {
		struct env_fault_plan plan = hows[i / array_size(edit_max)];

		while (load_with_fault(&plan, source, edit_max[i % array_size(edit_max)]))
			plan.at_call++;
		ck_assert_uint_gt(plan.at_call, 10);
	}
	iter_free(source);
	memtable_unref(memtable);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_newest_of_each_key_is_loaded_into_the_last_level,
	&the_flushed_seqno_is_at_least_the_highest_loaded,
	&nothing_to_load_sets_the_flushed_seqno_alone,
	&a_tree_that_holds_something_is_left_alone,
	&a_version_twice_is_refused,
	&it_is_all_or_nothing_whichever_call_fails,
};

UNIT_SUITE("lsm/tree/tree_ingest", tests)
