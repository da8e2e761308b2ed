#include "tests/unit/lsm/db/db_fixture.h"

enum {
	BORDER = 256 << 10, /* where a piece ends, and others begin */
	LONG = 2 * BORDER + 1000,
};

static struct lsm *filled(struct env *env, const uint8_t *value, size_t len)
{
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(lsm_put(db, slice_str("key"), slice_of(value, len), NULL), 0);
	return db;
}

static bool contains(struct lsm *db, struct slice text)
{
	struct lsm_iter *it;
	bool found = false;

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	ck_assert(lsm_iter_valid(it));
	ck_assert_int_eq(lsm_iter_value_contains(it, text, &found), 0);
	lsm_iter_free(it);
	return found;
}

START_TEST(a_text_is_found_wherever_it_stands)
{
	static const size_t places[] = {0,          1,        BORDER - 6, BORDER - 3,
					BORDER - 1, BORDER,   BORDER + 1, 2 * BORDER - 8,
					2 * BORDER, LONG - 7, LONG - 6};
	uint8_t *value = malloc(LONG);

	ck_assert_ptr_nonnull(value);
	for (size_t i = 0; i < array_size(places); i++) {
		struct env *env = env_mem_new();

		memset(value, '.', LONG);
		memcpy(value + places[i], "needle", 6);
		struct lsm *db = filled(env, value, LONG);

		ck_assert_msg(contains(db, slice_str("needle")), "at %zu", places[i]);
		ck_assert(!contains(db, slice_str("needles")));
		db_close(db);
		env_free(env);
	}
	free(value);
}
END_TEST

START_TEST(short_values_and_odd_texts)
{
	static uint8_t too_long[LSM_KEY_MAX + 1];
	struct env *env = env_mem_new();
	struct lsm *db = filled(env, (const uint8_t *)"a\0b", 3);
	struct lsm_iter *it;
	bool found;

	ck_assert(contains(db, slice_of("\0b", 2)));
	ck_assert(contains(db, slice_of(NULL, 0)));
	ck_assert(contains(db, slice_of("a\0b", 3)));
	ck_assert(!contains(db, slice_str("a\\0b")));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	ck_assert_int_eq(lsm_iter_value_contains(it, slice_of(too_long, sizeof(too_long)), &found),
			 -EINVAL);
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_text_is_found_wherever_it_stands,
	&short_values_and_odd_texts,
};

UNIT_SUITE("lsm/db/iter_search", tests)
