#include "tests/unit/lsm/db/db_fixture.h"

START_TEST(what_was_done_is_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_iter *it;

	db_put(db, "a", "12345");
	db_put(db, "b", "x");
	db_delete(db, "b");
	ck_assert(db_has(db, "a", "12345"));
	ck_assert(db_has(db, "b", NULL));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_free(it);
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.writes, 3);
	ck_assert_uint_eq(s.records_written, 3);
	ck_assert_uint_eq(s.gets, 2);
	ck_assert_uint_eq(s.gets_found, 1);
	ck_assert_uint_eq(s.user_read_bytes, 5);
	ck_assert_uint_eq(s.iterators, 1);
	ck_assert_uint_eq(s.memtable_records, 3);
	ck_assert_uint_gt(s.memtable_bytes, 0);
	ck_assert_uint_eq(s.memtable_max_bytes, 16 << 10);
	ck_assert_uint_eq(s.last_seqno, 3);
	ck_assert_uint_eq(s.log_files, 1);
	ck_assert_uint_eq(s.log_bytes, s.log_written_bytes + 48);
	ck_assert_int_eq(s.health, LSM_HEALTH_OK);
	ck_assert_str_eq(s.health_text, "");
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(levels_add_up_to_the_whole)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 1000, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	struct lsm_stats s = db_stats(db);
	uint64_t files = 0, bytes = 0, records = 0;

	for (int i = 0; i < LSM_LEVELS; i++) {
		files += s.levels[i].files;
		bytes += s.levels[i].bytes;
		records += s.levels[i].entries;
	}
	ck_assert_uint_eq(s.table_files, files);
	ck_assert_uint_eq(s.table_bytes, bytes);
	ck_assert_uint_eq(s.table_records, records);
	ck_assert_uint_eq(records, 1000);
	ck_assert_uint_gt(s.flushes, 0);
	ck_assert_uint_ge(s.flush_bytes, 100000);
	ck_assert_uint_gt(s.compactions + s.trivial_moves, 0);
	ck_assert_uint_eq(s.ops[LSM_OP_FLUSH].count, s.flushes);
	ck_assert_uint_gt(s.ops[LSM_OP_COMPACT].count, 0);
	ck_assert_uint_gt(s.disk_total_bytes, 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(runs_are_counted_by_level)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(db_fill(db, 0, 10, 100), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_uint_eq(db_stats(db).levels[0].runs, 3);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).levels[0].runs, 0);
	ck_assert_uint_eq(db_stats(db).levels[1].runs, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(recovery_and_cache_are_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	db_put(db, "in a table", "1");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_put(db, "in the log", "2");
	db_close(db);
	db = db_open_small(env);
	ck_assert_uint_eq(db_stats(db).recovered_records, 1);
	ck_assert_uint_gt(db_stats(db).recovered_bytes, 0);
	ck_assert_uint_eq(db_stats(db).recovery_torn_bytes, 0);
	ck_assert(db_has(db, "in a table", "1"));
	uint64_t blocks_read = db_stats(db).blocks_read;
	ck_assert_uint_gt(blocks_read, 0);
	for (int i = 0; i < 2; i++)
		ck_assert(db_has(db, "in a table", "1"));
	struct lsm_stats s = db_stats(db);
	ck_assert_uint_eq(s.cache_capacity_bytes, 1 << 20);
	ck_assert_uint_eq(s.blocks_read, blocks_read);
	ck_assert_uint_ge(s.cache_hits, 2);
	ck_assert_uint_eq(s.open_tables, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(names_are_known_and_unknown_ones_harmless)
{
	ck_assert_str_eq(lsm_op_name(LSM_OP_GET), "get");
	ck_assert_str_eq(lsm_op_name(LSM_OP_COMPACT), "compact");
	ck_assert_str_eq(lsm_op_name(LSM_OP_COUNT), "unknown");
	ck_assert_str_eq(lsm_health_name(LSM_HEALTH_READ_ONLY), "read_only");
	ck_assert_str_eq(lsm_health_name((enum lsm_health)17), "unknown");
}
END_TEST

int main(void)
{
	static const TTest *const *tests[] = {
		&what_was_done_is_counted,
		&levels_add_up_to_the_whole,
		&runs_are_counted_by_level,
		&recovery_and_cache_are_counted,
		&names_are_known_and_unknown_ones_harmless,
	};

	return unit_run("db stats", tests, array_size(tests));
}
