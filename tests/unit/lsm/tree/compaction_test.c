/*
 * Flush and compaction against the model: whatever they drop, merge and move, every reader sees the
 * same.
 */
#include "tests/unit/lsm/tree/store_fixture.h"

enum {
	ROUNDS = 60,
};

static void random_range(struct store *s, struct model *m, struct rng *r)
{
	char from[32], to[32];

	store_random_range(r, from, to);
	ck_assert_int_eq(store_compact_range(s, m, from, to), 0);
}

static void reopen(struct store *s, struct env *env)
{
	store_close(s);
	store_open(s, env);
	ck_assert_int_eq(store_add_log(s), 0);
}

static void run_any_mix(void)
{
	static struct model m;
	struct store s;
	struct rng r;
	struct env *env = env_mem_new();

	rng_seed(&r, unit_seed());
	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	ck_assert_int_eq(store_add_log(&s), 0);
	for (int round = 0; round < ROUNDS; round++) {
		store_random_changes(&s, &m, &r, 1 + (unsigned)rng_below(&r, 120));
		store_random_snapshots(&m, &r);
		ck_assert_int_eq(store_flush(&s, &m), 0);
		if (rng_below(&r, 2))
			ck_assert_int_eq(store_compact(&s, &m), 0);
		if (rng_below(&r, 6) == 0)
			random_range(&s, &m, &r);
		tree_purge(s.tree);
		expect_no_orphans(&s);
		if (round % 4 == 0)
			expect_model(&s, &m);
		if (rng_below(&r, 10) == 0)
			reopen(&s, env);
	}
	expect_model(&s, &m);
	expect_verified(&s);
	store_close(&s);
	env_free(env);
}

START_TEST(no_reader_sees_a_difference_after_any_mix_of_jobs)
{
	run_any_mix();
}
END_TEST

START_TEST(nor_does_one_of_large_values)
{
	store_large = true;
	run_any_mix();
	store_large = false;
}
END_TEST

START_TEST(a_whole_compaction_without_snapshots_leaves_one_version_a_key_and_no_tombstone)
{
	static struct model m;
	struct store s;
	struct rng r;
	struct env *env = env_mem_new();
	size_t puts = 0;

	rng_seed(&r, unit_seed());
	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (int round = 0; round < 12; round++) {
		store_random_changes(&s, &m, &r, 100);
		ck_assert_int_eq(store_flush(&s, &m), 0);
		ck_assert_int_eq(store_compact(&s, &m), 0);
	}
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	expect_model(&s, &m);
	struct version *v = tree_current(s.tree);
	struct iter *it = store_iter(s.tree, v, "");
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		unsigned key = key_number(it->rec.key);

		ck_assert_int_eq(it->rec.kind, RECORD_PUT);
		ck_assert_uint_eq(it->rec.seqno, model_get(&m, key, RECORD_SEQNO_MAX));
		puts++;
	}
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_gt(puts, STORE_KEYS / 3);
	iter_free(it);
	version_unref(v);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(deleting_everything_leaves_an_empty_tree)
{
	static struct model m;
	struct store s;
	struct env *env = env_mem_new();

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (unsigned key = 0; key < STORE_KEYS; key++)
		store_change(&m, s.memtable, key, true);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	for (unsigned key = 0; key < STORE_KEYS; key++)
		store_change(&m, s.memtable, key, false);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	struct version *v = tree_current(s.tree);
	ck_assert_uint_eq(version_tables(v), 0);
	version_unref(v);
	tree_purge(s.tree);
	expect_no_orphans(&s);
	/* Now nothing lies below: tombstones need not even reach a table. */
	store_change(&m, s.memtable, 1, false);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	v = tree_current(s.tree);
	ck_assert_uint_eq(version_tables(v), 0);
	version_unref(v);
	store_close(&s);
	env_free(env);
}
END_TEST

