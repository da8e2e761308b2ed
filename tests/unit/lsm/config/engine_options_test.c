#include "lsm/config/engine_options.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/config/config_table.h"
#include "lsm/db/options.h"
#include "tests/unit/lsm/config/effects.h"
#include "tests/unit/unit.h"

static struct config *new_config(void)
{
	struct config *c = NULL;

	ck_assert_int_eq(config_new(engine_options, engine_options_count, &c), 0);
	return c;
}

START_TEST(every_option_reaches_its_field)
{
	static const char *const assignments[] = {
		"profile=balanced", /* no field: see profile_test */
		"store.data_dir=x", /* none either: apexfs reads it */
		"store.create=off",
		"store.read_only=on",
		"store.reserve=3m",
		"store.separator=:",
		"store.change_separator=on",
		"store.max_value_size=8g",
		"store.max_key_size=30",
		"store.verify_on_open=on",
		"memtable.max_size=1m",
		"memtable.max_full=3",
		"memtable.pool_size=5m",
		"wal.sync_mode=manual",
		"wal.sync_interval_ms=11",
		"wal.batch_records=12",
		"wal.batch_delay_us=13",
		"wal.buffer_size=6k",
		"wal.max_record_size=7m",
		"wal.segment_size=8m",
		"wal.recovery=prefix",
		"sstable.block_size=8k",
		"sstable.index_interval=31",
		"sstable.restart_interval=14",
		"sstable.compression=none",
		"sstable.min_saving_pct=15",
		"sstable.value_inline_max=2k",
		"sstable.target_file_size=5g",
		"sstable.verify_reads=off",
		"blob.large_value_threshold=3k",
		"blob.chunk_size=4k",
		"blob.blob_gc_ratio=19",
		"blob.file_size=9g",
		"bloom.enable=on",
		"bloom.false_positive_rate=0.0005",
		"cache.block_cache_size=6g",
		"cache.shards=17",
		"cache.max_open_files=18",
		"compaction.strategy=lazy_leveling",
		"compaction.runs_max=8",
		"compaction.garbage_ratio=32",
		"compaction.max_levels=5",
		"compaction.rate_limit=33m",
		"compaction.threads=2",
		"compaction.l0_threshold=20",
		"compaction.l0_slowdown=21",
		"compaction.l0_stop=22",
		"compaction.size_ratio=23",
		"compaction.base_level_size=7g",
		"io.read_ahead_size=9k",
		"io.mmap=on",
		"io.direct_io=on",
		"io.threads=1",
	};
	struct config *c = new_config();
	struct lsm_options o = {.holder = "left alone"};

	ck_assert_uint_eq(array_size(assignments), engine_options_count);
	for (size_t i = 0; i < array_size(assignments); i++)
		ck_assert_msg(config_set(c, assignments[i]) == 0, "%s", fail_text());
	engine_options_apply(c, &o);
	ck_assert_str_eq(o.holder, "left alone");
	ck_assert(!o.create && o.read_only);
	ck_assert_uint_eq(o.reserve_bytes, 3 << 20);
	ck_assert_int_eq(config_set(c, "store.reserve=auto"), 0);
	engine_options_apply(c, &o);
	ck_assert_uint_eq(o.reserve_bytes, LSM_RESERVE_AUTOMATIC);
	ck_assert_int_eq(config_set(c, "store.reserve=2000g"), -EINVAL);
	ck_assert_msg(strstr(fail_text(), "0 to 1024g bytes or auto") != NULL, "%s", fail_text());
	ck_assert_int_eq(o.filter_separator, ':');
	ck_assert(o.change_separator);
	ck_assert_uint_eq(o.value_max, UINT64_C(8) << 30);
	ck_assert_uint_eq(o.key_max, 30);
	ck_assert(o.verify_on_open && !o.verify_reads);
	ck_assert_uint_eq(o.memtable_pool_bytes, 5 << 20);
	ck_assert_uint_eq(o.log_read_bytes, 6 << 10);
	ck_assert_uint_eq(o.log_record_max, 7 << 20);
	ck_assert_uint_eq(o.log_segment_bytes, 8 << 20);
	ck_assert_int_eq(o.recovery, LSM_RECOVER_PREFIX);
	ck_assert_uint_eq(o.index_interval, 31);
	ck_assert_uint_eq(o.garbage_ratio, 32);
	ck_assert_uint_eq(o.max_levels, 5);
	ck_assert_uint_eq(o.compaction_rate, 33 << 20);
	ck_assert_uint_eq(o.read_ahead_bytes, 9 << 10);
	ck_assert(o.map_tables && o.direct_tables);
	ck_assert_uint_eq(o.io_threads, 1);
	ck_assert_uint_eq(o.memtable_bytes, 1 << 20);
	ck_assert_uint_eq(o.memtables_max, 3);
	ck_assert_int_eq(o.sync_mode, LSM_SYNC_MANUAL);
	ck_assert_uint_eq(o.sync_interval_ms, 11);
	ck_assert_uint_eq(o.sync_batch_records, 12);
	ck_assert_uint_eq(o.sync_batch_delay_us, 13);
	ck_assert_uint_eq(o.block_bytes, 8192);
	ck_assert_uint_eq(o.restart_interval, 14);
	ck_assert_int_eq(o.compression, LSM_COMPRESSION_NONE);
	ck_assert_uint_eq(o.min_saving_pct, 15);
	ck_assert_uint_eq(o.value_inline_max, 2048);
	ck_assert_uint_eq(o.target_file_bytes, UINT64_C(5) << 30);
	ck_assert_uint_eq(o.large_value_threshold, 3 << 10);
	ck_assert_uint_eq(o.chunk_bytes, 4 << 10);
	ck_assert_uint_eq(o.blob_gc_pct, 19);
	ck_assert_uint_eq(o.blob_file_bytes, UINT64_C(9) << 30);
	ck_assert_uint_eq(o.bloom_bits_per_key, 16);
	ck_assert_int_eq(config_set(c, "bloom.enable=off"), 0);
	engine_options_apply(c, &o);
	ck_assert_uint_eq(o.bloom_bits_per_key, 0);
	ck_assert_uint_eq(o.cache_bytes, UINT64_C(6) << 30);
	ck_assert_uint_eq(o.cache_shards, 17);
	ck_assert_uint_eq(o.max_open_tables, 18);
	ck_assert_int_eq(o.strategy, LSM_LAZY_LEVELING);
	ck_assert_uint_eq(o.runs_max, 8);
	ck_assert_uint_eq(o.compaction_threads, 2);
	ck_assert_uint_eq(o.l0_threshold, 20);
	ck_assert_uint_eq(o.l0_slowdown, 21);
	ck_assert_uint_eq(o.l0_stop, 22);
	ck_assert_uint_eq(o.size_ratio, 23);
	ck_assert_uint_eq(o.base_level_bytes, UINT64_C(7) << 30);
	config_free(c);
}
END_TEST

