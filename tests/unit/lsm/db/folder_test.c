/*
 * Which folders are a store, which may become one, and whose it is.
 */
#include "lsm/wal/wal_format.h"
#include "tests/unit/lsm/db/db_fixture.h"

static struct env *store(void)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 20, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	db_put(db, "logged", "one");
	ck_assert_int_eq(lsm_sync(db), 0);
	db_put(db, "logged", "two");
	db_close(db);
	return env;
}

static struct env *folder_with(const char *name, const char *text)
{
	struct env *env = env_mem_new();
	struct env_dir *dir;

	ck_assert_int_eq(env_open_dir(env, DB_DIR, true, &dir), 0);
	env_dir_close(dir);
	if (name)
		db_set_file(env, name, text);
	return env;
}

static void expect_fresh(struct env *env)
{
	struct lsm *db = db_open_small(env);

	db_put(db, "k", "v");
	db_close(db);
	db = db_open_small(env);
	ck_assert(db_has(db, "k", "v"));
	db_close(db);
	env_free(env);
}

START_TEST(an_absent_folder_becomes_a_store)
{
	expect_fresh(env_mem_new());
}
END_TEST

START_TEST(an_empty_folder_becomes_a_store)
{
	expect_fresh(folder_with(NULL, NULL));
}
END_TEST

START_TEST(a_settings_file_may_be_there_before_the_store)
{
	struct env *env = folder_with("apexfs.ini", "[wal]\n");
	struct slice bytes;

	db_close(db_open_small(env));
	db_close(db_open_small(env));
	ck_assert_int_eq(env_mem_file(env, DB_DIR, "apexfs.ini", &bytes), 0);
	ck_assert(slice_eq(bytes, slice_str("[wal]\n")));
	env_free(env);
}
END_TEST

START_TEST(what_a_crash_left_of_making_a_store_is_no_hindrance)
{
	expect_fresh(folder_with("LOCK", "pid=1\n"));
	expect_fresh(folder_with("MANIFEST-000001", "half"));
	expect_fresh(folder_with("CURRENT.tmp", ""));
}
END_TEST

START_TEST(no_store_is_made_where_none_is_wanted)
{
	struct env *env = env_mem_new(), *empty = folder_with(NULL, NULL);
	struct lsm_options options = db_small_options(env);

	options.create = false;
	db_expect_no_open(&options, -ENOENT, DB_DIR);
	options.create = true;
	options.read_only = true;
	db_expect_no_open(&options, -ENOENT, DB_DIR);
	options.env = empty;
	db_expect_no_open(&options, -ENOENT, DB_DIR);
	options.read_only = false;
	options.create = false;
	db_expect_no_open(&options, -ENOENT, DB_DIR);
	env_free(env);
	env_free(empty);
}
END_TEST

START_TEST(a_folder_of_something_else_is_refused_and_untouched)
{
	static const char *const names[] = {"photo.jpg", "MANIFEST-of-freight", "notes.wal",
					    "x.sst", "CURRENT.bak"};

	for (size_t i = 0; i < array_size(names); i++) {
		struct env *env = folder_with(names[i], "mine");
		struct lsm_options options = db_small_options(env);
		struct slice bytes;

		db_expect_no_open(&options, -ENOTEMPTY, names[i]);
		ck_assert_int_eq(env_mem_file(env, DB_DIR, names[i], &bytes), 0);
		ck_assert(slice_eq(bytes, slice_str("mine")));
		ck_assert_int_eq(env_mem_file(env, DB_DIR, "LOCK", &bytes), -ENOENT);
		env_free(env);
	}
}
END_TEST

START_TEST(a_second_opener_hears_who_holds_the_store)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.holder = "the first one, pid=42";
	struct lsm *db = db_open_with(&options);

	options.holder = NULL;
	db_expect_no_open(&options, -EWOULDBLOCK, "the first one, pid=42");
	db_put(db, "k", "v");
	db_close(db);
	db = db_open_with(&options);
	ck_assert(db_has(db, "k", "v"));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_missing_current_is_damage_and_makes_no_new_store)
{
	struct env *env = store();
	struct lsm_options options = db_small_options(env);

	ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, "CURRENT"), 0);
	db_expect_no_open(&options, -EUCLEAN, "CURRENT");
	ck_assert_uint_ge(db_find(env, ".sst").count, 1);
	env_free(env);
}
END_TEST

