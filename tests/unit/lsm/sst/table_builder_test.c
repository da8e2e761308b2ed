#include "lsm/env/env_fault.h"
#include "tests/unit/lsm/sst/table_fixture.h"

START_TEST(the_summary_tells_what_is_in_it)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct table_builder *b;
	struct table_summary s;
	struct env_file *file;
	struct rng rng;
	uint64_t tombstones = 0;
	uint64_t key_bytes = 0;
	uint64_t value_bytes = 0;
	uint64_t file_size;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 1500);
	fixture_init(&f, 1 << 20);
	ck_assert_int_eq(env_dir_open(f.dir, "000001.sst", ENV_CREATE, &file), 0);
	ck_assert_int_eq(table_builder_new(file, "000001.sst", FIXTURE_TABLE_ID, &options, &b), 0);
	for (size_t i = 0; i < rows.count; i++) {
		uint64_t before = table_builder_size(b);

		ck_assert_int_eq(table_builder_add(b, &rows.recs[i]), 0);
		ck_assert_uint_eq(table_builder_entries(b), i + 1);
		ck_assert_uint_gt(table_builder_size(b) + options.block_size, before);
		tombstones += rows.recs[i].kind == RECORD_DELETE;
		key_bytes += rows.recs[i].key.len;
		value_bytes += rows.recs[i].meta.len + rows.recs[i].value.len;
	}

	uint64_t about = table_builder_size(b);

	ck_assert_int_eq(table_builder_finish(b, &s), 0);
	ck_assert_int_eq(env_dir_file_size(f.dir, "000001.sst", &file_size), 0);
	ck_assert_uint_eq(s.file_size, file_size);
	ck_assert_uint_lt(about, s.file_size + 2 * options.block_size);
	ck_assert_uint_lt(s.file_size, about + 2 * options.block_size);
	ck_assert_uint_eq(s.entries, rows.count);
	ck_assert_uint_eq(s.tombstones, tombstones);
	assert_slice_eq(s.smallest_key, rows.recs[0].key);
	assert_slice_eq(s.largest_key, rows.recs[rows.count - 1].key);

	struct table *t;

	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, s.file_size, FIXTURE_TABLE_ID, &t),
			 0);
	ck_assert_uint_eq(table_property(t, SST_ENTRIES), rows.count);
	ck_assert_uint_eq(table_property(t, SST_TOMBSTONES), tombstones);
	ck_assert_uint_eq(table_property(t, SST_SMALLEST_SEQNO), s.smallest_seqno);
	ck_assert_uint_eq(table_property(t, SST_LARGEST_SEQNO), s.largest_seqno);
	ck_assert_uint_eq(table_property(t, SST_KEY_BYTES), key_bytes);
	ck_assert_uint_eq(table_property(t, SST_VALUE_BYTES), value_bytes);
	ck_assert_uint_eq(table_property(t, SST_FILTER_SEPARATOR), '/' + 1);
	ck_assert_uint_eq(table_property(t, SST_PROPERTY_COUNT), 0);
	table_unref(t);
	table_builder_free(b);
	env_file_close(file);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(the_filter_is_sized_by_the_real_number_of_keys)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	char key[16];

	fixture_init(&f, 1 << 20);
	options.filter_separator = -1;
	for (uint64_t i = 0; i < 5000; i++) {
		(void)snprintf(key, sizeof(key), "%06llu", (unsigned long long)(i / 5));
		rows_add_text(&rows, key, 10000 - i, "v");
	}

	struct table *t = build_and_open(&f, &options, &rows);
	size_t with_filter = table_memory(t);

	table_unref(t);
	options.bloom_bits_per_key = 0;
	t = build_and_open(&f, &options, &rows);
	/* 1000 keys of 10 bits are 20 lines. */
	ck_assert_uint_eq(with_filter - table_memory(t), 20 * SST_FILTER_LINE_SIZE);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(blocks_are_about_as_large_as_asked_for)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	char key[16];

	fixture_init(&f, 1 << 20);
	options.codec = SST_STORED;
	for (uint64_t i = 0; i < 5000; i++) {
		(void)snprintf(key, sizeof(key), "%08llu", (unsigned long long)i);
		rows_add_text(&rows, key, i + 1, "0123456789012345678901234567890123456789");
	}

	struct table *t = build_and_open(&f, &options, &rows);
	struct slice file = copy_file(&f);
	uint64_t average = file.len / table_property(t, SST_DATA_BLOCKS);

	ck_assert_uint_gt(average, options.block_size * 9 / 10);
	ck_assert_uint_lt(average, options.block_size * 11 / 10);
	table_unref(t);
	free((void *)file.ptr);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(lz4_makes_a_table_smaller)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	char key[16];
	uint64_t packed, stored;

	fixture_init(&f, 1 << 20);
	for (uint64_t i = 0; i < 2000; i++) {
		(void)snprintf(key, sizeof(key), "%08llu", (unsigned long long)i);
		rows_add_text(&rows, key, i + 1, "the same text in each and every record of it");
	}
	ck_assert_int_eq(build_in(f.dir, 1, 1, &options, &rows, &packed), 0);
	options.codec = SST_STORED;
	ck_assert_int_eq(build_in(f.dir, 1, 1, &options, &rows, &stored), 0);
	ck_assert_uint_lt(packed, stored / 2);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