START_TEST(words_mean_the_enums_of_the_engine)
{
	static const struct {
		const char *text;
		enum lsm_sync_mode mode;
	} modes[] = {
		{"wal.sync_mode=always", LSM_SYNC_ALWAYS},
		{"wal.sync_mode=batch", LSM_SYNC_BATCH},
		{"wal.sync_mode=interval", LSM_SYNC_INTERVAL},
		{"wal.sync_mode=manual", LSM_SYNC_MANUAL},
	};
	struct config *c = new_config();
	struct lsm_options o = {0};

	for (size_t i = 0; i < array_size(modes); i++) {
		ck_assert_int_eq(config_set(c, modes[i].text), 0);
		engine_options_apply(c, &o);
		ck_assert_int_eq(o.sync_mode, modes[i].mode);
	}
	ck_assert_int_eq(o.compression, LSM_COMPRESSION_LZ4);
	config_free(c);
}
END_TEST

START_TEST(strategies_have_the_names_of_the_engine)
{
	static const struct {
		const char *text;
		enum lsm_strategy strategy;
	} cases[] = {
		{"compaction.strategy=leveled", LSM_LEVELED},
		{"compaction.strategy=tiered", LSM_TIERED},
		{"compaction.strategy=lazy_leveling", LSM_LAZY_LEVELING},
	};
	struct config *c = new_config();
	struct lsm_options o = {0};

	for (size_t i = 0; i < array_size(cases); i++) {
		ck_assert_int_eq(config_set(c, cases[i].text), 0);
		engine_options_apply(c, &o);
		ck_assert_int_eq(o.strategy, cases[i].strategy);
	}
	config_free(c);
}
END_TEST

START_TEST(the_extremes_fit_their_fields)
{
	struct config *c = new_config();
	struct lsm_options o = {0};

	ck_assert_int_eq(config_set(c, "wal.batch_delay_us=3600000000"), 0);
	ck_assert_int_eq(config_set(c, "wal.batch_records=4294967295"), 0);
	engine_options_apply(c, &o);
	ck_assert_uint_eq(o.sync_batch_delay_us, 3600000000);
	ck_assert_uint_eq(o.sync_batch_records, UINT32_MAX);
	config_free(c);
}
END_TEST

#define assert_same(field) ck_assert_uint_eq((uint64_t)(ours.field), (uint64_t)(theirs.field))

