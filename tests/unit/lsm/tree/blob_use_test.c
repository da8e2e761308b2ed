#include "lsm/tree/blob_use.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

/* Tables of two levels; some name the same files. */
static struct version *some_version(void)
{
	static const struct spec files[] = {
		{.number = 11,
		 .smallest = "a",
		 .largest = "b",
		 .blobs = {{.number = 3, .bytes = 100, .end = 500},
			   {.number = 9, .bytes = 1, .end = 33}}},
		{.number = 12, .smallest = "a", .largest = "z"},
		{.level = 1,
		 .run = 1,
		 .number = 4,
		 .smallest = "a",
		 .largest = "c",
		 .blobs = {{.number = 1, .bytes = 20, .end = 60},
			   {.number = 3, .bytes = 7, .end = 300}}},
		{.level = 1,
		 .run = 1,
		 .number = 5,
		 .smallest = "d",
		 .largest = "e",
		 .blobs = {{.number = 3, .bytes = BLOB_OFFSET_MAX, .end = 501}}},
		{.number = 0},
	};

	return spec_version(files);
}

START_TEST(what_tables_name_adds_up_file_by_file)
{
	static const struct blob_use_file expected[] = {
		{.number = 1, .bytes = 20, .end = 60, .tables = 1},
		{.number = 3, .bytes = BLOB_OFFSET_MAX + 107, .end = 501, .tables = 3},
		{.number = 9, .bytes = 1, .end = 33, .tables = 1},
	};
	struct version *v = some_version();
	struct blob_use use = {0};

	ck_assert_int_eq(blob_use_note_version(&use, v), 0);
	ck_assert_uint_eq(use.count, array_size(expected));
	for (size_t i = 0; i < use.count; i++) {
		ck_assert_uint_eq(use.files[i].number, expected[i].number);
		ck_assert_uint_eq(use.files[i].bytes, expected[i].bytes);
		ck_assert_uint_eq(use.files[i].end, expected[i].end);
		ck_assert_uint_eq(use.files[i].tables, expected[i].tables);
	}
	blob_use_done(&use);
	version_unref(v);
}
END_TEST

START_TEST(no_tables_name_nothing)
{
	static const struct spec none = {0};
	struct version *v = spec_version(&none);
	struct blob_use use = {0};

	ck_assert_int_eq(blob_use_note_version(&use, v), 0);
	ck_assert_uint_eq(use.count, 0);
	blob_use_done(&use);
	version_unref(v);
}
END_TEST

/* Not even of tables that lie. */
START_TEST(sums_do_not_overflow)
{
	struct blob_ref refs[] = {{.number = 1, .bytes = BLOB_OFFSET_MAX, .end = 33}};
	const struct table_file f = {.blobs = {.refs = refs, .count = 1}};
	struct blob_use use = {0};

	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(blob_use_note(&use, &f), 0);
	blob_use_sum(&use);
	ck_assert_uint_eq(use.count, 1);
	ck_assert_uint_eq(use.files[0].bytes, UINT64_MAX);
	ck_assert(!blob_use_is_leaving(&use.files[0], BLOB_OFFSET_MAX, 300, 90));
	blob_use_done(&use);
}
END_TEST

START_TEST(mostly_dead_files_that_only_tables_want_are_leaving)
{
	static const struct {
		const char *name;
		uint64_t bytes, tables, size, references;
		unsigned gc_pct;
		bool leaving;
	} cases[] = {
		{"half is alive", 500, 1, 1032, 1, 50, false},
		{"a little less than half is alive", 499, 1, 1032, 1, 50, true},
		{"that is enough for another threshold", 499, 1, 1032, 1, 40, false},
		{"nothing is ever moved at 0", 0, 1, 1032, 1, 0, false},
		{"all but nothing is alive", 1, 3, BLOB_OFFSET_MAX, 3, 1, true},
		{"somebody else wants it, too", 1, 3, 1032, 4, 50, false},
		{"nobody but its tables wants it", 1, 4, 1032, 4, 50, true},
		{"the header does not count: one small chunk that is alive", 10, 1, 42, 1, 90,
		 false},
		{"named twice over", 3000, 2, 1032, 2, 90, false},
		{"only a header", 0, 1, 32, 1, 90, false},
		{"less than a header", 0, 1, 10, 1, 90, false},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct blob_use_file f = {.bytes = cases[i].bytes, .tables = cases[i].tables};

		ck_assert_msg(blob_use_is_leaving(&f, cases[i].size, cases[i].references,
						  cases[i].gc_pct) == cases[i].leaving,
			      "%s", cases[i].name);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&what_tables_name_adds_up_file_by_file,
	&no_tables_name_nothing,
	&sums_do_not_overflow,
	&mostly_dead_files_that_only_tables_want_are_leaving,
};

UNIT_SUITE("lsm/tree/blob_use", tests)
