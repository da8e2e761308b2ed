#include "lsm/config/config_table.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct config_option options[] = {
	{"memtable", "max_size", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
	{"memtable", "max_full", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
	{"wal", "sync_mode", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
	{"cache", "shards", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
};
static const struct config_table table = {.options = options, .count = array_size(options)};

static void assert_nearest(const char *section, const char *name, size_t index)
{
	ck_assert_ptr_eq(config_table_nearest(&table, section, name), &options[index]);
}

START_TEST(options_are_found_by_section_and_name)
{
	ck_assert_int_eq(config_table_find(&table, "memtable", "max_full"), 1);
	ck_assert_int_eq(config_table_find(&table, "cache", "max_full"), -1);
	ck_assert_int_eq(config_table_find(&table, "", "max_full"), -1);
	ck_assert_int_eq(config_table_find(&table, "wal", "sync_mod"), -1);
}
END_TEST

START_TEST(options_are_found_by_their_environment_name)
{
	ck_assert_int_eq(config_table_find_environment(&table, slice_str("WAL_SYNC_MODE")), 2);
	ck_assert_int_eq(config_table_find_environment(&table, slice_str("wal_sync_mode")), -1);
	ck_assert_int_eq(config_table_find_environment(&table, slice_str("WAL_SYNC_MODES")), -1);
	ck_assert_int_eq(config_table_find_environment(&table, slice_str("")), -1);
}
END_TEST

START_TEST(the_nearest_name_is_the_one_with_the_fewest_edits)
{
	assert_nearest("memtable", "max_sise", 0);
	assert_nearest("memtable", "max_ful", 1);
	assert_nearest("memtable", "max_fulll", 1);
	assert_nearest("wall", "syncmode", 2);
	assert_nearest("cache", "hards", 3);
	assert_nearest("", "sync_mode", 2);
	assert_nearest("", "shard", 3);
	assert_nearest("", "", 3); /* the shortest */
}
END_TEST

START_TEST(sections_are_known)
{
	ck_assert(config_table_has_section(&table, slice_str("wal")));
	ck_assert(!config_table_has_section(&table, slice_str("wa")));
	ck_assert(!config_table_has_section(&table, slice_str("wall")));
	ck_assert(!config_table_has_section(&table, slice_str("")));
}
END_TEST

START_TEST(a_table_with_two_names_alike_is_unsound)
{
	static const struct config_option twice[] = {
		{"a", "b_c", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
		{"a_b", "c", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
	};
	static const struct config_option nameless[] = {
		{"a", "", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
	};

	static const struct config_option late[] = {
		{"a", "b", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
		{"", "c", CONFIG_UINT, 0, 9, NULL, "1", "", "", false},
	};

	ck_assert(config_table_is_sound(&table));
	ck_assert(!config_table_is_sound(&(struct config_table){late, 2}));
	ck_assert(config_table_is_sound(&(struct config_table){twice, 1}));
	ck_assert(!config_table_is_sound(&(struct config_table){twice, 2}));
	ck_assert(!config_table_is_sound(&(struct config_table){nameless, 1}));
	ck_assert(!config_table_is_sound(&(struct config_table){twice, 0}));
}
END_TEST

static const TTest *const *const tests[] = {
	&options_are_found_by_section_and_name,
	&options_are_found_by_their_environment_name,
	&the_nearest_name_is_the_one_with_the_fewest_edits,
	&sections_are_known,
	&a_table_with_two_names_alike_is_unsound,
};

UNIT_SUITE("lsm/config/config_table", tests)
