/*
 * lsm_seek: the holes of values, in memory, in tables, in snapshots.
 */
#include "tests/unit/lsm/db/large_fixture.h"

enum {
	END = 1 << 19,
	FIRST = 65536,   /* where the first data is, */
	SECOND = 262144, /* and the second */
	LEN = 20000,     /* of each */
};

static uint64_t seek_at(struct lsm *db, const char *key, uint64_t offset, enum lsm_stretch wanted,
			const struct lsm_read_options *options)
{
	uint64_t found = UINT64_MAX;
	int err = lsm_seek(db, slice_str(key), options, offset, wanted, &found);

	if (err)
		ck_abort_msg("seek %s from %llu: %d %s", key, (unsigned long long)offset, err,
			     lsm_error_text());
	return found;
}

static void expect_end(struct lsm *db, const char *key, uint64_t offset, enum lsm_stretch wanted)
{
	uint64_t untouched = 7;

	ck_assert_int_eq(lsm_seek(db, slice_str(key), NULL, offset, wanted, &untouched), -ENXIO);
	ck_assert_uint_eq(untouched, 7);
}

/* Two stretches of data and three holes. */
static void expect_two(struct lsm *db, const char *key, const struct lsm_read_options *options)
{
	static const struct {
		uint64_t offset, data, hole;
	} wanted[] = {
		{0, FIRST, 0},
		{1000, FIRST, 1000},
		{FIRST, FIRST, FIRST + LEN},
		{FIRST + LEN - 1, FIRST + LEN - 1, FIRST + LEN},
		{FIRST + LEN, SECOND, FIRST + LEN},
		{SECOND - 1, SECOND, SECOND - 1},
		{SECOND + 9, SECOND + 9, SECOND + LEN},
	};

	for (size_t i = 0; i < array_size(wanted); i++) {
		ck_assert_uint_eq(seek_at(db, key, wanted[i].offset, LSM_DATA, options),
				  wanted[i].data);
		ck_assert_uint_eq(seek_at(db, key, wanted[i].offset, LSM_HOLE, options),
				  wanted[i].hole);
	}
	ck_assert_uint_eq(seek_at(db, key, SECOND + LEN, LSM_HOLE, options), SECOND + LEN);
	ck_assert_uint_eq(seek_at(db, key, END - 1, LSM_HOLE, options), END - 1);
}

START_TEST(holes_are_found_wherever_the_value_is)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(LEN, 1);
	struct lsm_snapshot *snapshot;

	patch(db, "k", END, FIRST, slice_of(bytes, LEN));
	patch(db, "k", END, SECOND, slice_of(bytes, LEN));
	expect_two(db, "k", NULL);
	expect_end(db, "k", SECOND + LEN, LSM_DATA);
	expect_end(db, "k", END, LSM_DATA);
	expect_end(db, "k", END, LSM_HOLE);
	ck_assert_int_eq(lsm_snapshot_new(db, &snapshot), 0);
	const struct lsm_read_options then = {.snapshot = snapshot};

	/* the first is written over, one half of it is cut off again */
	patch(db, "k", END, 0, slice_of(bytes, LEN));
	patch(db, "k", LEN / 2, 0, slice_of(NULL, 0));
	patch(db, "k", END, 0, slice_of(NULL, 0));
	ck_assert_uint_eq(seek_at(db, "k", 0, LSM_HOLE, NULL), LEN / 2);
	expect_end(db, "k", LEN / 2, LSM_DATA);
	expect_two(db, "k", &then);
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_two(db, "k", &then);
	ck_assert_uint_eq(seek_at(db, "k", 0, LSM_HOLE, NULL), LEN / 2);
	expect_end(db, "k", LEN / 2, LSM_DATA);
	lsm_snapshot_release(db, snapshot);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(seek_at(db, "k", 0, LSM_HOLE, NULL), LEN / 2);
	expect_end(db, "k", LEN / 2, LSM_DATA);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

START_TEST(a_flush_and_a_compaction_keep_holes)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(LEN, 2);

	patch(db, "k", END, FIRST, slice_of(bytes, LEN));
	ck_assert_int_eq(lsm_flush(db), 0);
	patch(db, "k", END, SECOND, slice_of(bytes, LEN));
	expect_two(db, "k", NULL); /* a patch over a table's value */
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_two(db, "k", NULL);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	expect_two(db, "k", NULL);
	db_close(db);
	db = open_large(env);
	expect_two(db, "k", NULL);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

START_TEST(zeros_of_a_patch_are_a_hole)
{
	const struct lsm_patch punch = {.size = END, .offset = FIRST, .zeros = LEN};
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(END, 3);

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, END), NULL), 0);
	ck_assert_uint_eq(seek_at(db, "k", 0, LSM_HOLE, NULL), END);
	ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &punch, NULL), 0);
	for (int round = 0; round < 2; round++) {
		ck_assert_uint_eq(seek_at(db, "k", 5, LSM_DATA, NULL), 5);
		ck_assert_uint_eq(seek_at(db, "k", 5, LSM_HOLE, NULL), FIRST);
		ck_assert_uint_eq(seek_at(db, "k", FIRST, LSM_DATA, NULL), FIRST + LEN);
		ck_assert_uint_eq(seek_at(db, "k", FIRST + LEN, LSM_HOLE, NULL), END);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

START_TEST(a_small_value_is_data)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint64_t untouched = 7;

	db_put(db, "k", "value");
	db_put(db, "empty", "");
	for (int round = 0; round < 2; round++) {
		ck_assert_uint_eq(seek_at(db, "k", 2, LSM_DATA, NULL), 2);
		ck_assert_uint_eq(seek_at(db, "k", 2, LSM_HOLE, NULL), 5);
		expect_end(db, "k", 5, LSM_DATA);
		expect_end(db, "k", 5, LSM_HOLE);
		expect_end(db, "k", UINT64_MAX, LSM_HOLE);
		expect_end(db, "empty", 0, LSM_DATA);
		expect_end(db, "empty", 0, LSM_HOLE);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_int_eq(lsm_seek(db, slice_str("x"), NULL, 0, LSM_DATA, &untouched), -ENOENT);
	db_delete(db, "k");
	ck_assert_int_eq(lsm_seek(db, slice_str("k"), NULL, 0, LSM_DATA, &untouched), -ENOENT);
	ck_assert_uint_eq(untouched, 7);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(nothing_is_read_of_a_large_value)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 4);

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, BIG), NULL), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	uint64_t before = db_stats(db).blob_read_bytes;

	ck_assert_uint_eq(seek_at(db, "k", 0, LSM_HOLE, NULL), BIG);
	ck_assert_uint_eq(db_stats(db).blob_read_bytes, before);
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

static const TTest *const *const tests[] = {
	&holes_are_found_wherever_the_value_is, &a_flush_and_a_compaction_keep_holes,
	&zeros_of_a_patch_are_a_hole,           &a_small_value_is_data,
	&nothing_is_read_of_a_large_value,
};

UNIT_SUITE("lsm/db/seek", tests)