/* All versions of one key stay in one table, however many there are. */
START_TEST(no_key_is_split_over_two_tables)
{
	static struct model m;
	struct store s;
	struct env *env = env_mem_new();

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (int i = 0; i < 400; i++) {
		store_change(&m, s.memtable, (unsigned)i % 4, true);
		/* One long stratum each: as many snapshots as the model has room for. */
		if (i % 60 == 59 && m.snapshot_count < STORE_SNAPSHOTS)
			m.snapshots[m.snapshot_count++] = m.count;
	}
	for (unsigned key = 4; key < STORE_KEYS; key++)
		store_change(&m, s.memtable, key, true);
	ck_assert_int_eq(store_flush(&s, &m), 0);
	struct version *v = tree_current(s.tree);
	ck_assert_uint_gt(v->levels[0].files[0]->entries, STORE_KEYS + 20);
	version_unref(v);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	v = tree_current(s.tree);
	/* version_check asserts that ranges do not even touch. */
	version_check(v);
	ck_assert_uint_gt(v->levels[1].count, 2);
	for (size_t i = 0; i < v->levels[1].count; i++)
		ck_assert_uint_lt(v->levels[1].files[i]->size_bytes, 2000 + 6000);
	version_unref(v);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_stopped_job_leaves_the_tree_as_it_was)
{
	static struct model m;
	struct store s;
	struct rng r;
	struct compaction_job job;
	struct env *env = env_mem_new();
	const struct tree_compact_limits limits = {0};

	rng_seed(&r, unit_seed());
	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (int i = 0; i < 3; i++) {
		store_random_changes(&s, &m, &r, 60);
		ck_assert_int_eq(store_flush(&s, &m), 0);
	}
	struct version *before = tree_current(s.tree);
	ck_assert_int_eq(tree_pick(s.tree, &job), 0);
	tree_stop_jobs(s.tree);
	ck_assert_int_eq(tree_compact(s.tree, &job, &limits), -ECANCELED);
	struct version *after = tree_current(s.tree);
	ck_assert_ptr_eq(before, after);
	version_unref(before);
	version_unref(after);
	expect_no_orphans(&s);
	/* Its marks are gone too. */
	ck_assert_int_eq(tree_pick(s.tree, &job), 0);
	tree_drop_job(s.tree, &job);
	store_close(&s);
	store_open(&s, env);
	ck_assert_int_eq(store_compact(&s, &m), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

/* Flush one table with two keys of a folder. */
static void flush_folder(struct store *s, struct model *m, unsigned folder)
{
	store_change(m, s->memtable, folder, true);
	store_change(m, s->memtable, folder + 7, true);
	ck_assert_int_eq(store_flush(s, m), 0);
}

/*
 * A table that arrives in the gap between two inputs has nothing in common with them, but its
 * output would lie within theirs.
 */
START_TEST(a_job_excludes_those_that_would_write_between_its_outputs)
{
	static struct model m;
	struct store s;
	struct compaction_job first, second;
	struct env *env = env_mem_new();

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	flush_folder(&s, &m, 1);
	flush_folder(&s, &m, 3);
	ck_assert_int_eq(tree_pick_range(s.tree, 0, slice_str(""), slice_str(""), &first), 0);
	ck_assert_uint_eq(first.input_count, 2);
	flush_folder(&s, &m, 2);
	ck_assert_int_eq(tree_pick_range(s.tree, 0, slice_str("f02"), slice_str("f02~"), &second),
			 -EBUSY);
	ck_assert_int_eq(tree_pick(s.tree, &second), -ENOENT);
	/* Given up, it excludes nobody. */
	tree_drop_job(s.tree, &first);
	ck_assert_int_eq(tree_pick_range(s.tree, 0, slice_str("f02"), slice_str("f02~"), &second),
			 0);
	ck_assert_int_eq(tree_pick_range(s.tree, 0, slice_str(""), slice_str(""), &first), -EBUSY);
	ck_assert_int_eq(store_run(&s, &m, &second), 0);
	ck_assert_int_eq(tree_pick_range(s.tree, 0, slice_str(""), slice_str(""), &first), 0);
	ck_assert_int_eq(store_run(&s, &m, &first), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(keys_in_order_move_down_without_a_copy)
{
	static struct model m;
	struct store s;
	struct env *env = env_mem_new();
	struct tree_stats stats;
	char key[32];

	memset(&m, 0, sizeof(m));
	store_create(&s, env);
	for (unsigned table = 0; table < 7; table++) {
		/* One folder each: ranges follow each other. */
		for (unsigned i = 0; i < STORE_KEYS / 7; i++)
			store_change(&m, s.memtable, table + 7 * i, true);
		ck_assert_int_eq(store_flush(&s, &m), 0);
	}
	ck_assert_int_eq(store_compact(&s, &m), 0);
	struct version *v = tree_current(s.tree);
	tree_stats_read(s.tree, v, &stats);
	version_unref(v);
	ck_assert_uint_ge(stats.trivial_moves, 5);
	ck_assert_uint_eq(stats.compaction_written_bytes, 0);
	ck_assert_uint_eq(stats.flushes, 7);
	ck_assert_uint_lt(stats.levels[0].files, 2);
	ck_assert(stats.levels[0].score < 1 && stats.levels[1].score < 1);
	ck_assert_uint_gt(stats.manifest_bytes, 500);
	ck_assert_str_eq(store_key(8, key), "f01/k008");
	expect_model(&s, &m);
	tree_purge(s.tree);
	expect_no_orphans(&s);
	store_close(&s);
	/* The moved tables are the same files, and still there. */
	store_open(&s, env);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&no_reader_sees_a_difference_after_any_mix_of_jobs,
	&nor_does_one_of_large_values,
	&a_whole_compaction_without_snapshots_leaves_one_version_a_key_and_no_tombstone,
	&deleting_everything_leaves_an_empty_tree,
	&no_key_is_split_over_two_tables,
	&a_stopped_job_leaves_the_tree_as_it_was,
	&a_job_excludes_those_that_would_write_between_its_outputs,
	&keys_in_order_move_down_without_a_copy,
};

UNIT_SUITE("lsm/tree/compaction", tests)
