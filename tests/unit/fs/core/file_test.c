#include "tests/unit/fs/core/fs_fixture.h"

static uint64_t new_file(struct fixture *f, const char *path, const char *text)
{
	echo(f, path, text);
	return node_at(f, path);
}

static struct stat attr_of(struct fixture *f, uint64_t node)
{
	struct stat st;

	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	return st;
}

START_TEST(what_was_written_is_read)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "hello");
	expect_text(f, "a", "hello");
	ck_assert(kv_has(f, "a"));
	ck_assert_uint_eq(kv_meta_len(f, "a"), 0);
	fixture_restart(f);
	expect_text(f, "a", "hello");
	fixture_free(f);
}
END_TEST

START_TEST(reads_end_with_the_file)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "hello");
	struct fs_read_result read;

	ck_assert_int_eq(fs_read(f->fs, node, 1, 2, &read), 0);
	ck_assert(slice_eq(read.bytes, slice_str("el")));
	fs_read_done(&read);
	ck_assert_int_eq(fs_read(f->fs, node, 3, 100, &read), 0);
	ck_assert(slice_eq(read.bytes, slice_str("lo")));
	fs_read_done(&read);
	ck_assert_int_eq(fs_read(f->fs, node, 5, 100, &read), 0);
	ck_assert_uint_eq(read.bytes.len, 0);
	fs_read_done(&read);
	ck_assert_int_eq(fs_read(f->fs, node, UINT64_MAX, 100, &read), 0);
	ck_assert_uint_eq(read.bytes.len, 0);
	fs_read_done(&read);
	fixture_free(f);
}
END_TEST

START_TEST(writes_go_where_they_are_told)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "abcdef");

	ck_assert_int_eq(write_node(f, node, 2, "XY"), 0);
	expect_node_text(f, node, "abXYef");
	ck_assert_int_eq(write_node(f, node, 0, "12"), 0);
	expect_node_text(f, node, "12XYef");
	ck_assert_int_eq(write_node(f, node, 6, "gh"), 0);
	expect_node_text(f, node, "12XYefgh");
	ck_assert_int_eq(write_node(f, node, 0, "0123456789"), 0);
	expect_node_text(f, node, "0123456789");
	ck_assert_int_eq(write_node(f, node, 3, ""), 0);
	expect_node_text(f, node, "0123456789");
	fixture_free(f);
}
END_TEST

START_TEST(a_gap_reads_as_zeros)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "ab");
	struct fs_read_result read;

	ck_assert_int_eq(write_node(f, node, 4, "X"), 0);
	ck_assert_int_eq(fs_read(f->fs, node, 0, 100, &read), 0);
	ck_assert(slice_eq(read.bytes, slice_of("ab\0\0X", 5)));
	fs_read_done(&read);
	fixture_free(f);
}
END_TEST

START_TEST(every_write_is_one_put)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "ab");
	uint64_t before = records_written(f);

	ck_assert_int_eq(write_node(f, node, 0, "cd"), 0);
	ck_assert_uint_eq(records_written(f), before + 1);
	ck_assert_int_eq(write_node(f, node, 1, "cd"), 0);
	ck_assert_uint_eq(records_written(f), before + 2);
	fixture_free(f);
}
END_TEST

START_TEST(a_write_that_covers_the_value_does_not_read_it)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "abc");
	struct lsm_stats before;
	struct lsm_stats after;

	lsm_stats_read(f->db, &before);
	ck_assert_int_eq(write_node(f, node, 0, "xyz"), 0);
	ck_assert_int_eq(write_node(f, node, 0, "longer"), 0);
	lsm_stats_read(f->db, &after);
	ck_assert_uint_eq(after.gets, before.gets);
	ck_assert_int_eq(write_node(f, node, 0, "s"), 0);
	lsm_stats_read(f->db, &after);
	ck_assert_uint_eq(after.gets, before.gets + 1);
	expect_node_text(f, node, "songer");
	fixture_free(f);
}
END_TEST

