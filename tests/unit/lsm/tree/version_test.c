#include "tests/unit/lsm/tree/tree_fixture.h"

static const struct spec three_levels[] = {
	{.level = 0, .number = 3, .smallest = "c", .largest = "m"},
	{.level = 0, .number = 9, .smallest = "a", .largest = "d"},
	{.level = 0, .number = 5, .smallest = "k", .largest = "z"},
	{.level = 1, .number = 7, .smallest = "p", .largest = "q"},
	{.level = 1, .number = 4, .smallest = "b", .largest = "d"},
	{.level = 1, .number = 6, .smallest = "f", .largest = "f"},
	{.level = 6, .number = 2, .smallest = "a", .largest = "zz"},
	{0},
};

static int try_edit(const struct version *base, const struct version_edit *e,
		    struct version **ret_version, const char **reason)
{
	struct version_builder b = {0};
	int err = version_builder_init(&b, base);

	if (!err)
		err = version_builder_apply(&b, e, reason);
	if (!err)
		err = version_builder_finish(&b, ret_version, reason);
	version_builder_done(&b);
	return err;
}

START_TEST(level_0_is_newest_first_and_a_run_by_key)
{
	struct version *v = spec_version(three_levels);

	ck_assert_str_eq(files_text(&v->levels[0]), "9 5 3");
	ck_assert_str_eq(files_text(&v->levels[1]), "4 6 7");
	ck_assert_str_eq(files_text(&v->levels[6]), "2");
	ck_assert_uint_eq(v->levels[0].bytes, 3000);
	version_unref(v);
}
END_TEST

START_TEST(find_answers_the_first_table_that_does_not_end_before_the_key)
{
	static const struct {
		const char *key;
		size_t at;
	} cases[] = {{"a", 0},  {"b", 0}, {"d", 0},  {"da", 1}, {"f", 1},
		     {"fa", 2}, {"q", 2}, {"qa", 3}, {"", 0}};
	struct version *v = spec_version(three_levels);

	for (size_t i = 0; i < array_size(cases); i++)
		ck_assert_uint_eq(version_find(&v->levels[1].runs[0], slice_str(cases[i].key)),
				  cases[i].at);
	version_unref(v);
}
END_TEST

START_TEST(overlap_counts_the_ends_in)
{
	static const struct {
		int level;
		const char *from, *to;
		bool overlaps;
	} cases[] = {
		{1, "a", "aa", false}, {1, "a", "b", true},   {1, "c", "c", true},
		{1, "d", "e", true},   {1, "da", "e", false}, {1, "e", "g", true},
		{1, "r", "z", false},  {1, "e", "", true},    {1, "r", "", false},
		{2, "a", "", false},   {0, "zz", "", false},  {0, "n", "n", true},
		{0, "0", "9", false},
	};
	struct version *v = spec_version(three_levels);

	for (size_t i = 0; i < array_size(cases); i++)
		ck_assert_msg(version_overlaps(v, cases[i].level, slice_str(cases[i].from),
					       slice_str(cases[i].to)) == cases[i].overlaps,
			      "case %zu", i);
	version_unref(v);
}
END_TEST

START_TEST(an_edit_removes_before_it_adds)
{
	static const struct spec added[] = {
		{.level = 1, .number = 12, .smallest = "c", .largest = "g"}};
	struct version *v = spec_version(three_levels), *next;
	struct version_edit e = {0};
	const char *reason = "";

	spec_edit(&e, added, 1);
	ck_assert_int_eq(try_edit(v, &e, &next, &reason), -EUCLEAN);
	ck_assert_str_eq(reason, "tables of one run overlap");
	ck_assert_int_eq(version_edit_remove_table(&e, 1, 4), 0);
	ck_assert_int_eq(version_edit_remove_table(&e, 1, 6), 0);
	ck_assert_int_eq(try_edit(v, &e, &next, &reason), 0);
	ck_assert_str_eq(files_text(&next->levels[1]), "12 7");
	ck_assert_str_eq(files_text(&next->levels[0]), "9 5 3");
	ck_assert_str_eq(files_text(&v->levels[1]), "4 6 7");
	version_edit_done(&e);
	version_unref(next);
	version_unref(v);
}
END_TEST

START_TEST(a_moved_table_keeps_its_object)
{
	struct version *v = spec_version(three_levels), *next;
	struct table_file *moved = v->levels[1].files[1];
	struct version_edit e = {0};
	const char *reason = "";

	ck_assert_int_eq(version_edit_remove_table(&e, 1, 6), 0);
	ck_assert_int_eq(version_edit_add_table(&e, 2, 0, moved), 0);
	ck_assert_int_eq(try_edit(v, &e, &next, &reason), 0);
	version_edit_done(&e);
	version_unref(v);
	ck_assert_ptr_eq(next->levels[2].files[0], moved);
	ck_assert_str_eq(files_text(&next->levels[1]), "4 7");
	version_unref(next);
}
END_TEST

START_TEST(edits_that_do_not_fit_are_refused)
{
	static const struct spec twice[] = {
		{.level = 3, .number = 4, .smallest = "x", .largest = "y"}};
	struct version *v = spec_version(three_levels), *next;
	struct version_edit add = {0}, missing = {0}, wrong_level = {0};
	const char *reason = "";

	spec_edit(&add, twice, 1);
	ck_assert_int_eq(try_edit(v, &add, &next, &reason), -EUCLEAN);
	ck_assert_str_eq(reason, "a table is added twice");
	ck_assert_int_eq(version_edit_remove_table(&missing, 1, 99), 0);
	ck_assert_int_eq(try_edit(v, &missing, &next, &reason), -EUCLEAN);
	ck_assert_str_eq(reason, "a table is removed that is not there");
	ck_assert_int_eq(version_edit_remove_table(&wrong_level, 2, 4), 0);
	ck_assert_int_eq(try_edit(v, &wrong_level, &next, &reason), -EUCLEAN);
	version_edit_done(&add);
	version_edit_done(&missing);
	version_edit_done(&wrong_level);
	version_unref(v);
}
END_TEST

