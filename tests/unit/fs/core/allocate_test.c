/*
 * fs_allocate, against an array of bytes.
 */
#include <linux/falloc.h>

#include "tests/unit/fs/core/fs_fixture.h"

enum {
	LARGE = 200 * 1000,
	KEEP = FALLOC_FL_KEEP_SIZE,
	ZERO = FALLOC_FL_ZERO_RANGE,
	PUNCH = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
};

struct file {
	struct fixture *f;
	uint64_t node;
	uint8_t bytes[FIXTURE_VALUE_MAX];
	size_t size;
};

static void write_at(struct file *file, size_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		file->bytes[offset + i] = (uint8_t)(1 + i % 251);
	file->size = max_of(file->size, offset + len);
	ck_assert_int_eq(fs_write(file->f->fs, &file->f->me, file->node, offset,
				  slice_of(file->bytes + offset, len)),
			 0);
}

static struct file *file_new(size_t size)
{
	struct file *file = calloc(1, sizeof(*file));

	ck_assert_ptr_nonnull(file);
	file->f = fixture_new();
	ck_assert_int_eq(create_as(file->f, &file->f->me, "a", 0666, false, &file->node), 0);
	if (size > 0)
		write_at(file, 0, size);
	return file;
}

static void file_free(struct file *file)
{
	fixture_free(file->f);
	free(file);
}

static int try_allocate(struct file *file, unsigned mode, uint64_t offset, uint64_t len)
{
	return fs_allocate(file->f->fs, &file->f->me, file->node, mode, offset, len);
}

/* On both. */
static void allocate(struct file *file, unsigned mode, size_t offset, size_t len)
{
	size_t end = offset + len;

	ck_assert_int_eq(try_allocate(file, mode, offset, len), 0);
	if ((mode & ~(unsigned)KEEP) && offset < file->size)
		memset(file->bytes + offset, 0, min_of(end, file->size) - offset);
	if (!(mode & KEEP))
		file->size = max_of(file->size, end);
}

static void check(const struct file *file)
{
	struct fs_read_result read;
	struct stat st;

	ck_assert_int_eq(fs_getattr(file->f->fs, file->node, &st), 0);
	ck_assert_uint_eq(st.st_size, file->size);
	ck_assert_int_eq(fs_read(file->f->fs, file->node, 0, FIXTURE_VALUE_MAX, &read), 0);
	ck_assert(slice_eq(read.bytes, slice_of(file->bytes, file->size)));
	fs_read_done(&read);
}

static uint64_t bytes_written(struct fixture *f)
{
	struct lsm_stats stats;

	lsm_stats_read(f->db, &stats);
	return stats.log_written_bytes + stats.blob_written_bytes;
}

START_TEST(each_mode_on_files_of_each_size)
{
	static const size_t sizes[] = {0, 1, 100, FS_SPLICE_MAX, FS_SPLICE_MAX + 1, LARGE};
	static const unsigned modes[] = {0, KEEP, PUNCH, ZERO, ZERO | KEEP};
	static const size_t places[][2] = {
		{0, 1},     {50, 10},        {99, 5},    {4000, 200},     {10, 80},
		{0, LARGE}, {LARGE - 1, 10}, {LARGE, 7}, {LARGE + 99, 5}, {300, 3000},
	};

	for (size_t m = 0; m < array_size(modes); m++) {
		for (size_t s = 0; s < array_size(sizes); s++) {
			struct file *file = file_new(sizes[s]);

			for (size_t p = 0; p < array_size(places); p++) {
				allocate(file, modes[m], places[p][0], places[p][1]);
				check(file);
			}
			ck_assert_int_eq(lsm_flush(file->f->db), 0);
			check(file);
			if (sizes[s] > 0) {
				fixture_kill(file->f);
				file->node = node_at(file->f, "a");
				check(file);
			}
			file_free(file);
		}
	}
}
END_TEST

START_TEST(what_changes_nothing_writes_nothing)
{
	struct file *file = file_new(LARGE);
	struct stat before = stat_at(file->f, "a");
	uint64_t records = records_written(file->f);

	allocate(file, 0, 10, LARGE - 10);
	allocate(file, KEEP, LARGE, 1000);
	allocate(file, PUNCH, LARGE, 1000);
	allocate(file, ZERO | KEEP, LARGE + 5, 1000);
	ck_assert_uint_eq(records_written(file->f), records);
	struct stat after = stat_at(file->f, "a");

	ck_assert_mem_eq(&after, &before, sizeof(before));
	file_free(file);
}
END_TEST

START_TEST(zeros_are_not_written)
{
	struct file *file = file_new(LARGE);
	uint64_t before = bytes_written(file->f);

	allocate(file, PUNCH, 1000, 150000);
	allocate(file, ZERO, LARGE - 100, 500000);
	allocate(file, 0, 0, FIXTURE_VALUE_MAX);
	ck_assert_uint_lt(bytes_written(file->f) - before, 1000);
	check(file);
	/* and what is written into them is seen */
	write_at(file, 2000, 10);
	write_at(file, LARGE + 2000, 10);
	check(file);
	file_free(file);
}
END_TEST

START_TEST(a_change_moves_mtime_and_ends_set_ids)
{
	struct file *file = file_new(100);
	struct stat want = {.st_mode = 04755, .st_mtim = {.tv_sec = 9}};
	struct stat st;

	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(fs_setattr(file->f->fs, &file->f->me, file->node, &want,
					    FS_SET_MODE | FS_SET_MTIME, &st),
				 0);
		allocate(file, round ? PUNCH : 0, 50, 1000);
		st = stat_at(file->f, "a");
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0755);
		ck_assert_int_gt(st.st_mtim.tv_sec, 9);
		ck_assert_int_eq(st.st_mtim.tv_nsec, st.st_ctim.tv_nsec);
	}
	file_free(file);
}
END_TEST

