/*
 * The iterator over a sorted level against the model, both ways; and what reads do about tables
 * that cannot be read.
 */
#include "lsm/tree/level_iter.h"
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/tree/store_fixture.h"

enum {
	RECORDS_MAX = 2000,
};

struct copy {
	char key[24];
	uint64_t seqno;
};

struct world {
	struct env *env;
	struct store store;
	struct version *version;
	struct iter *it; /* over level 1 */
	struct copy records[RECORDS_MAX];
	size_t count;
};

static void world_open(struct world *w)
{
	static struct model m;
	struct rng r;

	rng_seed(&r, 11);
	memset(w, 0, sizeof(*w));
	memset(&m, 0, sizeof(m));
	w->env = env_mem_new();
	store_create(&w->store, w->env);
	for (size_t i = 0; i < STORE_SNAPSHOTS; i++) {
		store_random_changes(&w->store, &m, &r, 100);
		m.snapshots[m.snapshot_count++] = m.count;
	}
	ck_assert_int_eq(store_flush(&w->store, &m), 0);
	ck_assert_int_eq(store_compact_range(&w->store, &m, "", ""), 0);
	w->version = tree_current(w->store.tree);
	ck_assert_uint_gt(w->version->levels[1].count, 3);
	const struct level_iter_source source = {
		.tables = &w->store.tree->tables,
		.version = w->version,
		.files = w->version->levels[1].files,
		.count = w->version->levels[1].count,
	};
	ck_assert_int_eq(level_iter_new(&source, &w->it), 0);
	for (iter_first(w->it); iter_valid(w->it); iter_next(w->it)) {
		struct copy *c = &w->records[w->count++];

		ck_assert_uint_lt(w->count, RECORDS_MAX);
		memcpy(c->key, w->it->rec.key.ptr, w->it->rec.key.len);
		c->seqno = w->it->rec.seqno;
	}
	ck_assert_int_eq(iter_status(w->it), 0);
	ck_assert_uint_gt(w->count, 300);
}

static void world_close(struct world *w)
{
	iter_free(w->it);
	version_unref(w->version);
	store_close(&w->store);
	env_free(w->env);
}

static void expect_at(const struct world *w, size_t at)
{
	ck_assert(iter_status(w->it) == 0);
	ck_assert(iter_valid(w->it) == (at < w->count));
	if (at >= w->count)
		return;
	ck_assert(slice_eq(w->it->rec.key, slice_str(w->records[at].key)));
	ck_assert(w->it->rec.seqno == w->records[at].seqno);
}

static size_t lower_bound(const struct world *w, struct slice key, uint64_t seqno)
{
	size_t at = 0;

	while (at < w->count &&
	       record_cmp(slice_str(w->records[at].key), w->records[at].seqno, key, seqno) < 0)
		at++;
	return at;
}

START_TEST(walks_and_seeks_cross_tables_like_one_array)
{
	static struct world w;
	struct rng r;
	size_t at = SIZE_MAX;
	char space[32];

	rng_seed(&r, unit_seed());
	world_open(&w);
	for (int i = 0; i < 5000; i++) {
		uint64_t what = rng_below(&r, 12);
		struct slice key = slice_str(store_key((unsigned)rng_below(&r, STORE_KEYS), space));
		uint64_t seqno = rng_below(&r, 900);

		if (what == 0) {
			iter_first(w.it);
			at = 0;
		} else if (what == 1) {
			iter_last(w.it);
			at = w.count - 1;
		} else if (what == 2) {
			iter_seek(w.it, key, seqno);
			at = lower_bound(&w, key, seqno);
		} else if (what == 3) {
			iter_seek_before(w.it, key, seqno);
			at = lower_bound(&w, key, seqno) - 1;
		} else if (at < w.count && what % 2) {
			iter_next(w.it);
			at++;
		} else if (at < w.count) {
			iter_prev(w.it);
			at--;
		}
		if (at != SIZE_MAX || i > 0)
			expect_at(&w, at);
	}
	for (iter_last(w.it), at = w.count - 1; iter_valid(w.it); iter_prev(w.it))
		expect_at(&w, at--);
	ck_assert_uint_eq(at, SIZE_MAX);
	iter_seek(w.it, slice_str("zzz"), 1);
	expect_at(&w, w.count);
	iter_seek_before(w.it, slice_str("zzz"), 1);
	expect_at(&w, w.count - 1);
	iter_seek_before(w.it, slice_str("a"), 1);
	expect_at(&w, SIZE_MAX);
	iter_seek(w.it, slice_str("a"), 1);
	expect_at(&w, 0);
	world_close(&w);
}
END_TEST

START_TEST(a_seek_opens_only_the_table_it_needs)
{
	static struct world w;

	world_open(&w);
	cache_clear(w.store.tree->tables.open);
	struct iter *it = store_iter(w.store.tree, w.version, "");
	ck_assert_uint_eq(table_cache_count(&w.store.tree->tables), 0);
	iter_seek(it, w.version->levels[1].files[2]->smallest, RECORD_SEQNO_MAX);
	ck_assert(iter_valid(it));
	ck_assert_uint_eq(table_cache_count(&w.store.tree->tables), 1);
	iter_free(it);
	world_close(&w);
}
END_TEST