static void fail_every_call(enum env_fault_how how, int error)
{
	struct table_options options = fixture_options();
	struct env *inner = env_mem_new();
	struct env *faulty = env_fault_new(inner);
	static uint8_t big[200000];
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	uint64_t size = 0;
	uint64_t call = 0;

	rng_seed(&rng, fixture_seed());
	rng_fill(&rng, big, sizeof(big));
	for (uint64_t i = 0; i < 12; i++) {
		struct record rec = {
			.key = slice_of(&"abcdefghijkl"[i], 1),
			.seqno = 1 + i,
			.kind = RECORD_PUT,
			.value = slice_of(big, i % 2 ? sizeof(big) : 40000),
		};

		rows_add(&rows, &rec);
	}
	fixture_init_around(&f, inner, faulty, 0);
	for (;; call++) {
		struct env_fault_plan plan = {.at_call = call, .error = error, .how = how};

		env_fault_set(faulty, &plan);

		int rc = build_in(f.dir, FIXTURE_NUMBER, FIXTURE_TABLE_ID, &options, &rows, &size);

		if (!env_fault_struck(faulty)) {
			ck_assert_int_eq(rc, 0);
			break;
		}
		ck_assert_int_eq(rc, error);
	}
	ck_assert_uint_gt(call, 6);
	env_fault_set(faulty, NULL);
	cache_free(f.cache);
	env_dir_close(f.dir);
	env_free(faulty);
	env_free(inner);
	rows_done(&rows);
}

START_TEST(every_failing_call_ends_the_building)
{
	fail_every_call(ENV_FAULT_ERROR, -EIO);
	fail_every_call(ENV_FAULT_SHORT, -ENOSPC);
	fail_every_call(ENV_FAULT_TORN, -EIO);
}
END_TEST

START_TEST(a_full_disk_is_an_error_not_a_table)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	uint64_t size = 0;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 300);
	fixture_init(&f, 0);
	env_mem_set_capacity(f.env, 3000);
	ck_assert_int_eq(build_in(f.dir, FIXTURE_NUMBER, 1, &options, &rows, &size), -ENOSPC);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_table_that_is_synced_survives_a_power_cut)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	struct table *t;
	uint64_t size = 0;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 300);
	fixture_init(&f, 0);
	ck_assert_int_eq(build_in(f.dir, FIXTURE_NUMBER, FIXTURE_TABLE_ID, &options, &rows, &size),
			 0);
	ck_assert_int_eq(env_dir_sync(f.dir), 0);
	env_mem_power_cut(f.env);
	env_dir_close(f.dir);
	ck_assert_int_eq(env_open_dir(f.env, "store", false, &f.dir), 0);
	f.tables.dir = f.dir;
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, size, FIXTURE_TABLE_ID, &t), 0);
	ck_assert_int_eq(table_verify(t, NULL), 0);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_summary_tells_what_is_in_it,
	&the_filter_is_sized_by_the_real_number_of_keys,
	&blocks_are_about_as_large_as_asked_for,
	&lz4_makes_a_table_smaller,
	&every_failing_call_ends_the_building,
	&a_full_disk_is_an_error_not_a_table,
	&a_table_that_is_synced_survives_a_power_cut,
};

UNIT_SUITE("lsm/sst/table_builder", tests)
