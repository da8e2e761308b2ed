#include "fs/core/attr.h"

#include <errno.h>

#include "tests/unit/unit.h"

static const struct attr_defaults defaults = {
	.uid = 1000, .gid = 1001, .file_mode = 0644, .folder_mode = 0755, .born_ns = 5};
static const int64_t second_ns = 1000000000;

static struct lsm_record record_of(const char *key, uint64_t value_len,
				   const struct meta_bytes *meta)
{
	return (struct lsm_record){
		.key = slice_str(key),
		.value_len = value_len,
		.meta = meta ? meta_slice(meta) : slice_of(NULL, 0),
		.time_ns = 7 * (uint64_t)second_ns,
	};
}

static struct attr file_attr(void)
{
	struct lsm_record record = record_of("a", 10, NULL);
	struct attr attr;

	ck_assert_int_eq(attr_of_file(&defaults, &record, &attr), 0);
	return attr;
}

static size_t packed_len(const char *key, const struct attr *attr)
{
	struct meta_bytes meta;

	attr_pack(&defaults, '/', slice_str(key), attr, &meta);
	return meta.len;
}

/* Through the record's meta and back. */
static struct attr stored_and_read(const struct attr *attr)
{
	struct meta_bytes meta;
	struct attr read;

	attr_pack(&defaults, '/', slice_str("a"), attr, &meta);

	struct lsm_record record = record_of("a", attr->size, &meta);

	ck_assert_int_eq(attr_of_file(&defaults, &record, &read), 0);
	return read;
}

START_TEST(empty_meta_is_all_defaults)
{
	struct attr attr = file_attr();

	ck_assert_uint_eq(attr.mode, S_IFREG | 0644);
	ck_assert_uint_eq(attr.uid, 1000);
	ck_assert_uint_eq(attr.gid, 1001);
	ck_assert_uint_eq(attr.size, 10);
	ck_assert_int_eq(attr.mtime_ns, 7 * second_ns);
	ck_assert_int_eq(attr.atime_ns, 7 * second_ns);
	ck_assert_int_eq(attr.ctime_ns, 7 * second_ns);
	ck_assert_uint_eq(packed_len("a", &attr), 0);

	struct lsm_record folder = record_of("a/", 0, NULL);

	ck_assert_int_eq(attr_of_folder(&defaults, &folder, &attr), 0);
	ck_assert_uint_eq(attr.mode, S_IFDIR | 0755);
	ck_assert_uint_eq(packed_len("a/", &attr), 0);
}
END_TEST

START_TEST(only_what_differs_is_stored)
{
	struct attr attr = file_attr();

	attr.mode = S_IFREG | 0600;
	ck_assert_uint_eq(packed_len("a", &attr), 4);
	attr.mode = S_IFREG | 0644;
	attr.uid = 0;
	ck_assert_uint_eq(packed_len("a", &attr), 3);
	attr.uid = 1000;
	attr.mtime_stored = true;
	ck_assert_uint_eq(packed_len("a", &attr), 10);
	/* The same time twice is stored once. */
	attr.atime_stored = true;
	ck_assert_uint_eq(packed_len("a", &attr), 10);
	attr.atime_ns++;
	ck_assert_uint_eq(packed_len("a", &attr), 18);
}
END_TEST

START_TEST(what_is_not_stored_is_as_the_mount_says)
{
	static const struct attr_defaults others = {
		.uid = 1, .gid = 2, .file_mode = 0600, .folder_mode = 0700};
	struct lsm_record file = record_of("a", 10, NULL), folder = record_of("a/", 0, NULL);
	struct meta_bytes meta;
	struct attr attr;

	ck_assert_int_eq(attr_of_file(&others, &file, &attr), 0);
	ck_assert_uint_eq(attr.mode, S_IFREG | 0600);
	ck_assert_uint_eq(attr.uid, 1);
	ck_assert_uint_eq(attr.gid, 2);
	attr_pack(&others, '/', slice_str("a"), &attr, &meta);
	ck_assert_uint_eq(meta.len, 0);
	ck_assert_uint_eq(packed_len("a", &attr), 6); /* all three differ from the usual */
	ck_assert_int_eq(attr_of_folder(&others, &folder, &attr), 0);
	ck_assert_uint_eq(attr.mode, S_IFDIR | 0700);
	attr_of_implied_folder(&others, &attr);
	ck_assert_uint_eq(attr.mode, S_IFDIR | 0700);
}
END_TEST

START_TEST(a_record_that_ends_in_the_separator_tells_what_it_is)
{
	struct attr attr = file_attr();
	struct meta_bytes file_meta;
	struct meta_bytes folder_meta;
	bool folder = true;

	attr_pack(&defaults, '/', slice_str("a/"), &attr, &file_meta);
	ck_assert_uint_gt(file_meta.len, 0);
	attr.mode = S_IFDIR | 0700;
	attr_pack(&defaults, '/', slice_str("a/"), &attr, &folder_meta);

	struct lsm_record records[] = {
		record_of("a/", 0, &file_meta),   record_of("a/", 1, NULL),
		record_of("a", 0, NULL),          record_of("a/", 0, NULL),
		record_of("a/", 0, &folder_meta),
	};
	static const bool expected[] = {false, false, false, true, true};

	for (size_t i = 0; i < array_size(records); i++) {
		ck_assert_int_eq(attr_is_folder_record('/', &records[i], &folder), 0);
		ck_assert_int_eq(folder, expected[i]);
	}
}
END_TEST