START_TEST(a_table_that_has_vanished_is_damage_and_not_an_absent_key)
{
	static struct world w;
	char name[ENV_NAME_MAX + 1];
	struct table_hit hit;

	world_open(&w);
	const struct table_file *f = w.version->levels[1].files[1];
	file_name_make(FILE_TABLE, f->number, name);
	iter_free(w.it);
	w.it = NULL;
	cache_clear(w.store.tree->tables.open);
	ck_assert_int_eq(env_mem_remove_file(w.env, FIXTURE_DIR, name), 0);
	ck_assert_int_eq(tree_get(w.store.tree, w.version, f->smallest, RECORD_SEQNO_MAX, &hit),
			 -EUCLEAN);
	ck_assert_msg(strstr(fail_text(), name) != NULL, "%s", fail_text());
	/* A filter that cannot be asked says maybe. */
	ck_assert(tree_may_contain_prefix(w.store.tree, w.version, slice_str("f")));
	struct iter *it = store_iter(w.store.tree, w.version, "");
	iter_first(it);
	while (iter_valid(it))
		iter_next(it);
	ck_assert_int_eq(iter_status(it), -EUCLEAN);
	iter_last(it);
	while (iter_valid(it))
		iter_prev(it);
	ck_assert_int_eq(iter_status(it), -EUCLEAN);
	iter_seek(it, f->smallest, RECORD_SEQNO_MAX);
	ck_assert_int_eq(iter_status(it), -EUCLEAN);
	/* Elsewhere it works. */
	iter_first(it);
	ck_assert(iter_valid(it));
	iter_free(it);
	world_close(&w);
}
END_TEST

START_TEST(a_prefix_scan_leaves_out_tables_that_cannot_have_it)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	static const unsigned folder_0[] = {0, 7, 14}, folders_1_and_5[] = {1, 8, 5, 12};

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (size_t i = 0; i < array_size(folder_0); i++)
		store_change(&m, s.memtable, folder_0[i], true);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	for (size_t i = 0; i < array_size(folders_1_and_5); i++)
		store_change(&m, s.memtable, folders_1_and_5[i], true);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	for (int round = 0; round < 2; round++) {
		static const struct {
			const char *prefix;
			bool there;
		} cases[] = {
			{"f00/", true},  {"f01/", true},  {"f05/", true},
			{"f03/", false}, {"f06/", false}, {"a/", false},
			{"z/", false},   {"f0", true},    {"f00/k007", true},
		};
		struct version *v = tree_current(s.tree);

		for (size_t i = 0; i < array_size(cases); i++) {
			struct iter *sources[STORE_ITERS];
			size_t count = 0;

			ck_assert_msg(
				tree_may_contain_prefix(s.tree, v, slice_str(cases[i].prefix)) ==
					cases[i].there,
				"%s", cases[i].prefix);
			ck_assert_int_eq(tree_iters(s.tree, v,
						    &(struct tree_scan){
							    .prefix = slice_str(cases[i].prefix)},
						    sources, &count),
					 0);
			ck_assert_msg((count > 0) == cases[i].there, "%s", cases[i].prefix);
			while (count > 0)
				iter_free(sources[--count]);
		}
		version_unref(v);
		/* The same from a sorted level. */
		ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	}
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_prefix_scan_sees_all_of_its_folder)
{
	static struct world w;

	world_open(&w);
	for (unsigned folder = 0; folder < 7; folder++) {
		char prefix[16];
		size_t at;

		(void)snprintf(prefix, sizeof(prefix), "f%02u/", folder);
		struct iter *it = store_iter(w.store.tree, w.version, prefix);
		at = lower_bound(&w, slice_str(prefix), RECORD_SEQNO_MAX);
		iter_seek(it, slice_str(prefix), RECORD_SEQNO_MAX);
		for (; at < w.count &&
		       slice_starts_with(slice_str(w.records[at].key), slice_str(prefix));
		     at++) {
			ck_assert(iter_valid(it));
			ck_assert(slice_eq(it->rec.key, slice_str(w.records[at].key)));
			ck_assert_uint_eq(it->rec.seqno, w.records[at].seqno);
			iter_next(it);
		}
		ck_assert(!iter_valid(it) || !slice_starts_with(it->rec.key, slice_str(prefix)));
		iter_free(it);
	}
	world_close(&w);
}
END_TEST

static const TTest *const *const tests[] = {
	&walks_and_seeks_cross_tables_like_one_array,
	&a_seek_opens_only_the_table_it_needs,
	&a_table_that_has_vanished_is_damage_and_not_an_absent_key,
	&a_prefix_scan_leaves_out_tables_that_cannot_have_it,
	&a_prefix_scan_sees_all_of_its_folder,
};

UNIT_SUITE("lsm/tree/level_iter", tests)
