/*
 * The note that a program keeps with its store.
 */
#include "tests/unit/lsm/db/db_fixture.h"

#define COPY "copy"

static int set(struct lsm *db, const char *text)
{
	return lsm_set_note(db, slice_str(text));
}

static bool says(struct lsm *db, const char *text)
{
	cleanup_buf struct buf note = {0};

	ck_assert_int_eq(lsm_note(db, &note), 0);
	return slice_eq(buf_slice(&note), slice_str(text));
}

START_TEST(it_is_replaced_as_a_whole_and_outlives_the_process)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert(says(db, ""));
	ck_assert_int_eq(set(db, "a long first note"), 0);
	ck_assert(says(db, "a long first note"));
	struct env *killed = env_mem_clone(env);

	ck_assert_int_eq(set(db, "two"), 0);
	db_close(db);
	db = db_open_small(env);
	ck_assert(says(db, "two"));
	ck_assert_int_eq(set(db, ""), 0);
	db_close(db);
	db = db_open_small(env);
	ck_assert(says(db, ""));
	db_close(db);
	db = db_open_small(killed);
	ck_assert(says(db, "a long first note"));
	db_close(db);
	env_free(killed);
	env_free(env);
}
END_TEST

START_TEST(it_is_bytes_is_appended_and_has_a_most)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	cleanup_buf struct buf bytes = {0}, found = {0};

	for (size_t i = 0; i < LSM_NOTE_MAX; i++)
		ck_assert_int_eq(buf_append_byte(&bytes, (uint8_t)i), 0);
	ck_assert_int_eq(lsm_set_note(db, buf_slice(&bytes)), 0);
	ck_assert_int_eq(buf_append_byte(&bytes, 1), 0);
	ck_assert_int_eq(lsm_set_note(db, buf_slice(&bytes)), -E2BIG);
	db_close(db);
	db = db_open_small(env);
	bytes.len = LSM_NOTE_MAX;
	ck_assert_int_eq(buf_append_byte(&found, 'x'), 0);
	ck_assert_int_eq(lsm_note(db, &found), 0);
	ck_assert_int_eq(found.ptr[0], 'x');
	ck_assert(slice_eq(slice_skip(buf_slice(&found), 1), buf_slice(&bytes)));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_checkpoint_has_it_a_salvage_does_not)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_small(env), *copy;
	struct lsm_salvage_report report;

	db_put(db, "k", "v");
	ck_assert_int_eq(set(db, "as it was"), 0);
	ck_assert_int_eq(lsm_checkpoint(db, COPY), 0);
	ck_assert_int_eq(set(db, "later"), 0);
	db_close(db);
	ck_assert_int_eq(lsm_open(COPY, &options, &copy), 0);
	ck_assert(says(copy, "as it was"));
	db_close(copy);
	ck_assert_int_eq(lsm_salvage(DB_DIR, "salvaged", &options, NULL, NULL, &report), 0);
	ck_assert_int_eq(lsm_open("salvaged", &options, &copy), 0);
	ck_assert(says(copy, ""));
	ck_assert(db_has(copy, "k", "v"));
	db_close(copy);
	env_free(env);
}
END_TEST

START_TEST(a_read_only_store_shows_it_and_takes_none)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(set(db, "seen"), 0);
	db_close(db);
	options.read_only = true;
	db = db_open_with(&options);
	ck_assert(says(db, "seen"));
	ck_assert_int_eq(set(db, "refused"), -EROFS);
	ck_assert(says(db, "seen"));
	db_close(db);
	env_free(env);
}
END_TEST

/* Whether a call failed: then the old or the new one is there, and the old one until it is opened
 * again. */
static bool run_failing(struct env *inner, struct env *faulty, uint64_t call)
{
	const struct env_fault_plan plan = {
		.at_call = call, .sticky = true, .writes_only = true, .error = -EIO};
	struct lsm_options options = db_small_options(faulty);
	struct lsm *db = db_open_with(&options);

	(void)db_await_spare_log(db);
	ck_assert_int_eq(set(db, "old"), 0);
	env_fault_set(faulty, &plan);
	int err = set(db, "new");
	bool struck = env_fault_struck(faulty);

	ck_assert(err == (struck ? -EIO : 0));
	ck_assert(says(db, err ? "old" : "new"));
	env_fault_set(faulty, NULL);
	ignore_result(lsm_close(db));
	db = db_open_small(inner);
	ck_assert(says(db, "new") || (err && says(db, "old")));
	db_close(db);
	return struck;
}

START_TEST(whichever_call_fails_the_old_or_the_new_one_is_there)
{
	ck_assert_uint_gt(db_fail_each_call(run_failing),
			  2); /* the manifest is written, and synced */
}
END_TEST

START_TEST(a_full_disk_takes_one_from_the_reserve)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.reserve_bytes = 64 << 10;
	struct lsm *db = db_open_with(&options);

	(void)db_await_spare_log(db);
	db_fill_disk(env);
	ck_assert_uint_gt(db_stats(db).reserve_bytes, 0);
	while (db_stats(db).reserve_bytes > 0) /* each is appended to the manifest */
		ck_assert_int_eq(set(db, "a full disk"), 0);
	ck_assert(says(db, "a full disk"));
	env_mem_set_capacity(env, DB_ENDLESS);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&it_is_replaced_as_a_whole_and_outlives_the_process,
	&it_is_bytes_is_appended_and_has_a_most,
	&a_checkpoint_has_it_a_salvage_does_not,
	&a_read_only_store_shows_it_and_takes_none,
	&whichever_call_fails_the_old_or_the_new_one_is_there,
	&a_full_disk_takes_one_from_the_reserve,
};

UNIT_SUITE("lsm/db/note", tests)
