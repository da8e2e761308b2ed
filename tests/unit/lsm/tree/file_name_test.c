#include "lsm/sst/table.h"
#include "lsm/tree/file_name.h"
#include "tests/unit/unit.h"

START_TEST(names_come_back_as_they_were_made)
{
	static const enum file_kind kinds[] = {FILE_TABLE, FILE_LOG, FILE_BLOB, FILE_MANIFEST};
	static const uint64_t numbers[] = {1, 12, 999999, 1000000, FILE_NUMBER_MAX};
	char name[ENV_NAME_MAX + 1];

	for (size_t k = 0; k < array_size(kinds); k++) {
		for (size_t i = 0; i < array_size(numbers); i++) {
			file_name_make(kinds[k], numbers[i], name);
			struct file_name parsed = file_name_parse(name);

			ck_assert_int_eq(parsed.kind, kinds[k]);
			ck_assert_uint_eq(parsed.number, numbers[i]);
		}
	}
	ck_assert_int_eq(file_name_parse("CURRENT.tmp").kind, FILE_LEFTOVER);
}
END_TEST

START_TEST(the_tables_own_module_makes_the_same_names)
{
	char ours[ENV_NAME_MAX + 1], theirs[ENV_NAME_MAX + 1];

	file_name_make(FILE_TABLE, 12, ours);
	table_file_name(12, theirs);
	ck_assert_str_eq(ours, theirs);
	file_name_make(FILE_TABLE, 12345678, ours);
	table_file_name(12345678, theirs);
	ck_assert_str_eq(ours, theirs);
}
END_TEST

START_TEST(names_that_only_look_like_ours_are_not)
{
	static const char *const names[] = {
		"",
		"CURRENT",
		"LOCK",
		"12.sst",
		"0000012.sst",
		"000000.sst",
		"000012.SST",
		"000012.sst~",
		" 000012.sst",
		"+00012.sst",
		"000012.sst.tmp",
		"000012",
		".sst",
		"12.blob",
		"000012.blobs",
		"000012.blo",
		"MANIFEST-",
		"MANIFEST-12",
		"MANIFEST-000000",
		"MANIFEST-000012.tmp",
		"manifest-000012",
		"72057594037927937.sst",
		"18446744073709551617.wal",
		"99999999999999999999999999999999999999999999.wal",
		"current.tmp",
		"notes.txt",
	};

	for (size_t i = 0; i < array_size(names); i++)
		ck_assert_msg(file_name_parse(names[i]).kind == FILE_UNKNOWN, "%s", names[i]);
}
END_TEST

static const TTest *const *const tests[] = {
	&names_come_back_as_they_were_made,
	&the_tables_own_module_makes_the_same_names,
	&names_that_only_look_like_ours_are_not,
};

UNIT_SUITE("lsm/tree/file_name", tests)
