/*
 * fs_seek: holes of files.
 */
#include <linux/falloc.h>

#include "tests/unit/fs/core/fs_fixture.h"

enum {
	SIZE = 500 * 1000,
	FIRST = 100 * 1000,
	SECOND = 300 * 1000,
	LEN = 20 * 1000,
};

static uint64_t seek_from(struct fixture *f, uint64_t node, uint64_t offset, int whence)
{
	uint64_t found = UINT64_MAX;

	ck_assert_int_eq(fs_seek(f->fs, node, offset, whence, &found), 0);
	return found;
}

static void expect_end(struct fixture *f, uint64_t node, uint64_t offset, int whence)
{
	uint64_t untouched = 7;

	ck_assert_int_eq(fs_seek(f->fs, node, offset, whence, &untouched), -ENXIO);
	ck_assert_uint_eq(untouched, 7);
}

static void write_noise(struct fixture *f, uint64_t node, uint64_t offset)
{
	uint8_t *bytes = malloc(LEN);
	struct rng rng;

	rng_seed(&rng, offset);
	rng_fill(&rng, bytes, LEN);
	ck_assert_int_eq(fs_write(f->fs, &f->me, node, offset, slice_of(bytes, LEN)), 0);
	free(bytes);
}

static uint64_t file_with_two(struct fixture *f, const char *path)
{
	uint64_t node = 0;

	ck_assert_int_eq(create_as(f, &f->me, path, 0666, false, &node), 0);
	write_noise(f, node, FIRST);
	write_noise(f, node, SECOND);
	ck_assert_int_eq(truncate_node(f, &f->me, node, SIZE), 0);
	return node;
}

static void expect_two(struct fixture *f, uint64_t node)
{
	ck_assert_uint_eq(seek_from(f, node, 0, SEEK_HOLE), 0);
	ck_assert_uint_eq(seek_from(f, node, 0, SEEK_DATA), FIRST);
	ck_assert_uint_eq(seek_from(f, node, FIRST, SEEK_HOLE), FIRST + LEN);
	ck_assert_uint_eq(seek_from(f, node, FIRST + LEN, SEEK_DATA), SECOND);
	ck_assert_uint_eq(seek_from(f, node, SECOND + 5, SEEK_DATA), SECOND + 5);
	ck_assert_uint_eq(seek_from(f, node, SECOND + 5, SEEK_HOLE), SECOND + LEN);
	expect_end(f, node, SECOND + LEN, SEEK_DATA);
	ck_assert_uint_eq(seek_from(f, node, SIZE - 1, SEEK_HOLE), SIZE - 1);
	expect_end(f, node, SIZE, SEEK_HOLE);
	expect_end(f, node, SIZE, SEEK_DATA);
}

START_TEST(what_was_never_written_is_a_hole)
{
	struct fixture *f = fixture_new();
	uint64_t node = file_with_two(f, "a");

	expect_two(f, node);
	ck_assert_int_eq(lsm_flush(f->db), 0);
	expect_two(f, node);
	ck_assert_int_eq(rename_at(f, "a", "b", 0), 0);
	expect_two(f, node);
	fixture_restart(f);
	expect_two(f, node_at(f, "b"));
	fixture_free(f);
}
END_TEST

START_TEST(what_was_punched_is_a_hole)
{
	struct fixture *f = fixture_new();
	uint64_t node = file_with_two(f, "a");

	write_noise(f, node, 200 * 1000);
	ck_assert_uint_eq(seek_from(f, node, FIRST + LEN, SEEK_DATA), 200 * 1000);
	ck_assert_int_eq(fs_allocate(f->fs, &f->me, node,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 200 * 1000, LEN),
			 0);
	expect_two(f, node);
	ck_assert_int_eq(lsm_flush(f->db), 0);
	expect_two(f, node);
	fixture_free(f);
}
END_TEST

START_TEST(small_and_held_files_have_no_holes)
{
	struct fixture *f = fixture_new();
	uint64_t node = 0;

	ck_assert_int_eq(create_as(f, &f->me, "a", 0666, false, &node), 0);
	expect_end(f, node, 0, SEEK_DATA);
	expect_end(f, node, 0, SEEK_HOLE);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	ck_assert_int_eq(write_node(f, node, 1000, "x"), 0);
	ck_assert_uint_eq(seek_from(f, node, 10, SEEK_DATA), 10);
	ck_assert_uint_eq(seek_from(f, node, 10, SEEK_HOLE), 1001);
	expect_end(f, node, 1001, SEEK_HOLE);
	fixture_free(f);
}
END_TEST

START_TEST(unlinked_files_have_them)
{
	struct fixture *f = fixture_new();
	uint64_t node = file_with_two(f, "a");

	ck_assert_int_eq(unlink_at(f, "a"), 0);
	expect_two(f, node);
	/* pages are data, here the last but one before the first data and one of its own */
	ck_assert_int_eq(write_node(f, node, FIRST - 1, "x"), 0);
	ck_assert_int_eq(write_node(f, node, 50000, "x"), 0);
	ck_assert_uint_eq(seek_from(f, node, 0, SEEK_DATA), 50000 / 4096 * 4096);
	ck_assert_uint_eq(seek_from(f, node, 50000, SEEK_HOLE), (50000 / 4096 + 1) * 4096);
	ck_assert_uint_eq(seek_from(f, node, 90000, SEEK_DATA), FIRST / 4096 * 4096);
	ck_assert_uint_eq(seek_from(f, node, FIRST - 1, SEEK_HOLE), FIRST + LEN);
	ck_assert_int_eq(truncate_node(f, &f->me, node, FIRST + 10), 0);
	ck_assert_uint_eq(seek_from(f, node, FIRST - 1, SEEK_HOLE), FIRST + 10);
	expect_end(f, node, FIRST + 10, SEEK_HOLE);
	fixture_free(f);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct fixture *f = fixture_new();
	uint64_t node = file_with_two(f, "a");
	uint64_t untouched = 7;

	ck_assert_int_eq(fs_seek(f->fs, node, 0, SEEK_END, &untouched), -EINVAL);
	ck_assert_int_eq(fs_seek(f->fs, FS_ROOT, 0, SEEK_DATA, &untouched), -EISDIR);
	ck_assert_int_eq(fs_seek(f->fs, 12345678, 0, SEEK_DATA, &untouched), -ESTALE);
	ck_assert_uint_eq(untouched, 7);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&what_was_never_written_is_a_hole,   &what_was_punched_is_a_hole,
	&small_and_held_files_have_no_holes, &unlinked_files_have_them,
	&what_cannot_be_is_refused,
};

UNIT_SUITE("fs/core/seek", tests)
