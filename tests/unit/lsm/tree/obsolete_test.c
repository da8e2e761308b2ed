#include "lsm/env/env_fault.h"
#include "tests/unit/lsm/tree/store_fixture.h"

/* Flush `tables` overlapping tables, each with every key. */
static void fill(struct store *s, struct model *m, int tables)
{
	for (int i = 0; i < tables; i++) {
		for (unsigned key = 0; key < STORE_KEYS; key++)
			store_change(m, s->memtable, key, true);
		ck_assert_int_eq(store_flush(s, m), 0);
	}
}

START_TEST(tables_stay_while_a_version_or_iterator_holds_them)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	size_t seen = 0;

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	fill(&s, &m, 3);
	struct version *old = tree_current(s.tree);
	struct iter *it = store_iter(s.tree, old, "");
	iter_first(it);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	tree_purge(s.tree);
	struct version *now = tree_current(s.tree);
	ck_assert_uint_eq(store_folder(&s).tables, 3 + version_tables(now));
	version_unref(old);
	tree_purge(s.tree);
	ck_assert_uint_eq(store_folder(&s).tables, 3 + version_tables(now));
	/* The iterator still reads all three tables. */
	for (; iter_valid(it); iter_next(it))
		seen++;
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(seen, 3 * STORE_KEYS);
	iter_free(it);
	tree_purge(s.tree);
	ck_assert_uint_eq(store_folder(&s).tables, version_tables(now));
	version_unref(now);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(closing_keeps_live_tables_and_forgets_dead_ones)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	fill(&s, &m, 3);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	store_close(&s);
	store_open(&s, env);
	expect_no_orphans(&s);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_failed_unlink_is_tried_again)
{
	static struct model m;
	struct env *inner = env_mem_new(), *env = env_fault_new(inner);
	const struct env_fault_plan plan = {.error = -EIO, .sticky = true};
	struct store s;

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	ck_assert_int_eq(store_add_log(&s), 0);
	ck_assert_int_eq(store_add_log(&s), 0);
	fill(&s, &m, 3);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	struct folder_count before = store_folder(&s);
	env_fault_set(env, &plan);
	tree_purge(s.tree);
	env_fault_set(env, NULL);
	struct folder_count after = store_folder(&s);
	ck_assert_uint_eq(before.tables, after.tables);
	ck_assert_uint_eq(before.logs, 2);
	ck_assert_uint_eq(after.logs, 2);
	tree_purge(s.tree);
	ck_assert_uint_eq(store_folder(&s).logs, 1);
	expect_no_orphans(&s);
	store_close(&s);
	env_free(env);
	env_free(inner);
}
END_TEST

START_TEST(a_removed_table_leaves_the_open_ones)
{
	static struct model m;
	struct env *env = env_mem_new();
	struct store s;
	struct tree_stats stats;

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	fill(&s, &m, 3);
	expect_model(&s, &m);
	struct version *v = tree_current(s.tree);
	tree_stats_read(s.tree, v, &stats);
	ck_assert_uint_eq(stats.open_tables, 3);
	ck_assert_uint_gt(stats.table_memory_bytes, 300);
	version_unref(v);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	tree_purge(s.tree);
	v = tree_current(s.tree);
	tree_stats_read(s.tree, v, &stats);
	ck_assert_uint_le(stats.open_tables, version_tables(v));
	version_unref(v);
	for (unsigned key = 0; key < STORE_KEYS; key++)
		store_change(&m, s.memtable, key, false);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	tree_purge(s.tree);
	v = tree_current(s.tree);
	tree_stats_read(s.tree, v, &stats);
	ck_assert_uint_eq(stats.open_tables, 0);
	ck_assert_uint_eq(stats.table_memory_bytes, 0);
	version_unref(v);
	store_close(&s);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&tables_stay_while_a_version_or_iterator_holds_them,
	&closing_keeps_live_tables_and_forgets_dead_ones,
	&a_failed_unlink_is_tried_again,
	&a_removed_table_leaves_the_open_ones,
};

UNIT_SUITE("lsm/tree/obsolete", tests)
