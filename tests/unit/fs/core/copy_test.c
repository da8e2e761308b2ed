#include "tests/unit/fs/core/fs_fixture.h"

enum {
	LARGE = 100 * 1000,
};

static uint8_t pattern[LARGE];

static void make_pattern(void)
{
	for (size_t i = 0; i < LARGE; i++)
		pattern[i] = (uint8_t)(i * 7 / 3 % 251);
}

/* A file with the first `size` bytes of the pattern. */
static uint64_t new_file(struct fixture *f, const char *path, size_t size)
{
	uint64_t node;

	ck_assert_int_eq(create_as(f, &f->me, path, 0666, false, &node), 0);
	if (size > 0)
		ck_assert_int_eq(fs_write(f->fs, &f->me, node, 0, slice_of(pattern, size)), 0);
	return node;
}

static int copy(struct fixture *f, struct fs_copy what, uint64_t *ret_copied)
{
	return fs_copy_range(f->fs, &f->me, &what, ret_copied);
}

/* So many bytes are copied. */
static void expect_copied(struct fixture *f, struct fs_copy what, uint64_t want)
{
	uint64_t copied = UINT64_MAX;
	int err = copy(f, what, &copied);

	ck_assert_msg(!err, "copy: %d", err);
	ck_assert_uint_eq(copied, want);
}

static void expect_bytes(struct fixture *f, uint64_t node, const void *bytes, size_t len)
{
	struct fs_read_result read;
	struct stat st;

	ck_assert_int_eq(fs_read(f->fs, node, 0, len + 1, &read), 0);
	ck_assert_uint_eq(read.bytes.len, len);
	ck_assert(slice_eq(read.bytes, slice_of(bytes, len)));
	fs_read_done(&read);
	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)len);
}

START_TEST(a_whole_file_is_copied)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t b = new_file(f, "b", 10);
	uint64_t before = records_written(f);

	expect_copied(f, (struct fs_copy){.from = a, .to = b, .len = LARGE}, LARGE);
	ck_assert_uint_eq(records_written(f), before + 1);
	expect_bytes(f, b, pattern, LARGE);
	expect_bytes(f, a, pattern, LARGE);
	/* Each goes its own way from there. */
	ck_assert_int_eq(write_node(f, a, 50000, "changed"), 0);
	expect_bytes(f, b, pattern, LARGE);
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	fixture_kill(f);
	b = node_at(f, "b");
	expect_bytes(f, b, pattern, LARGE);
	fixture_free(f);
}
END_TEST

START_TEST(a_held_creation_becomes_the_copy)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t b = new_file(f, "b", 0);
	struct stat st;

	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	uint64_t before = records_written(f);

	expect_copied(f, (struct fs_copy){.from = a, .to = b, .len = LARGE + 1}, LARGE);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_uint_eq(records_written(f), before + 1);
	expect_bytes(f, b, pattern, LARGE);
	/* A held truncation as well, whatever the store still has. */
	ck_assert_int_eq(truncate_node(f, &f->me, b, 0), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	expect_copied(f,
		      (struct fs_copy){
			      .from = a, .from_offset = 5000, .to = b, .to_offset = 1, .len = 9000},
		      9000);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);

	uint8_t want[9001] = {0};

	memcpy(want + 1, pattern + 5000, 9000);
	expect_bytes(f, b, want, sizeof(want));
	ck_assert_int_eq(fs_getattr(f->fs, b, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0644);
	fixture_free(f);
}
END_TEST

START_TEST(a_part_goes_where_it_is_told)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t b = new_file(f, "b", LARGE / 2);
	uint8_t *want = calloc(1, 2 * LARGE);

	ck_assert_ptr_nonnull(want);
	memcpy(want, pattern, LARGE / 2);
	for (unsigned len = 1; len < 40000; len *= 7) {
		struct fs_copy what = {a, 1000 + len, b, 333 * len % 30011, len};

		expect_copied(f, what, len);
		memcpy(want + what.to_offset, pattern + what.from_offset, len);
		expect_bytes(f, b, want, LARGE / 2);
	}
	/* Over the end, and behind it. */
	expect_copied(f, (struct fs_copy){a, 0, b, LARGE / 2 - 3, 9}, 9);
	memcpy(want + LARGE / 2 - 3, pattern, 9);
	expect_bytes(f, b, want, LARGE / 2 + 6);
	expect_copied(f, (struct fs_copy){a, 70000, b, 80000, 30000}, 30000);
	memcpy(want + 80000, pattern + 70000, 30000);
	expect_bytes(f, b, want, 110000);
	free(want);
	fixture_free(f);
}
END_TEST