START_TEST(the_defaults_are_those_of_the_engine)
{
	struct config *c = new_config();
	struct lsm_options ours, theirs;

	memset(&ours, 0xa5, sizeof(ours));
	lsm_options_init(&theirs);
	engine_options_apply(c, &ours);
	assert_same(create);
	assert_same(read_only);
	assert_same(memtable_bytes);
	assert_same(memtables_max);
	assert_same(sync_mode);
	assert_same(sync_interval_ms);
	assert_same(sync_batch_records);
	assert_same(sync_batch_delay_us);
	assert_same(block_bytes);
	assert_same(restart_interval);
	assert_same(compression);
	assert_same(min_saving_pct);
	assert_same(value_inline_max);
	assert_same(large_value_threshold);
	assert_same(chunk_bytes);
	assert_same(value_max);
	assert_same(blob_gc_pct);
	assert_same(blob_file_bytes);
	assert_same(bloom_bits_per_key);
	assert_same(cache_bytes);
	assert_same(cache_shards);
	assert_same(max_open_tables);
	assert_same(strategy);
	assert_same(runs_max);
	assert_same(compaction_threads);
	assert_same(l0_threshold);
	assert_same(l0_slowdown);
	assert_same(l0_stop);
	assert_same(size_ratio);
	assert_same(base_level_bytes);
	assert_same(target_file_bytes);
	assert_same(io_threads);
	assert_same(direct_tables);
	assert_same(map_tables);
	assert_same(read_ahead_bytes);
	assert_same(compaction_rate);
	assert_same(max_levels);
	assert_same(garbage_ratio);
	assert_same(index_interval);
	assert_same(recovery);
	assert_same(log_read_bytes);
	assert_same(log_segment_bytes);
	assert_same(log_record_max);
	assert_same(memtable_pool_bytes);
	assert_same(key_max);
	assert_same(verify_reads);
	assert_same(verify_on_open);
	/* The engine alone knows nothing of separators; our programs always have one. */
	ck_assert_int_eq(theirs.filter_separator, -1);
	ck_assert_int_eq(ours.filter_separator, LSM_SEPARATOR_NOTED);
	config_free(c);
}
END_TEST

static void set_number(struct config *c, const char *name, unsigned number)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s=%u", name, number);
	ck_assert_msg(config_set(c, text) == 0, "%s", fail_text());
}

/* Whether one of two options is refused beside the other one: here and by the engine alike. */
START_TEST(values_go_together_as_the_engine_has_it)
{
	static const char *const pairs[][2] = {
		{"compaction.l0_threshold", "compaction.l0_slowdown"},
		{"compaction.l0_threshold", "compaction.l0_stop"},
		{"compaction.l0_slowdown", "compaction.l0_stop"},
	};
	unsigned refused = 0;

	for (unsigned i = 0; i < array_size(pairs) * 900; i++) {
		const char *const *pair = pairs[i % array_size(pairs)];
		unsigned at = i / (unsigned)array_size(pairs);
		struct config *c = new_config();
		struct lsm_options o;
		set_number(c, pair[0], 1 + at % 30);
		set_number(c, pair[1], 1 + at / 30);
		lsm_options_init(&o);
		engine_options_apply(c, &o);
		int rc = engine_options_check(c);

		ck_assert(rc == 0 || rc == -ERANGE);
		ck_assert_int_eq(rc != 0, db_options_check(&o) != 0);
		refused += rc != 0;
		config_free(c);
	}
	ck_assert_uint_gt(refused, 100);
}
END_TEST

START_TEST(the_smallest_log_record_holds_the_largest_plain_value)
{
	static const struct {
		unsigned record, value;
	} cases[] = {
		{200000, 200000 - LSM_RECORD_OVERHEAD_MAX},
		{200000, 200000 - LSM_RECORD_OVERHEAD_MAX + 1},
		{135168, 1024},
		{135168, 16384},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct config *c = new_config();
		struct lsm_options o;
		set_number(c, "wal.max_record_size", cases[i].record);
		set_number(c, "blob.large_value_threshold", cases[i].value);
		lsm_options_init(&o);
		engine_options_apply(c, &o);
		ck_assert_int_eq(engine_options_check(c), i % 2 ? -ERANGE : 0);
		ck_assert_int_eq(db_options_check(&o), i % 2 ? -EINVAL : 0);
		config_free(c);
	}
}
END_TEST

#define OPTION_NAME(option, test) option,

/* Each option has one, and nothing else has. */
START_TEST(every_option_has_a_test_of_its_effect)
{
	static const char *const tested[] = {EFFECTS_WRITE(OPTION_NAME) EFFECTS_TABLE(OPTION_NAME)
						     EFFECTS_TREE(OPTION_NAME)};

	ck_assert_uint_eq(array_size(tested), engine_options_count);
	for (size_t i = 0; i < engine_options_count; i++) {
		char name[CONFIG_NAME_MAX + 1];
		unsigned found = 0;

		config_option_name(&engine_options[i], name);
		for (size_t k = 0; k < array_size(tested); k++)
			found += strcmp(tested[k], name) == 0;
		ck_assert_msg(found == 1, "%s", name);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&every_option_reaches_its_field,
	&words_mean_the_enums_of_the_engine,
	&strategies_have_the_names_of_the_engine,
	&the_extremes_fit_their_fields,
	&the_defaults_are_those_of_the_engine,
	&every_option_has_a_test_of_its_effect,
	&values_go_together_as_the_engine_has_it,
	&the_smallest_log_record_holds_the_largest_plain_value,
};

UNIT_SUITE("lsm/config/engine_options", tests)
