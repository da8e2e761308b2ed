/*
 * Files whose values are patched instead of put anew.
 */
#include "tests/unit/fs/core/fs_fixture.h"

enum {
	LARGE = 200 * 1000,
};

struct file {
	struct fixture *f;
	uint64_t node;
	uint8_t bytes[FIXTURE_VALUE_MAX];
	size_t size;
};

static void write_at(struct file *file, size_t offset, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		file->bytes[offset + i] = (uint8_t)(first + i * 31 / 7);
	file->size = max_of(file->size, offset + len);
	ck_assert_int_eq(fs_write(file->f->fs, &file->f->me, file->node, offset,
				  slice_of(file->bytes + offset, len)),
			 0);
}

static void resize(struct file *file, size_t size)
{
	if (size < file->size)
		memset(file->bytes + size, 0, file->size - size);
	file->size = size;
	ck_assert_int_eq(truncate_node(file->f, &file->f->me, file->node, (off_t)size), 0);
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
	ck_assert_int_eq(fs_read(file->f->fs, file->node, file->size / 3, 5000, &read), 0);
	ck_assert(
		slice_eq(read.bytes, slice_of(file->bytes + file->size / 3,
					      min_of((size_t)5000, file->size - file->size / 3))));
	fs_read_done(&read);
}

static struct file *file_new(size_t size)
{
	struct file *file = calloc(1, sizeof(*file));

	ck_assert_ptr_nonnull(file);
	file->f = fixture_new();
	ck_assert_int_eq(create_as(file->f, &file->f->me, "a", 0666, false, &file->node), 0);
	if (size > 0)
		write_at(file, 0, size, 1);
	return file;
}

static void file_free(struct file *file)
{
	fixture_free(file->f);
	free(file);
}

/* What a change costs: bytes of the log and of blob files. */
static uint64_t bytes_written(struct fixture *f)
{
	struct lsm_stats stats;

	lsm_stats_read(f->db, &stats);
	return stats.log_written_bytes + stats.blob_written_bytes;
}

static uint64_t patches(struct fixture *f)
{
	struct lsm_stats stats;

	lsm_stats_read(f->db, &stats);
	return stats.patches;
}

START_TEST(a_small_change_of_a_large_file_writes_little)
{
	struct file *file = file_new(LARGE);
	uint64_t before = bytes_written(file->f);

	write_at(file, 100000, 10, 7);
	write_at(file, 0, 10, 8);
	write_at(file, file->size, 100, 9);
	ck_assert_uint_eq(patches(file->f), 3);
	ck_assert_uint_lt(bytes_written(file->f) - before, 1000);
	check(file);
	fixture_kill(file->f);
	file->node = node_at(file->f, "a");
	check(file);
	file_free(file);
}
END_TEST

START_TEST(a_log_grows_by_its_lines)
{
	struct file *file = file_new(0);
	uint64_t before = bytes_written(file->f);

	for (int i = 0; i < 1000; i++)
		write_at(file, file->size, 60, (uint8_t)i);
	/* Up to FS_SPLICE_MAX it is put anew each time. */
	ck_assert_uint_lt(bytes_written(file->f) - before, 400 * 1000);
	check(file);
	ck_assert_int_eq(lsm_flush(file->f->db), 0);
	check(file);
	file_free(file);
}
END_TEST

START_TEST(a_small_file_stays_one_plain_record)
{
	struct file *file = file_new(100);
	struct stat want = {.st_mode = 0600};
	struct stat st;

	write_at(file, 50, 200, 3);
	write_at(file, 2000, FS_SPLICE_MAX - 2000, 4);
	resize(file, 30);
	resize(file, FS_SPLICE_MAX);
	ck_assert_int_eq(fs_setattr(file->f->fs, &file->f->me, file->node, &want, FS_SET_MODE, &st),
			 0);
	ck_assert_uint_eq(patches(file->f), 0);
	check(file);
	/* One byte more is too long for that. */
	write_at(file, FS_SPLICE_MAX, 1, 5);
	ck_assert_uint_eq(patches(file->f), 1);
	check(file);
	file_free(file);
}
END_TEST

START_TEST(a_write_of_the_whole_is_a_put_however_long)
{
	struct file *file = file_new(LARGE);

	write_at(file, 0, LARGE, 20);
	write_at(file, 0, LARGE + 10, 30);
	ck_assert_uint_eq(patches(file->f), 0);
	check(file);
	file_free(file);
}
END_TEST

START_TEST(a_new_file_may_begin_with_a_hole)
{
	struct file *file = file_new(0);
	uint64_t before;

	write_at(file, 100, 10, 1); /* short: one put */
	ck_assert_uint_eq(fs_stats_of(file->f).held_merged, 1);
	check(file);
	/* The old value does not shine through a held truncation. */
	write_at(file, 0, LARGE, 2);
	resize(file, 0);
	ck_assert_uint_eq(fs_stats_of(file->f).held_now, 1);
	before = bytes_written(file->f);
	write_at(file, 150000, 10, 3);
	ck_assert_uint_eq(fs_stats_of(file->f).held_merged, 2);
	ck_assert_uint_lt(bytes_written(file->f) - before, 1000);
	check(file);
	fixture_kill(file->f);
	file->node = node_at(file->f, "a");
	check(file);
	file_free(file);
}
END_TEST

