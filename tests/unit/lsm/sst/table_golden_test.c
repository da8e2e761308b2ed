/*
 * tests/data/table_v1.sst, written once from the inputs below: the bytes of version 1 for all time.
 */
#include "tests/unit/lsm/sst/table_fixture.h"

enum {
	GOLDEN_SIZE_MAX = 4096,
};

/*
 * One packed value, so alike in itself that every release of LZ4 packs it alike; the rest saves too
 * little.
 */
static void golden_rows(struct rows *rows)
{
	static uint8_t zeros[1000];
	const uint64_t ns = UINT64_C(1700000000123456789);
	const struct record recs[] = {
		{slice_str("a"), 3, RECORD_DELETE, ns, {0}, 0, {0}},
		{slice_str("folder/"), 4, RECORD_PUT, ns + 1, slice_str("meta"), 0, {0}},
		{slice_str("folder/file"), 90, RECORD_PUT, ns + 9, {0}, 0, slice_str("newest")},
		{slice_str("folder/file"), 80, RECORD_PATCH, ns + 8, {0}, 0, slice_str("@4pat")},
		{slice_str("folder/file"), 70, RECORD_LARGE, 0, {0}, 0, slice_str("extents")},
		{slice_str("folder/file"), 7, RECORD_PUT, UINT64_MAX, {0}, 0, slice_str("old")},
		{slice_str("folder/long"), RECORD_SEQNO_MAX, RECORD_PUT, ns, slice_str("m"), 0,
		 slice_of(zeros, sizeof(zeros))},
		{slice_str("folder/sub/x"),
		 12,
		 RECORD_PUT,
		 ns,
		 {0},
		 0,
		 slice_str("a value of forty bytes, stored as it is.")},
		{slice_of("\0\xff", 2), 2, RECORD_PUT, 1, {0}, 0, slice_str("any bytes")},
	};

	rows_add(rows, &recs[8]);
	for (size_t i = 0; i < 8; i++)
		rows_add(rows, &recs[i]);
}

static struct table_options golden_options(void)
{
	return (struct table_options){
		.block_size = 180,
		.restart_interval = 3,
		.codec = SST_LZ4,
		.min_saving_pct = 70,
		.bloom_bits_per_key = 10,
		.filter_separator = '/',
		.value_inline_max = 32,
	};
}

/* The file stands two folders above this source's tree, wherever the tests are run. */
static size_t read_golden(uint8_t *room)
{
	char path[4096] = __FILE__;
	char *slash = strrchr(path, '/');

	ck_assert_ptr_nonnull(slash);
	(void)snprintf(slash, sizeof(path) - (size_t)(slash - path), "/../../../data/table_v1.sst");

	FILE *file = fopen(path, "rb");

	ck_assert_msg(file != NULL, "%s", path);

	size_t len = fread(room, 1, GOLDEN_SIZE_MAX, file);

	ck_assert_int_eq(fclose(file), 0);
	ck_assert_uint_lt(len, GOLDEN_SIZE_MAX);
	return len;
}

START_TEST(todays_builder_makes_the_same_bytes)
{
	static uint8_t room[GOLDEN_SIZE_MAX];
	struct table_options options = golden_options();
	struct fixture f;
	struct rows rows = {0};
	size_t len = read_golden(room);

	golden_rows(&rows);
	fixture_init(&f, 0);
	table_unref(build_and_open(&f, &options, &rows));

	struct slice file = copy_file(&f);

	ck_assert_uint_eq(file.len, len);
	ck_assert_mem_eq(file.ptr, room, len);
	free((void *)file.ptr);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(todays_reader_understands_them)
{
	static uint8_t room[GOLDEN_SIZE_MAX];
	struct fixture f;
	struct rows rows = {0};
	struct table *t;
	struct iter *it;
	struct slice value;
	size_t at = 0;
	size_t len = read_golden(room);

	golden_rows(&rows);
	fixture_init(&f, 0);
	replace_file(&f, slice_of(room, len));
	ck_assert_int_eq(table_open(&f.tables, FIXTURE_NUMBER, len, FIXTURE_TABLE_ID, &t), 0);
	/* It has every kind there is, and all else about it is right. */
	ck_assert_int_eq(table_verify(t, NULL), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(fail_text(), "a kind that this version does not know"));
	ck_assert_int_eq(table_iter(t, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it), at++) {
		assert_same_head(&it->rec, &rows.recs[at]);
		ck_assert_int_eq(iter_value(it, &value), 0);
		assert_slice_eq(value, rows.recs[at].value);
	}
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(at, rows.count);
	ck_assert(table_may_contain_prefix(t, slice_str("folder/sub/")));
	ck_assert_uint_eq(table_property(t, SST_VALUE_BLOCKS), 2);
	ck_assert_uint_gt(table_property(t, SST_DATA_BLOCKS), 1);
	iter_free(it);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

static const TTest *const *const tests[] = {
	&todays_builder_makes_the_same_bytes,
	&todays_reader_understands_them,
};

UNIT_SUITE("lsm/sst/table_golden", tests)