START_TEST(too_large_is_refused_before_anything_changes)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "abc");

	ck_assert_int_eq(write_node(f, node, FIXTURE_VALUE_MAX, "x"), -EFBIG);
	ck_assert_int_eq(write_node(f, node, UINT64_MAX, "x"), -EFBIG);
	ck_assert_int_eq(write_node(f, node, UINT64_MAX - 1, "xyz"), -EFBIG);
	ck_assert_int_eq(truncate_node(f, &f->me, node, FIXTURE_VALUE_MAX + 1), -EFBIG);
	ck_assert_int_eq(truncate_node(f, &f->me, node, -1), -EINVAL);
	expect_node_text(f, node, "abc");
	ck_assert_int_eq(write_node(f, node, FIXTURE_VALUE_MAX - 1, "x"), 0);
	ck_assert_int_eq(attr_of(f, node).st_size, FIXTURE_VALUE_MAX);
	fixture_free(f);
}
END_TEST

START_TEST(size_and_times_follow_a_write)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "abc");
	struct stat want = {.st_mtim = {.tv_sec = 77}};
	struct stat st;

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MTIME, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 77);
	ck_assert_int_eq(attr_of(f, node).st_mtim.tv_sec, 77);
	ck_assert_int_eq(write_node(f, node, 3, "def"), 0);
	st = attr_of(f, node);
	ck_assert_int_eq(st.st_size, 6);
	ck_assert_int_eq(st.st_blocks, 1);
	ck_assert_int_gt(st.st_mtim.tv_sec, 77);
	ck_assert_int_eq(st.st_mtim.tv_nsec, st.st_ctim.tv_nsec);
	fixture_free(f);
}
END_TEST

START_TEST(a_write_clears_set_ids_but_not_for_root)
{
	struct fixture *f = fixture_new();
	struct fs_caller root = {0};
	uint64_t node = new_file(f, "a", "abc");
	struct stat want = {.st_mode = 06755};
	struct stat st;

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE, &st), 0);
	ck_assert_int_eq(fs_write(f->fs, &root, node, 0, slice_str("x")), 0);
	ck_assert_uint_eq(attr_of(f, node).st_mode, S_IFREG | 06755);
	ck_assert_int_eq(write_node(f, node, 0, "y"), 0);
	ck_assert_uint_eq(attr_of(f, node).st_mode, S_IFREG | 0755);
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_has_no_content)
{
	struct fixture *f = fixture_new();
	struct fs_read_result read;

	ck_assert_int_eq(fs_read(f->fs, FS_ROOT, 0, 1, &read), -EISDIR);
	ck_assert_int_eq(write_node(f, FS_ROOT, 0, "x"), -EISDIR);
	ck_assert_int_eq(truncate_node(f, &f->me, FS_ROOT, 0), -EISDIR);
	fixture_free(f);
}
END_TEST

START_TEST(unknown_nodes_are_stale)
{
	struct fixture *f = fixture_new();
	struct fs_read_result read;
	struct fs_dir *dir;
	struct fs_entry entry;
	struct stat st;

	ck_assert_int_eq(fs_read(f->fs, 999, 0, 1, &read), -ESTALE);
	ck_assert_int_eq(write_node(f, 999, 0, "x"), -ESTALE);
	ck_assert_int_eq(fs_getattr(f->fs, 999, &st), -ESTALE);
	ck_assert_int_eq(fs_lookup(f->fs, 999, slice_str("a"), &entry), -ESTALE);
	ck_assert_int_eq(fs_dir_open(f->fs, 999, &dir), -ESTALE);
	fs_forget(f->fs, 999, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_read_only_file_system_changes_nothing)
{
	struct fixture *f = fixture_new();
	struct fs_entry entry;
	struct stat want = {.st_mode = 0600};
	struct stat st;

	echo(f, "a", "abc");
	fixture_set_read_only(f, true);
	uint64_t node = node_at(f, "a");

	expect_node_text(f, node, "abc");
	ck_assert_int_eq(write_node(f, node, 0, "x"), -EROFS);
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE, &st), -EROFS);
	ck_assert_int_eq(create_as(f, &f->me, "b", 0666, false, NULL), -EROFS);
	ck_assert_int_eq(create_as(f, &f->me, "a", 0666, false, NULL), 0); /* it is there */
	ck_assert_int_eq(mkdir_at(f, "d"), -EROFS);
	ck_assert_int_eq(unlink_at(f, "a"), -EROFS);
	ck_assert_int_eq(rmdir_at(f, "a"), -EROFS);
	ck_assert_int_eq(rename_at(f, "a", "b", 0), -EROFS);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	ck_assert_int_eq(look(f, FS_ROOT, "b", &entry), -ENOENT);
	fixture_free(f);
}
END_TEST