START_TEST(it_is_cut_and_grows_without_being_written)
{
	struct file *file = file_new(LARGE);
	uint64_t before = bytes_written(file->f);

	resize(file, 70000);
	check(file);
	resize(file, FIXTURE_VALUE_MAX);
	check(file);
	resize(file, 10); /* less than FS_SPLICE_MAX, but of a longer one */
	check(file);
	resize(file, LARGE);
	check(file);
	ck_assert_uint_lt(bytes_written(file->f) - before, 1000);
	ck_assert_int_eq(lsm_flush(file->f->db), 0);
	check(file);
	file_free(file);
}
END_TEST

START_TEST(attributes_change_without_the_value)
{
	struct file *file = file_new(LARGE);
	struct stat want = {.st_mode = 0600, .st_uid = 7, .st_mtim = {.tv_sec = 9}};
	unsigned set = FS_SET_MODE | FS_SET_UID | FS_SET_MTIME;
	uint64_t before = bytes_written(file->f);
	struct stat st;
	struct stat found;

	ck_assert_int_eq(fs_setattr(file->f->fs, &file->f->me, file->node, &want, set, &st), 0);
	ck_assert_uint_lt(bytes_written(file->f) - before, 500);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(st.st_uid, 7);
	ck_assert_int_eq(st.st_mtim.tv_sec, 9);
	check(file);
	ck_assert_int_eq(fs_getattr(file->f->fs, file->node, &found), 0);
	ck_assert_mem_eq(&found, &st, sizeof(st));
	/* And survive a change of the value, but for mtime. */
	write_at(file, 5000, 10, 4);
	found = stat_at(file->f, "a");
	ck_assert_uint_eq(found.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(found.st_uid, 7);
	ck_assert_int_gt(found.st_mtim.tv_sec, 9);
	file_free(file);
}
END_TEST

START_TEST(it_is_renamed_without_the_value)
{
	struct file *file = file_new(LARGE);
	uint64_t before;

	write_at(file, 77777, 1000, 5);
	before = bytes_written(file->f);
	ck_assert_int_eq(rename_at(file->f, "a", "b", 0), 0);
	ck_assert_uint_lt(bytes_written(file->f) - before, 10000);
	check(file);
	write_at(file, 77770, 100, 6);
	fixture_kill(file->f);
	ck_assert(!exists(file->f, "a"));
	file->node = node_at(file->f, "b");
	check(file);
	file_free(file);
}
END_TEST

START_TEST(it_is_read_on_when_it_is_unlinked)
{
	struct file *file = file_new(LARGE);

	ck_assert_int_eq(unlink_at(file->f, "a"), 0);
	ck_assert_int_eq(lsm_compact(file->f->db, slice_str("\1"), slice_of(NULL, 0)), 0);
	check(file);
	ck_assert_uint_eq(fs_stats_of(file->f).unlinked_bytes, 0);
	write_at(file, 100000, 10, 4);
	ck_assert_uint_lt(fs_stats_of(file->f).unlinked_bytes, 10000);
	check(file);
	resize(file, 150000);
	resize(file, LARGE);
	check(file);
	file_free(file);
}
END_TEST

/* Put records with such values until there is no room for one more. */
static void fill(struct fixture *f, const char *prefix, const char *value)
{
	char key[32];
	int err = 0;

	for (unsigned n = 0; !err; n++) {
		(void)snprintf(key, sizeof(key), "%s%u", prefix, n);
		err = lsm_put(f->db, slice_str(key), slice_str(value), NULL);
	}
	ck_assert_int_eq(err, -ENOSPC);
}

START_TEST(on_a_full_disk_it_can_be_cut)
{
	struct file *file = file_new(LARGE);
	char text[500] = "";

	memset(text, 'x', sizeof(text) - 1);
	env_mem_set_capacity(file->f->env, 4 << 20);
	fill(file->f, "a", text);
	fill(file->f, "b", "");
	resize(file, 100000);
	resize(file, 5000);
	check(file);
	ck_assert_int_eq(truncate_node(file->f, &file->f->me, file->node, LARGE), -ENOSPC);
	ck_assert_int_eq(write_node(file->f, file->node, 100, "x"), -ENOSPC);
	check(file);
	file_free(file);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_small_change_of_a_large_file_writes_little,
	&a_log_grows_by_its_lines,
	&a_small_file_stays_one_plain_record,
	&a_write_of_the_whole_is_a_put_however_long,
	&a_new_file_may_begin_with_a_hole,
	&it_is_cut_and_grows_without_being_written,
	&attributes_change_without_the_value,
	&it_is_renamed_without_the_value,
	&it_is_read_on_when_it_is_unlinked,
	&on_a_full_disk_it_can_be_cut,
};

UNIT_SUITE("fs/core/large", tests)
