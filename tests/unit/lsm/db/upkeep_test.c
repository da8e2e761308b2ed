#include "tests/unit/lsm/db/db_fixture.h"

enum {
	ROUNDS = 15,
};

START_TEST(a_flush_brings_everything_into_tables)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(lsm_flush(db), 0); /* nothing to do */
	ck_assert_uint_eq(db_stats(db).flushes, 0);
	ck_assert_int_eq(db_fill(db, 0, 500, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	struct lsm_stats stats = db_stats(db);
	ck_assert_uint_eq(stats.memtable_records, 0);
	ck_assert_uint_eq(stats.full_memtables, 0);
	ck_assert_uint_eq(stats.flushed_seqno, 500);
	env_mem_power_cut(env);
	ignore_result(lsm_close(db)); /* its files are dead */
	db = db_open_small(env);
	ck_assert_uint_eq(db_stats(db).last_seqno, 500);
	ck_assert_uint_eq(db_stats(db).recovered_records, 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(compaction_leaves_one_version_in_one_level_and_no_old_file)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	for (unsigned round = 0; round < 5; round++)
		ck_assert_int_eq(db_fill(db, 0, 300, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	struct lsm_stats stats = db_stats(db);
	unsigned levels = 0;

	for (int i = 0; i < LSM_LEVELS; i++)
		levels += stats.levels[i].files > 0;
	ck_assert_uint_eq(levels, 1);
	ck_assert_uint_eq(stats.table_records, 300);
	db_close(db);
	ck_assert_uint_eq(db_find(env, ".sst").count, stats.table_files);
	ck_assert_uint_le(db_find(env, ".wal").count, 2);
	env_free(env);
}
END_TEST

START_TEST(compaction_of_a_range_reclaims_its_tombstones)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	char key[DB_TEXT_MAX], end[DB_TEXT_MAX];

	ck_assert_int_eq(db_fill(db, 0, 300, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	for (unsigned n = 100; n < 200; n++)
		db_delete(db, db_key(key, n));
	ck_assert_int_eq(lsm_compact(db, slice_str(db_key(key, 100)), slice_str(db_key(end, 199))),
			 0);
	ck_assert_uint_eq(db_stats(db).table_records, 200);
	/* a range of nothing */
	ck_assert_int_eq(lsm_compact(db, slice_str("x"), slice_str("y")), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str("y"), slice_str("x")), 0);
	db_close(db);
	env_free(env);
}
END_TEST

struct worker {
	struct lsm *db;
	struct thread thread;
	unsigned number;
};

static void work(void *arg)
{
	struct worker *w = arg;

	for (unsigned round = 0; round < ROUNDS; round++) {
		ck_assert(!db_fill(w->db, w->number * 1000, w->number * 1000 + 100, 100));
		if (w->number % 2)
			ck_assert(!lsm_flush(w->db));
		else
			ck_assert(!lsm_compact(w->db, slice_str(""), slice_str("")));
	}
}

START_TEST(flushes_and_compactions_by_many_threads_at_once_all_end)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 2;
	options.memtables_max = 1;
	struct lsm *db = db_open_with(&options);
	struct worker workers[4] = {{0}};

	for (unsigned i = 0; i < array_size(workers); i++) {
		workers[i].db = db;
		workers[i].number = i;
		ck_assert_int_eq(thread_start(&workers[i].thread, "worker", work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < array_size(workers); i++)
		thread_join(&workers[i].thread);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).table_records, 400);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(closing_in_the_middle_of_work_loses_nothing)
{
	struct env *env = env_mem_new();

	for (unsigned round = 0; round < 30; round++) {
		struct lsm *db = db_open_small(env);

		ck_assert_uint_eq(db_stats(db).last_seqno, round * 200);
		ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
		db_close(db);
	}
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_flush_brings_everything_into_tables,
	&compaction_leaves_one_version_in_one_level_and_no_old_file,
	&compaction_of_a_range_reclaims_its_tombstones,
	&flushes_and_compactions_by_many_threads_at_once_all_end,
	&closing_in_the_middle_of_work_loses_nothing,
};

UNIT_SUITE("lsm/db/upkeep", tests)