START_TEST(a_type_that_does_not_fit_is_damage)
{
	struct attr attr = file_attr();
	struct meta_bytes meta;

	attr.mode = S_IFDIR | 0700;
	attr_pack(&defaults, '/', slice_str("a"), &attr, &meta);

	struct lsm_record record = record_of("a", 0, &meta);

	ck_assert_int_eq(attr_of_file(&defaults, &record, &attr), -EUCLEAN);
}
END_TEST

START_TEST(chmod_keeps_the_times)
{
	struct attr attr = file_attr();
	struct stat want = {.st_mode = 0600};

	attr_apply(&attr, &want, FS_SET_MODE, 99);
	attr = stored_and_read(&attr);
	attr_committed(&attr, 8 * second_ns);
	ck_assert_uint_eq(attr.mode, S_IFREG | 0600);
	ck_assert_int_eq(attr.mtime_ns, 7 * second_ns);
	ck_assert_int_eq(attr.atime_ns, 7 * second_ns);
	ck_assert_int_eq(attr.ctime_ns, 8 * second_ns);
}
END_TEST

START_TEST(each_time_is_set_alone)
{
	struct stat want = {.st_mtim = {.tv_sec = 3, .tv_nsec = 1}, .st_atim = {.tv_sec = 4}};
	struct attr attr = file_attr();

	attr_apply(&attr, &want, FS_SET_MTIME, 99);
	attr = stored_and_read(&attr);
	ck_assert_int_eq(attr.mtime_ns, 3 * second_ns + 1);
	ck_assert_int_eq(attr.atime_ns, 7 * second_ns);

	attr = file_attr();
	attr_apply(&attr, &want, FS_SET_ATIME, 99);
	attr = stored_and_read(&attr);
	ck_assert_int_eq(attr.mtime_ns, 7 * second_ns);
	ck_assert_int_eq(attr.atime_ns, 4 * second_ns);

	attr = file_attr();
	attr_apply(&attr, &want, FS_SET_ATIME | FS_SET_ATIME_NOW, 99);
	ck_assert_int_eq(attr.atime_ns, 99);
	ck_assert_int_eq(attr.mtime_ns, 7 * second_ns);
}
END_TEST

START_TEST(touch_stores_nothing)
{
	struct stat want = {0};
	struct attr attr = file_attr();

	attr.mtime_stored = true;
	attr.mtime_ns = 1;
	attr_apply(&attr, &want, FS_SET_MTIME | FS_SET_MTIME_NOW | FS_SET_ATIME | FS_SET_ATIME_NOW,
		   99);
	attr_committed(&attr, 9 * second_ns);
	ck_assert_int_eq(attr.mtime_ns, 9 * second_ns);
	ck_assert_int_eq(attr.atime_ns, 9 * second_ns);
	ck_assert_uint_eq(packed_len("a", &attr), 0);
}
END_TEST

START_TEST(times_before_1970_and_out_of_range)
{
	struct stat want = {.st_mtim = {.tv_sec = -1, .tv_nsec = 999999999}};
	struct attr attr = file_attr();
	struct stat st;

	attr_apply(&attr, &want, FS_SET_MTIME, 99);
	ck_assert_int_eq(attr.mtime_ns, -1);
	attr = stored_and_read(&attr);
	attr_to_stat(&attr, 1, 1, &st);
	ck_assert_int_eq(st.st_mtim.tv_sec, -1);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 999999999);

	want.st_mtim.tv_sec = INT64_MAX;
	attr_apply(&attr, &want, FS_SET_MTIME, 99);
	ck_assert_int_eq(attr.mtime_ns, INT64_MAX);
	want.st_mtim.tv_sec = INT64_MIN;
	attr_apply(&attr, &want, FS_SET_MTIME, 99);
	ck_assert_int_eq(attr.mtime_ns, INT64_MIN);
}
END_TEST

START_TEST(set_ids_end_with_a_change_by_others_than_root)
{
	struct fs_caller user = {.uid = 1000};
	struct fs_caller root = {.uid = 0};
	struct attr attr = file_attr();

	attr.mode = S_IFREG | 06755;
	attr_content_changed(&attr, &root);
	ck_assert_uint_eq(attr.mode, S_IFREG | 06755);
	attr_content_changed(&attr, &user);
	ck_assert_uint_eq(attr.mode, S_IFREG | 0755);
	attr.mode =
		S_IFREG | 06644; /* no group execution: mandatory locking once, not set-group-id */
	attr_content_changed(&attr, &user);
	ck_assert_uint_eq(attr.mode, S_IFREG | 02644);

	struct stat want = {.st_uid = 5};

	attr.mode = S_IFREG | 04755;
	attr_apply(&attr, &want, FS_SET_UID, 99);
	ck_assert_uint_eq(attr.mode, S_IFREG | 0755);
}
END_TEST

START_TEST(blocks_are_rounded_up)
{
	struct attr attr = file_attr();
	struct stat st;

	attr.size = 513;
	attr_to_stat(&attr, 17, 1, &st);
	ck_assert_int_eq(st.st_size, 513);
	ck_assert_int_eq(st.st_blocks, 2);
	ck_assert_uint_eq(st.st_ino, 17);
	ck_assert_uint_eq(st.st_nlink, 1);
}
END_TEST

static const TTest *const *const tests[] = {
	&empty_meta_is_all_defaults,
	&only_what_differs_is_stored,
	&what_is_not_stored_is_as_the_mount_says,
	&a_record_that_ends_in_the_separator_tells_what_it_is,
	&a_type_that_does_not_fit_is_damage,
	&chmod_keeps_the_times,
	&each_time_is_set_alone,
	&touch_stores_nothing,
	&times_before_1970_and_out_of_range,
	&set_ids_end_with_a_change_by_others_than_root,
	&blocks_are_rounded_up,
};

UNIT_SUITE("fs/core/attr", tests)
