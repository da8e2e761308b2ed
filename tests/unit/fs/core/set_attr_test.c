#include "tests/unit/fs/core/fs_fixture.h"

static struct stat set(struct fixture *f, const char *path, const struct stat *want, unsigned what)
{
	uint64_t node = node_at(f, path);
	struct stat st;

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, want, what, &st), 0);
	fs_forget(f->fs, node, 1);

	/* What is answered is what is found afterwards. */
	struct stat again = stat_at(f, path);

	ck_assert_mem_eq(&st, &again, sizeof(st));
	return st;
}

static int set_error(struct fixture *f, const char *path, const struct stat *want, unsigned what)
{
	uint64_t node = node_at(f, path);
	struct stat st;
	int err = fs_setattr(f->fs, &f->me, node, want, what, &st);

	fs_forget(f->fs, node, 1);
	return err;
}

START_TEST(attributes_of_a_file_outlive_a_restart)
{
	struct fixture *f = fixture_new();
	struct stat want = {
		.st_mode = 04751,
		.st_uid = 5,
		.st_gid = 6,
		.st_mtim = {.tv_sec = 100, .tv_nsec = 1},
		.st_atim = {.tv_sec = 200, .tv_nsec = 2},
	};

	echo(f, "a", "abc");
	struct stat st = set(f, "a", &want,
			     FS_SET_MODE | FS_SET_UID | FS_SET_GID | FS_SET_MTIME | FS_SET_ATIME);

	fixture_restart(f);
	struct stat again = stat_at(f, "a");

	ck_assert_mem_eq(&st, &again, sizeof(st));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 04751);
	ck_assert_uint_eq(st.st_uid, 5);
	ck_assert_uint_eq(st.st_gid, 6);
	ck_assert_int_eq(st.st_mtim.tv_sec, 100);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 1);
	ck_assert_int_eq(st.st_atim.tv_sec, 200);
	ck_assert_int_eq(st.st_atim.tv_nsec, 2);
	ck_assert_uint_eq(st.st_nlink, 1);
	expect_text(f, "a", "abc");
	fixture_free(f);
}
END_TEST

START_TEST(chmod_moves_only_ctime)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0600};

	echo(f, "a", "abc");
	struct stat before = stat_at(f, "a");
	struct stat after = set(f, "a", &want, FS_SET_MODE);

	ck_assert_mem_eq(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	ck_assert_mem_eq(&before.st_atim, &after.st_atim, sizeof(before.st_atim));
	ck_assert(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
		  after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	fixture_free(f);
}
END_TEST

START_TEST(a_file_is_cut_and_filled)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_size = 2};

	echo(f, "a", "abc");
	ck_assert_int_eq(set(f, "a", &want, FS_SET_SIZE).st_size, 2);
	expect_text(f, "a", "ab");
	want.st_size = 4;
	ck_assert_int_eq(set(f, "a", &want, FS_SET_SIZE).st_size, 4);
	uint64_t node = node_at(f, "a");
	struct fs_read_result read;

	ck_assert_int_eq(fs_read(f->fs, node, 0, 10, &read), 0);
	ck_assert(slice_eq(read.bytes, slice_of("ab\0\0", 4)));
	fs_read_done(&read);
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_gets_a_record_with_its_attributes)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0700, .st_mtim = {.tv_sec = 9}};

	kv_put(f, "d/a", "1");
	ck_assert_uint_eq(stat_at(f, "d").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(stat_at(f, "d").st_nlink, 2);
	ck_assert(!kv_has(f, "d/"));
	set(f, "d", &want, FS_SET_MODE | FS_SET_MTIME);
	ck_assert(kv_has(f, "d/"));
	fixture_restart(f);
	ck_assert_uint_eq(stat_at(f, "d").st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(stat_at(f, "d").st_mtim.tv_sec, 9);
	want.st_size = 0;
	ck_assert_int_eq(set_error(f, "d", &want, FS_SET_SIZE), -EISDIR);
	expect_list(f, "", "d/");
	expect_list(f, "d", "a");
	fixture_free(f);
}
END_TEST

START_TEST(the_root_has_times_in_memory_and_a_fixed_mode)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0755, .st_uid = FIXTURE_UID, .st_mtim = {.tv_sec = 9}};

	set(f, "", &want, FS_SET_MODE | FS_SET_UID | FS_SET_MTIME); /* as it is: fine */
	ck_assert_int_eq(stat_at(f, "").st_mtim.tv_sec, 9);
	ck_assert_uint_eq(stat_at(f, "").st_ino, FS_ROOT);
	want.st_mode = 0700;
	ck_assert_int_eq(set_error(f, "", &want, FS_SET_MODE), -EPERM);
	ck_assert_uint_eq(records_written(f), 0);
	fixture_free(f);
}
END_TEST

START_TEST(entries_that_come_and_go_touch_their_folder)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mtim = {.tv_sec = 9}};
	uint64_t node;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	node = node_at(f, "d"); /* keeps the node */
	set(f, "d", &want, FS_SET_MTIME);
	echo(f, "d/a", "x");
	ck_assert_int_gt(stat_at(f, "d").st_mtim.tv_sec, 9);
	set(f, "d", &want, FS_SET_MTIME);
	ck_assert_int_eq(stat_at(f, "d").st_mtim.tv_sec, 9);
	ck_assert_int_eq(unlink_at(f, "d/a"), 0);
	ck_assert_int_gt(stat_at(f, "d").st_mtim.tv_sec, 9);
	fs_forget(f->fs, node, 1);
	fixture_free(f);
}
END_TEST

START_TEST(touch_makes_the_commit_time_count)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mtim = {.tv_sec = 9}, .st_atim = {.tv_sec = 9}};

	echo(f, "a", "abc");
	set(f, "a", &want, FS_SET_MTIME | FS_SET_ATIME);
	ck_assert_uint_gt(kv_meta_len(f, "a"), 0);
	struct stat st = set(f, "a", &want,
			     FS_SET_MTIME | FS_SET_MTIME_NOW | FS_SET_ATIME | FS_SET_ATIME_NOW);

	ck_assert_int_gt(st.st_mtim.tv_sec, 9);
	ck_assert_int_gt(st.st_atim.tv_sec, 9);
	ck_assert_uint_eq(kv_meta_len(f, "a"), 0);
	expect_text(f, "a", "abc");
	fixture_free(f);
}
END_TEST

START_TEST(nothing_to_set_is_getattr)
{
	struct fixture *f = fixture_new();
	struct stat want = {0};

	echo(f, "a", "abc");
	uint64_t before = records_written(f);

	ck_assert_int_eq(set(f, "a", &want, 0).st_size, 3);
	ck_assert_uint_eq(records_written(f), before);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&attributes_of_a_file_outlive_a_restart,
	&chmod_moves_only_ctime,
	&a_file_is_cut_and_filled,
	&a_folder_gets_a_record_with_its_attributes,
	&the_root_has_times_in_memory_and_a_fixed_mode,
	&entries_that_come_and_go_touch_their_folder,
	&touch_makes_the_commit_time_count,
	&nothing_to_set_is_getattr,
};

UNIT_SUITE("fs/core/set_attr", tests)