START_TEST(tables_may_touch_but_not_share_a_key)
{
	static const struct spec touching[] = {
		{.level = 2, .number = 1, .smallest = "a", .largest = "b"},
		{.level = 2, .number = 2, .smallest = "b", .largest = "c"},
	};
	static const struct spec empty[] = {{0}};
	struct version *v = spec_version(empty), *next;
	struct version_edit e = {0};
	const char *reason = "";

	spec_edit(&e, touching, 2);
	ck_assert_int_eq(try_edit(v, &e, &next, &reason), -EUCLEAN);
	version_edit_done(&e);
	version_unref(v);
}
END_TEST

static const struct spec several_runs[] = {
	{.level = 0, .number = 30, .smallest = "a", .largest = "b"},
	{.level = 0, .number = 31, .smallest = "a", .largest = "b"},
	{.level = 1, .run = 9, .number = 4, .smallest = "m", .largest = "z"},
	{.level = 1, .run = 9, .number = 5, .smallest = "a", .largest = "c"},
	{.level = 1, .run = 12, .number = 3, .smallest = "a", .largest = "b", .size_bytes = 500},
	{.level = 1, .run = 0, .number = 8, .smallest = "h", .largest = "i"},
	{.level = 2, .run = 9, .number = 7, .smallest = "b", .largest = "n"},
	{0},
};

START_TEST(runs_of_a_level_are_newest_first_and_may_overlap)
{
	struct version *v = spec_version(several_runs);
	const struct version_level *l = &v->levels[1];

	ck_assert_str_eq(files_text(l), "3 5 4 8");
	ck_assert_uint_eq(l->run_count, 3);
	ck_assert_uint_eq(l->runs[0].number, 12);
	ck_assert_uint_eq(l->runs[0].count, 1);
	ck_assert_uint_eq(l->runs[0].bytes, 500);
	ck_assert_uint_eq(l->runs[1].number, 9);
	ck_assert_uint_eq(l->runs[1].count, 2);
	ck_assert_ptr_eq(l->runs[1].files, &l->files[1]);
	ck_assert_uint_eq(l->runs[2].number, 0);
	ck_assert_uint_eq(v->levels[0].run_count, 2);
	ck_assert_uint_eq(v->levels[2].run_count, 1);
	ck_assert_uint_eq(v->levels[3].run_count, 0);
	version_unref(v);
}
END_TEST

START_TEST(overlap_is_looked_for_in_every_run)
{
	static const struct {
		const char *from, *to;
		bool overlaps;
	} cases[] = {{"b", "b", true}, {"c", "c", true},  {"d", "g", false}, {"d", "h", true},
		     {"i", "i", true}, {"j", "l", false}, {"zz", "", false}, {"z", "", true}};
	struct version *v = spec_version(several_runs);

	for (size_t i = 0; i < array_size(cases); i++)
		ck_assert_msg(version_overlaps(v, 1, slice_str(cases[i].from),
					       slice_str(cases[i].to)) == cases[i].overlaps,
			      "case %zu", i);
	version_unref(v);
}
END_TEST

START_TEST(an_edit_that_takes_all_of_a_version_makes_the_same_again)
{
	static const struct spec empty[] = {{0}};
	struct version *v = spec_version(several_runs), *nothing = spec_version(empty), *again;
	struct version_edit e = {0};
	const char *reason = "";

	ck_assert_int_eq(version_edit_add_version(&e, v), 0);
	ck_assert_int_eq(try_edit(nothing, &e, &again, &reason), 0);
	ck_assert_str_eq(files_text(&again->levels[0]), "31 30");
	ck_assert_str_eq(files_text(&again->levels[1]), "3 5 4 8");
	ck_assert_uint_eq(again->levels[1].run_count, 3);
	ck_assert_uint_eq(again->levels[2].runs[0].number, 9);
	version_check(again);
	version_edit_done(&e);
	version_unref(v);
	version_unref(nothing);
	version_unref(again);
}
END_TEST

START_TEST(a_table_changes_its_run_without_a_new_object)
{
	struct version *v = spec_version(several_runs), *next;
	struct table_file *moved = v->levels[1].runs[2].files[0];
	struct version_edit e = {0};
	const char *reason = "";

	ck_assert_int_eq(version_edit_remove_table(&e, 1, 8), 0);
	ck_assert_int_eq(version_edit_add_table(&e, 1, 9, moved), 0);
	ck_assert_int_eq(try_edit(v, &e, &next, &reason), 0);
	ck_assert_uint_eq(next->levels[1].run_count, 2);
	ck_assert_ptr_eq(next->levels[1].runs[1].files[1], moved);
	version_edit_done(&e);
	version_unref(v);
	version_unref(next);
}
END_TEST

static const TTest *const *const tests[] = {
	&level_0_is_newest_first_and_a_run_by_key,
	&find_answers_the_first_table_that_does_not_end_before_the_key,
	&overlap_counts_the_ends_in,
	&an_edit_removes_before_it_adds,
	&a_moved_table_keeps_its_object,
	&edits_that_do_not_fit_are_refused,
	&tables_may_touch_but_not_share_a_key,
	&runs_of_a_level_are_newest_first_and_may_overlap,
	&overlap_is_looked_for_in_every_run,
	&an_edit_that_takes_all_of_a_version_makes_the_same_again,
	&a_table_changes_its_run_without_a_new_object,
};

UNIT_SUITE("lsm/tree/version", tests)