START_TEST(a_full_disk_is_told_and_nothing_is_lost)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", "before");
	struct env_fault_plan plan = {.sticky = true, .writes_only = true, .error = -ENOSPC};
	char *large = calloc(1, FIXTURE_VALUE_MAX);
	int err = 0;

	/* Into the room that the log has got already it may still go. */
	env_fault_set(f->fault, &plan);
	for (int i = 0; i < 200 && !err; i++)
		err = fs_write(f->fs, &f->me, node, 0, slice_of(large, FIXTURE_VALUE_MAX));
	ck_assert_int_eq(err, -ENOSPC);
	env_fault_set(f->fault, NULL);
	free(large);
	fixture_kill(f);
	ck_assert(exists(f, "a"));
	fixture_free(f);
}
END_TEST

START_TEST(damaged_attributes_are_an_io_error)
{
	struct fixture *f = fixture_new();
	struct lsm_write_options options = {.meta = slice_str("\x63nonsense")};
	struct fs_entry entry;

	ck_assert_int_eq(lsm_put(f->db, slice_str("bad"), slice_str("x"), &options), 0);
	ck_assert_int_eq(look(f, FS_ROOT, "bad", &entry), -EIO);
	fixture_free(f);
}
END_TEST

START_TEST(space_is_the_disks)
{
	struct fixture *f = fixture_new();
	struct lsm_space space;
	struct statvfs st;

	env_mem_set_capacity(f->env, UINT64_C(1) << 40);
	ck_assert_int_eq(lsm_space(f->db, &space), 0);
	ck_assert_int_eq(fs_statfs(f->fs, &st), 0);
	ck_assert_uint_eq(st.f_namemax, 255);
	ck_assert_uint_gt(st.f_frsize, 0);
	ck_assert_uint_eq(st.f_blocks, space.total_bytes / st.f_frsize);
	ck_assert_uint_le(st.f_bavail, st.f_blocks);
	fixture_free(f);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
	struct fs_options options = {.separator = 'a'};
	struct fs *fs = NULL;

	ck_assert_int_eq(fs_new(&options, &fs), -EINVAL);
	options = (struct fs_options){.separator = '/', .value_max = LSM_VALUE_MAX + 1};
	ck_assert_int_eq(fs_new(&options, &fs), -EINVAL);
	ck_assert_ptr_null(fs);
}
END_TEST

static const TTest *const *const tests[] = {
	&what_was_written_is_read,
	&reads_end_with_the_file,
	&writes_go_where_they_are_told,
	&a_gap_reads_as_zeros,
	&every_write_is_one_put,
	&a_write_that_covers_the_value_does_not_read_it,
	&too_large_is_refused_before_anything_changes,
	&size_and_times_follow_a_write,
	&a_write_clears_set_ids_but_not_for_root,
	&a_folder_has_no_content,
	&unknown_nodes_are_stale,
	&a_read_only_file_system_changes_nothing,
	&a_full_disk_is_told_and_nothing_is_lost,
	&damaged_attributes_are_an_io_error,
	&space_is_the_disks,
	&options_out_of_range_are_refused,
};

UNIT_SUITE("fs/core/file", tests)