START_TEST(damage_is_named)
{
	struct env *whole = store();
	struct db_found_name table = db_find(whole, ".sst"), log = db_find(whole, ".wal");
	char manifest[DB_TEXT_MAX];
	struct slice current;

	ck_assert_int_eq(env_mem_file(whole, DB_DIR, "CURRENT", &current), 0);
	(void)snprintf(manifest, sizeof(manifest), "%.15s", (const char *)current.ptr);

	const struct {
		const char *file;
		int64_t offset;
		int error;
	} cases[] = {
		{"CURRENT", 2, -EUCLEAN},
		{"CURRENT", -2, -EBADMSG},
		{manifest, 0, -EUCLEAN},
		{manifest, 20, -EBADMSG},
		{manifest, 50, -EBADMSG},
		{log.name, 3, -EUCLEAN},
		/* the second change was logged when the first was durable */
		{log.name, WAL_FILE_HEADER_SIZE + WAL_RECORD_HEADER_SIZE + 1, -EUCLEAN},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct env *env = env_mem_clone(whole);
		struct lsm_options options = db_small_options(env);

		db_damage(env, cases[i].file, cases[i].offset);
		db_expect_no_open(&options, cases[i].error, cases[i].file);
		options.read_only = true;
		db_expect_no_open(&options, cases[i].error, cases[i].file);
		env_free(env);
	}
	const char *const missing[] = {manifest, table.name, log.name};
	for (size_t i = 0; i < array_size(missing); i++) {
		struct env *env = env_mem_clone(whole);
		struct lsm_options options = db_small_options(env);

		ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, missing[i]), 0);
		db_expect_no_open(&options, -EUCLEAN, missing[i]);
		env_free(env);
	}
	env_free(whole);
}
END_TEST

START_TEST(damage_in_a_table_is_met_by_the_read_and_named)
{
	struct env *env = store();
	struct db_found_name table = db_find(env, ".sst");
	struct lsm_record record = {.value_len = 77};

	db_damage(env, table.name, 100);
	struct lsm *db = db_open_small(env);
	ck_assert_int_eq(lsm_get(db, slice_str("key000000"), NULL, &record), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), table.name));
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "offset"));
	ck_assert_uint_eq(record.value_len, 77);
	ck_assert(db_has(db, "logged", "two"));
	ck_assert_uint_ge(db_stats(db).checksum_errors, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_read_only_store_changes_no_file)
{
	struct env *env = store(), *recorder = env_record_new(env);
	struct lsm_options options = db_small_options(recorder);
	size_t calls;

	options.read_only = true;
	struct lsm *db = db_open_with(&options);
	ck_assert(db_has(db, "logged", "two"));
	ck_assert_int_eq(db_try_put(db, "k", "v"), -EROFS);
	ck_assert_int_eq(lsm_flush(db), -EROFS);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), -EROFS);
	ck_assert_int_eq(lsm_sync(db), 0);
	db_close(db);
	(void)env_record_calls(recorder, &calls);
	ck_assert_uint_eq(calls, 0);
	env_free(recorder);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&an_absent_folder_becomes_a_store,
	&an_empty_folder_becomes_a_store,
	&a_settings_file_may_be_there_before_the_store,
	&what_a_crash_left_of_making_a_store_is_no_hindrance,
	&no_store_is_made_where_none_is_wanted,
	&a_folder_of_something_else_is_refused_and_untouched,
	&a_second_opener_hears_who_holds_the_store,
	&a_missing_current_is_damage_and_makes_no_new_store,
	&damage_is_named,
	&damage_in_a_table_is_met_by_the_read_and_named,
	&a_read_only_store_changes_no_file,
};

UNIT_SUITE("lsm/db/folder", tests)
