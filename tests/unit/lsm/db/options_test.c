#include "tests/unit/lsm/db/db_fixture.h"

START_TEST(each_option_has_its_range)
{
	struct env *env = env_mem_new();
	const struct lsm_options good = db_small_options(env);
#define WRONG(field, wrong_value)                                                                  \
	do {                                                                                       \
		struct lsm_options options = good;                                                 \
		options.field = (wrong_value);                                                     \
		db_expect_no_open(&options, -EINVAL, #field);                                      \
	} while (0)

	WRONG(memtable_bytes, 100);
	WRONG(memtables_max, 0);
	WRONG(memtables_max, 16);
	WRONG(key_max, 0);
	WRONG(key_max, LSM_KEY_MAX + 1);
	WRONG(memtable_pool_bytes, UINT64_MAX);
	WRONG(stall_timeout_ms, 3600001);
	WRONG(log_record_max, 64 << 10);
	WRONG(log_record_max, UINT64_MAX);
	WRONG(log_segment_bytes, UINT64_MAX);
	WRONG(log_read_bytes, 0);
	WRONG(recovery, (enum lsm_recovery)3);
	WRONG(index_interval, 65537);
	WRONG(garbage_ratio, 0);
	WRONG(max_levels, 1);
	WRONG(max_levels, LSM_LEVELS + 1);
	WRONG(compaction_rate, UINT64_MAX);
	WRONG(read_ahead_bytes, 0);
	WRONG(io_threads, 0);
	WRONG(io_threads, 3);
	WRONG(sync_mode, (enum lsm_sync_mode)9);
	WRONG(sync_interval_ms, 0);
	WRONG(sync_batch_records, 0);
	WRONG(sync_batch_delay_us, 0);
	WRONG(block_bytes, 1);
	WRONG(restart_interval, 0);
	WRONG(compression, (enum lsm_compression)5);
	WRONG(min_saving_pct, 100);
	WRONG(value_inline_max, 2 << 20);
	WRONG(bloom_bits_per_key, 65);
	WRONG(filter_separator, 256);
	WRONG(filter_separator, -3);
	WRONG(large_value_threshold, 1023);
	WRONG(large_value_threshold, (16 << 20) + 1);
	WRONG(chunk_bytes, 4095);
	WRONG(chunk_bytes, (16 << 20) + 1);
	WRONG(value_max, 4095);
	WRONG(value_max, LSM_VALUE_MAX + 1);
	WRONG(blob_gc_pct, 91);
	WRONG(blob_file_bytes, 65535);
	WRONG(blob_file_bytes, (UINT64_C(16) << 30) + 1);
	WRONG(cache_shards, 0);
	WRONG(max_open_tables, 0);
	WRONG(strategy, (enum lsm_strategy)3);
	WRONG(runs_max, 1);
	WRONG(runs_max, 17);
	WRONG(compaction_threads, 17);
	WRONG(l0_threshold, 0);
	WRONG(l0_slowdown, 1);
	WRONG(l0_stop, 1);
	WRONG(size_ratio, 1);
	WRONG(base_level_bytes, 0);
	WRONG(target_file_bytes, 0);
	WRONG(reserve_bytes, UINT64_MAX - 1);
#undef WRONG
	struct env_dir *dir;
	ck_assert_int_eq(env_open_dir(env, DB_DIR, false, &dir), -ENOENT);
	env_free(env);
}
END_TEST

START_TEST(the_limits_themselves_work)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 4 << 10;
	options.memtables_max = 15;
	options.log_read_bytes = 4 << 10;
	options.log_segment_bytes = 1;
	options.index_interval = 1;
	options.max_levels = 2;
	options.garbage_ratio = 1;
	options.read_ahead_bytes = 4 << 10;
	options.io_threads = 1;
	options.block_bytes = 256;
	options.restart_interval = 1;
	options.min_saving_pct = 0;
	options.value_inline_max = 0;
	options.bloom_bits_per_key = 64;
	options.filter_separator = 255;
	options.large_value_threshold = 1 << 10;
	options.chunk_bytes = 4 << 10;
	options.value_max = 4 << 10;
	options.blob_gc_pct = 90;
	options.blob_file_bytes = 64 << 10;
	options.cache_shards = 1024;
	options.max_open_tables = 1;
	options.strategy = LSM_TIERED;
	options.runs_max = 2;
	options.compaction_threads = 16;
	options.l0_threshold = options.l0_slowdown = options.l0_stop = 1;
	options.size_ratio = 2;
	options.base_level_bytes = 4 << 10;
	options.target_file_bytes = 4 << 10;
	struct lsm *db = db_open_with(&options);
	struct lsm_verify_report report;

	ck_assert_int_eq(db_fill(db, 0, 500, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	ck_assert_uint_eq(db_stats(db).table_records, 500);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&each_option_has_its_range,
	&the_limits_themselves_work,
};

UNIT_SUITE("lsm/db/options", tests)