START_TEST(it_ends_where_the_source_ends)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", 100);
	uint64_t b = new_file(f, "b", 10);
	uint64_t empty = new_file(f, "empty", 0);
	uint64_t before;

	expect_copied(f, (struct fs_copy){a, 90, b, 0, UINT64_MAX}, 10);
	expect_bytes(f, b, pattern + 90, 10);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	before = records_written(f);
	expect_copied(f, (struct fs_copy){a, 100, b, 0, 1}, 0);
	expect_copied(f, (struct fs_copy){a, UINT64_MAX, b, 0, 1}, 0);
	expect_copied(f, (struct fs_copy){a, 0, b, 0, 0}, 0);
	expect_copied(f, (struct fs_copy){empty, 0, b, 0, 1}, 0);
	ck_assert_uint_eq(records_written(f), before);
	expect_bytes(f, b, pattern + 90, 10);
	fixture_free(f);
}
END_TEST

START_TEST(within_a_file_ranges_must_not_overlap)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t copied;
	uint8_t *want = malloc(LARGE + 10000);

	ck_assert_ptr_nonnull(want);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, a, 0, 1}, &copied), -EINVAL);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, a, 9999, 10000}, &copied), -EINVAL);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 9999, a, 0, 10000}, &copied), -EINVAL);
	expect_bytes(f, a, pattern, LARGE);
	memcpy(want, pattern, LARGE);
	expect_copied(f, (struct fs_copy){a, 0, a, 10000, 10000}, 10000);
	memcpy(want + 10000, pattern, 10000);
	expect_bytes(f, a, want, LARGE);
	/* What is behind the end does not count. */
	expect_copied(f, (struct fs_copy){a, LARGE - 10000, a, LARGE, 20000}, 10000);
	memcpy(want + LARGE, want + LARGE - 10000, 10000);
	expect_bytes(f, a, want, LARGE + 10000);
	free(want);
	fixture_free(f);
}
END_TEST

START_TEST(unlinked_files_are_copied_in_pieces)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t b = new_file(f, "b", LARGE);
	uint64_t c = new_file(f, "c", 0);

	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert_int_eq(unlink_at(f, "b"), 0);
	expect_copied(f, (struct fs_copy){a, 0, c, 0, LARGE}, LARGE);
	expect_bytes(f, c, pattern, LARGE);
	expect_copied(f, (struct fs_copy){c, 0, b, 20000, 50000}, 50000);
	expect_copied(f, (struct fs_copy){a, 20000, b, 20000, 50000}, 50000);
	expect_bytes(f, b, pattern, LARGE);
	ck_assert(!exists(f, "a"));
	ck_assert(!exists(f, "b"));
	fixture_free(f);
}
END_TEST

START_TEST(a_copy_changes_the_target_as_a_write_does)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t b = new_file(f, "b", LARGE);
	struct stat want = {.st_mode = 04755, .st_mtim = {.tv_sec = 9}};
	struct stat st;

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, b, &want, FS_SET_MODE | FS_SET_MTIME, &st), 0);
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, a, &want, FS_SET_MTIME, &st), 0);
	expect_copied(f, (struct fs_copy){a, 0, b, 0, LARGE}, LARGE);
	ck_assert_int_eq(fs_getattr(f->fs, b, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0755);
	ck_assert_int_gt(st.st_mtim.tv_sec, 9);
	ck_assert_int_eq(fs_getattr(f->fs, a, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 9);
	fixture_free(f);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct fixture *f = fixture_new();
	uint64_t a = new_file(f, "a", LARGE);
	uint64_t b = new_file(f, "b", 10);
	uint64_t copied;

	ck_assert_int_eq(copy(f, (struct fs_copy){FS_ROOT, 0, b, 0, 1}, &copied), -EISDIR);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, FS_ROOT, 0, 1}, &copied), -EISDIR);
	ck_assert_int_eq(copy(f, (struct fs_copy){999, 0, b, 0, 1}, &copied), -ESTALE);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, 999, 0, 1}, &copied), -ESTALE);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, b, FIXTURE_VALUE_MAX - 9, 10}, &copied),
			 -EFBIG);
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, b, UINT64_MAX, 10}, &copied), -EFBIG);
	expect_bytes(f, b, pattern, 10);
	fs_forget(f->fs, a, 1);
	fs_forget(f->fs, b, 1);
	fixture_set_read_only(f, true);
	a = node_at(f, "a");
	b = node_at(f, "b");
	ck_assert_int_eq(copy(f, (struct fs_copy){a, 0, b, 0, 1}, &copied), -EROFS);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_whole_file_is_copied,
	&a_held_creation_becomes_the_copy,
	&a_part_goes_where_it_is_told,
	&it_ends_where_the_source_ends,
	&within_a_file_ranges_must_not_overlap,
	&unlinked_files_are_copied_in_pieces,
	&a_copy_changes_the_target_as_a_write_does,
	&what_cannot_be_is_refused,
};

UNIT_ROUNDS("fs/core/copy", tests, make_pattern, NULL, 0, 1)