START_TEST(a_held_file_becomes_one_change_with_it)
{
	struct file *file = file_new(LARGE);
	uint64_t records;

	/* what the truncation hides does not come back */
	ck_assert_int_eq(truncate_node(file->f, &file->f->me, file->node, 0), 0);
	memset(file->bytes, 0, LARGE);
	file->size = 0;
	ck_assert_uint_eq(fs_stats_of(file->f).held_now, 1);
	allocate(file, KEEP, 0, 100);
	allocate(file, PUNCH, 0, 100);
	ck_assert_uint_eq(fs_stats_of(file->f).held_now, 1);
	records = records_written(file->f);
	allocate(file, 0, 0, 100);
	ck_assert_uint_eq(fs_stats_of(file->f).held_now, 0);
	ck_assert_uint_eq(records_written(file->f), records + 1);
	check(file);
	ck_assert_int_eq(truncate_node(file->f, &file->f->me, file->node, 0), 0);
	allocate(file, ZERO, 100, LARGE);
	ck_assert_uint_eq(fs_stats_of(file->f).held_now, 0);
	check(file);
	fixture_kill(file->f);
	file->node = node_at(file->f, "a");
	check(file);
	file_free(file);
}
END_TEST

START_TEST(an_unlinked_file_too)
{
	struct file *file = file_new(LARGE);

	write_at(file, LARGE, 50000);
	ck_assert_int_eq(unlink_at(file->f, "a"), 0);
	allocate(file, PUNCH, 1000, 3000);
	check(file);
	ck_assert_uint_le(fs_stats_of(file->f).unlinked_bytes, 8192);
	allocate(file, PUNCH, 100000, 150000);
	check(file);
	ck_assert_uint_le(fs_stats_of(file->f).unlinked_bytes, 8192);
	write_at(file, 300000, 100000);
	allocate(file, ZERO, 290000, 200000);
	check(file);
	ck_assert_uint_le(fs_stats_of(file->f).unlinked_bytes, 8192);
	allocate(file, 0, 0, 600000);
	allocate(file, KEEP, 0, 700000);
	check(file);
	ck_assert_int_eq(try_allocate(file, 0, FIXTURE_VALUE_MAX, 1), -EFBIG);
	file_free(file);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct file *file = file_new(10);
	struct fixture *f = file->f;
	uint64_t node = 0;

	ck_assert_int_eq(try_allocate(file, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(try_allocate(file, 0, UINT64_MAX, 2), -EINVAL);
	ck_assert_int_eq(try_allocate(file, FALLOC_FL_PUNCH_HOLE, 0, 1), -EOPNOTSUPP);
	ck_assert_int_eq(try_allocate(file, PUNCH | ZERO, 0, 1), -EOPNOTSUPP);
	ck_assert_int_eq(try_allocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, 1), -EOPNOTSUPP);
	ck_assert_int_eq(try_allocate(file, FALLOC_FL_INSERT_RANGE, 0, 1), -EOPNOTSUPP);
	ck_assert_int_eq(try_allocate(file, FALLOC_FL_UNSHARE_RANGE, 0, 1), -EOPNOTSUPP);
	ck_assert_int_eq(try_allocate(file, 0, FIXTURE_VALUE_MAX, 1), -EFBIG);
	ck_assert_int_eq(try_allocate(file, KEEP, 1, FIXTURE_VALUE_MAX), -EFBIG);
	ck_assert_int_eq(fs_allocate(f->fs, &f->me, FS_ROOT, 0, 0, 1), -EISDIR);
	ck_assert_int_eq(create_as(f, &f->me, "p", S_IFIFO | 0600, true, &node), 0);
	ck_assert_int_eq(fs_allocate(f->fs, &f->me, node, 0, 0, 1), -ENODEV);
	ck_assert_int_eq(fs_allocate(f->fs, &f->me, 12345678, 0, 0, 1), -ESTALE);
	check(file);
	fixture_set_read_only(f, true);
	file->node = node_at(f, "a");
	ck_assert_int_eq(try_allocate(file, 0, 0, 100), -EROFS);
	check(file);
	file_free(file);
}
END_TEST

START_TEST(on_a_full_disk_a_hole_can_be_punched)
{
	struct file *file = file_new(LARGE);
	char key[32];
	int err = 0;

	env_mem_set_capacity(file->f->env, 4 << 20);
	for (size_t len = 500; len > 0; len /= 500) {
		char text[501] = "";

		memset(text, 'x', len);
		for (unsigned n = 0; !err; n++) {
			(void)snprintf(key, sizeof(key), "%zu.%u", len, n);
			err = lsm_put(file->f->db, slice_str(key), slice_str(text), NULL);
		}
		ck_assert_int_eq(err, -ENOSPC);
		err = 0;
	}
	allocate(file, PUNCH, 1000, 100000);
	check(file);
	ck_assert_int_eq(try_allocate(file, 0, 0, LARGE + 1), -ENOSPC);
	check(file);
	file_free(file);
}
END_TEST

static const TTest *const *const tests[] = {
	&each_mode_on_files_of_each_size,
	&what_changes_nothing_writes_nothing,
	&zeros_are_not_written,
	&a_change_moves_mtime_and_ends_set_ids,
	&a_held_file_becomes_one_change_with_it,
	&an_unlinked_file_too,
	&what_cannot_be_is_refused,
	&on_a_full_disk_a_hole_can_be_punched,
};

UNIT_SUITE("fs/core/allocate", tests)
