/*
 * The byte that splits keys is the store's: noted when it is first said, and kept.
 */
#include "tests/unit/lsm/db/db_fixture.h"

static int open_with(struct env *env, int separator, bool change, struct lsm **ret_db)
{
	struct lsm_options options = db_small_options(env);

	options.filter_separator = separator;
	options.change_separator = change;
	return lsm_open("store", &options, ret_db);
}

/* Open, look, close. */
static void expect_separator(struct env *env, int wanted, int noted)
{
	struct lsm *db;

	ck_assert_msg(open_with(env, wanted, false, &db) == 0, "%s", lsm_error_text());
	ck_assert_int_eq(lsm_separator(db), noted);
	db_close(db);
}

static void expect_refused(struct env *env, int wanted, const char *why)
{
	struct lsm *db;

	ck_assert_int_eq(open_with(env, wanted, false, &db), -EINVAL);
	ck_assert_msg(strstr(lsm_error_text(), why) != NULL, "%s", lsm_error_text());
}

START_TEST(the_first_one_said_is_kept)
{
	struct env *env = env_mem_new();
	struct lsm *db;

	expect_separator(env, -1, -1);
	expect_separator(env, ':', ':');
	for (int round = 0; round < 3; round++) { /* from manifest to manifest */
		expect_separator(env, LSM_SEPARATOR_NOTED, ':');
		expect_separator(env, -1, ':');
	}
	expect_refused(env, '/', "split by ':' (separator), not by '/'");
	expect_refused(env, 0, "not by 0x00");
	expect_separator(env, ':', ':');
	ck_assert_int_eq(open_with(env, 0xe9, true, &db), 0);
	db_put(db, "key", "value");
	db_close(db);
	expect_separator(env, LSM_SEPARATOR_NOTED, 0xe9);
	expect_refused(env, ':', "split by 0xe9");
	env_free(env);
}
END_TEST

START_TEST(a_store_without_one_is_split_by_slashes)
{
	struct env *env = env_mem_new();

	expect_separator(env, LSM_SEPARATOR_NOTED, '/');
	expect_refused(env, ':', "split by '/'");
	env_free(env);
}
END_TEST

/* It shows in what a checkpoint and a salvage make. */
START_TEST(copies_have_it_too)
{
	struct env *env = env_mem_new();
	struct lsm_salvage_report report;
	struct lsm_options options = db_small_options(env);
	struct lsm *db, *copy;

	ck_assert_int_eq(open_with(env, ':', false, &db), 0);
	db_put(db, "a:b", "value");
	ck_assert_int_eq(lsm_checkpoint(db, "copy"), 0);
	db_close(db);
	options.filter_separator = LSM_SEPARATOR_NOTED;
	for (int damaged = 0; damaged < 2; damaged++) {
		const char *to = damaged ? "saved2" : "saved";

		if (damaged)
			ck_assert_int_eq(env_mem_remove_file(env, "store", "CURRENT"), 0);
		ck_assert_int_eq(lsm_salvage("store", to, &options, NULL, NULL, &report), 0);
		ck_assert_int_eq(lsm_open(to, &options, &copy), 0);
		ck_assert_int_eq(lsm_separator(copy), ':');
		ck_assert(db_has(copy, "a:b", "value"));
		db_close(copy);
	}
	ck_assert_int_eq(lsm_open("copy", &options, &copy), 0);
	ck_assert_int_eq(lsm_separator(copy), ':');
	db_close(copy);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_first_one_said_is_kept,
	&a_store_without_one_is_split_by_slashes,
	&copies_have_it_too,
};

UNIT_SUITE("lsm/db/separator", tests)
