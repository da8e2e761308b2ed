/*
 * Extended attributes of files and folders.
 */
#include <sys/xattr.h>

#include "fs/core/meta_format.h"
#include "fs/core/xattr_list.h"
#include "tests/unit/fs/core/fs_fixture.h"

enum {
	LARGE = 100 * 1000,
};

static int set_flags(struct fixture *f, uint64_t node, const char *name, const char *value,
		     int flags)
{
	return fs_set_xattr(f->fs, &f->me, node, slice_str(name), slice_str(value), flags);
}

static int set(struct fixture *f, uint64_t node, const char *name, const char *value)
{
	return set_flags(f, node, name, value, 0);
}

static int unset(struct fixture *f, uint64_t node, const char *name)
{
	return fs_remove_xattr(f->fs, &f->me, node, slice_str(name));
}

static int get(struct fixture *f, uint64_t node, const char *name)
{
	cleanup_buf struct buf value = {0};

	return fs_get_xattr(f->fs, node, slice_str(name), &value);
}

static void expect_xattr(struct fixture *f, uint64_t node, const char *name, const char *want)
{
	cleanup_buf struct buf value = {0};
	int err = fs_get_xattr(f->fs, node, slice_str(name), &value);

	ck_assert_msg(!err, "%s: %d", name, err);
	ck_assert_msg(slice_eq(buf_slice(&value), slice_str(want)), "%s is \"%.*s\"", name,
		      (int)value.len, (const char *)value.ptr);
}

/* The names, each followed by a blank. */
static void expect_names(struct fixture *f, const struct fs_caller *caller, uint64_t node,
			 const char *want)
{
	cleanup_buf struct buf names = {0};

	ck_assert_int_eq(fs_list_xattrs(f->fs, caller, node, &names), 0);
	for (size_t i = 0; i < names.len; i++) {
		if (names.ptr[i] == 0)
			names.ptr[i] = ' ';
	}
	ck_assert_msg(slice_eq(buf_slice(&names), slice_str(want)), "\"%.*s\"", (int)names.len,
		      (const char *)names.ptr);
}

static uint64_t new_file(struct fixture *f, const char *path, size_t size)
{
	uint64_t node = 0;
	uint8_t *bytes = malloc(size + 1);
	struct rng rng;

	rng_seed(&rng, 1);
	rng_fill(&rng, bytes, size);
	ck_assert_int_eq(create_as(f, &f->me, path, 0666, true, &node), 0);
	if (size > 0)
		ck_assert_int_eq(fs_write(f->fs, &f->me, node, 0, slice_of(bytes, size)), 0);
	free(bytes);
	return node;
}

START_TEST(they_are_set_read_listed_and_removed)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", 10);

	expect_names(f, &f->me, node, "");
	ck_assert_int_eq(get(f, node, "user.x"), -ENODATA);
	ck_assert_int_eq(unset(f, node, "user.x"), -ENODATA);
	ck_assert_int_eq(set(f, node, "user.m", "middle"), 0);
	ck_assert_int_eq(set(f, node, "user.z", ""), 0);
	ck_assert_int_eq(set(f, node, "user.a", "first"), 0);
	expect_names(f, &f->me, node, "user.a user.m user.z ");
	expect_xattr(f, node, "user.a", "first");
	expect_xattr(f, node, "user.m", "middle");
	expect_xattr(f, node, "user.z", "");
	ck_assert_int_eq(set(f, node, "user.m", "another, longer"), 0);
	expect_xattr(f, node, "user.m", "another, longer");
	ck_assert_int_eq(unset(f, node, "user.a"), 0);
	ck_assert_int_eq(get(f, node, "user.a"), -ENODATA);
	expect_names(f, &f->me, node, "user.m user.z ");
	fixture_kill(f);
	node = node_at(f, "a");
	expect_names(f, &f->me, node, "user.m user.z ");
	ck_assert_int_eq(unset(f, node, "user.z"), 0);
	ck_assert_int_eq(unset(f, node, "user.m"), 0);
	expect_names(f, &f->me, node, "");
	fixture_free(f);
}
END_TEST

START_TEST(flags_say_whether_it_is_there)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", 10);

	ck_assert_int_eq(set_flags(f, node, "user.x", "1", XATTR_REPLACE), -ENODATA);
	ck_assert_int_eq(set_flags(f, node, "user.x", "2", XATTR_CREATE), 0);
	ck_assert_int_eq(set_flags(f, node, "user.x", "3", XATTR_CREATE), -EEXIST);
	expect_xattr(f, node, "user.x", "2");
	ck_assert_int_eq(set_flags(f, node, "user.x", "4", XATTR_REPLACE), 0);
	expect_xattr(f, node, "user.x", "4");
	fixture_free(f);
}
END_TEST

/* Everything that writes the record anew takes them along. */
static void expect_survival(size_t size)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", size);
	struct stat want = {.st_mode = 0600, .st_mtim = {.tv_sec = 5}};
	struct stat st;

	ck_assert_int_eq(set(f, node, "user.x", "kept"), 0);
	ck_assert_int_eq(write_node(f, node, 3, "changed"), 0);
	expect_xattr(f, node, "user.x", "kept");
	ck_assert_int_eq(write_node(f, node, size, "appended"), 0);
	expect_xattr(f, node, "user.x", "kept");
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE | FS_SET_MTIME, &st),
			 0);
	expect_xattr(f, node, "user.x", "kept");
	ck_assert_int_eq(fs_allocate(f->fs, &f->me, node, 0, 0, size + 100), 0);
	ck_assert_int_eq(rename_at(f, "a", "b", 0), 0);
	expect_xattr(f, node, "user.x", "kept");
	ck_assert_int_eq(lsm_flush(f->db), 0);
	expect_xattr(f, node, "user.x", "kept");
	ck_assert_int_eq(truncate_node(f, &f->me, node, (off_t)(size / 2)), 0);
	ck_assert_int_eq(truncate_node(f, &f->me, node, (off_t)(size * 2)), 0);
	fixture_restart(f);
	node = node_at(f, "b");
	expect_xattr(f, node, "user.x", "kept");
	/* through a held truncation, and the write or the log that ends it */
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
		ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
		expect_xattr(f, node, "user.x", "kept");
		if (round)
			ck_assert_int_eq(hold_expire(f->fs, UINT64_MAX), 0);
		else
			ck_assert_int_eq(write_node(f, node, size, "new"), 0);
		ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
		expect_xattr(f, node, "user.x", "kept");
	}
	fixture_kill(f);
	expect_xattr(f, node_at(f, "b"), "user.x", "kept");
	/* who takes its place has none of it */
	echo(f, "c", "x");
	ck_assert_int_eq(rename_at(f, "c", "b", 0), 0);
	expect_names(f, &f->me, node_at(f, "b"), "");
	fixture_free(f);
}

START_TEST(small_files_keep_them)
{
	expect_survival(100);
}
END_TEST

START_TEST(large_files_keep_them)
{
	expect_survival(LARGE);
}
END_TEST

START_TEST(setting_one_moves_ctime_alone)
{
	static const size_t sizes[] = {0, 100, LARGE};
	struct fixture *f = fixture_new();
	struct lsm_stats stats;

	for (size_t i = 0; i < array_size(sizes); i++) {
		uint64_t node = new_file(f, "a", sizes[i]);
		struct stat before = stat_at(f, "a");
		uint64_t written;

		lsm_stats_read(f->db, &stats);
		written = stats.blob_written_bytes;
		ck_assert_int_eq(set(f, node, "user.x", "1"), 0);
		struct stat after = stat_at(f, "a");

		ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
		ck_assert_int_eq(after.st_atim.tv_nsec, before.st_atim.tv_nsec);
		ck_assert(after.st_ctim.tv_sec > before.st_ctim.tv_sec ||
			  after.st_ctim.tv_nsec > before.st_ctim.tv_nsec);
		ck_assert_int_eq(after.st_size, before.st_size);
		lsm_stats_read(f->db, &stats);
		ck_assert_uint_eq(stats.blob_written_bytes, written);
		ck_assert_int_eq(unlink_at(f, "a"), 0);
		fs_forget(f->fs, node, 1);
	}
	fixture_free(f);
}
END_TEST

START_TEST(what_is_held_is_logged_first)
{
	struct fixture *f = fixture_new();
	uint64_t node = 0;

	ck_assert_int_eq(create_as(f, &f->me, "a", 0666, false, &node), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	expect_names(f, &f->me, node, "");
	ck_assert_int_eq(set(f, node, "user.x", "1"), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	fixture_kill(f);
	expect_xattr(f, node_at(f, "a"), "user.x", "1");
	fixture_free(f);
}
END_TEST

START_TEST(folders_have_them)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0700};
	struct stat st;

	kv_put(f, "d/x", "1");
	uint64_t d = node_at(f, "d");

	expect_names(f, &f->me, d, "");
	ck_assert_int_eq(set(f, d, "user.x", "1"), 0);
	ck_assert(kv_has(f, "d/"));
	expect_xattr(f, d, "user.x", "1");
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, d, &want, FS_SET_MODE, &st), 0);
	expect_xattr(f, d, "user.x", "1");
	echo(f, "d/y", "2");
	ck_assert_int_eq(unlink_at(f, "d/x"), 0);
	ck_assert_int_eq(unlink_at(f, "d/y"), 0);
	fixture_kill(f);
	d = node_at(f, "d");
	expect_xattr(f, d, "user.x", "1");
	ck_assert_uint_eq(stat_at(f, "d").st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(unset(f, d, "user.x"), 0);
	expect_names(f, &f->me, d, "");
	expect_list(f, "", "d/");
	/* the file that takes the record's key must not lose them */
	ck_assert_int_eq(set(f, d, "user.x", "1"), 0);
	ck_assert_int_eq(create_as(f, &f->me, "d/%", 0666, true, NULL), -EPERM);
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	ck_assert_int_eq(set(f, d, "user.x", "1"), -ENOENT);
	fixture_free(f);
}
END_TEST

START_TEST(what_has_no_record_has_none)
{
	struct fixture *f = fixture_new();
	struct fs_entry partial;
	char piece[256];
	uint64_t node = new_file(f, "a", 10);

	memset(piece, 'p', sizeof(piece));
	memcpy(piece + 251, "%~", 3);
	ck_assert_int_eq(fs_mkdir(f->fs, &f->me, FS_ROOT, slice_str(piece), 0777, &partial), 0);
	ck_assert_int_eq(set(f, FS_ROOT, "user.x", "1"), -EOPNOTSUPP);
	ck_assert_int_eq(set(f, partial.node, "user.x", "1"), -EOPNOTSUPP);
	ck_assert_int_eq(get(f, FS_ROOT, "user.x"), -ENODATA);
	expect_names(f, &f->me, FS_ROOT, "");
	ck_assert_int_eq(set(f, node, "user.x", "1"), 0);
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert_int_eq(set(f, node, "user.x", "1"), -EOPNOTSUPP);
	ck_assert_int_eq(get(f, node, "user.x"), -ENODATA);
	expect_names(f, &f->me, node, "");
	fixture_free(f);
}
END_TEST

START_TEST(names_of_other_kinds_are_refused)
{
	static const char *const names[] = {"security.capability",
					    "system.posix_acl_access",
					    "user.",
					    "trusted.",
					    "user",
					    "other.x",
					    "x"};
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", 10);
	char long_name[META_XATTR_NAME_MAX + 2];

	for (size_t i = 0; i < array_size(names); i++) {
		ck_assert_int_eq(set(f, node, names[i], "1"), -EOPNOTSUPP);
		ck_assert_int_eq(get(f, node, names[i]), -EOPNOTSUPP);
		ck_assert_int_eq(unset(f, node, names[i]), -EOPNOTSUPP);
	}
	memset(long_name, 'n', sizeof(long_name));
	memcpy(long_name, "user.", 5);
	long_name[META_XATTR_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(set(f, node, long_name, "1"), -ERANGE);
	long_name[META_XATTR_NAME_MAX] = '\0';
	ck_assert_int_eq(set(f, node, long_name, "1"), 0);
	expect_xattr(f, node, long_name, "1");
	fixture_set_read_only(f, true);
	node = node_at(f, "a");
	expect_xattr(f, node, long_name, "1");
	ck_assert_int_eq(set(f, node, "user.x", "1"), -EROFS);
	ck_assert_int_eq(unset(f, node, long_name), -EROFS);
	fixture_free(f);
}
END_TEST

START_TEST(trusted_ones_are_of_any_file_and_listed_for_root)
{
	struct fixture *f = fixture_new();
	struct fs_caller root = {.uid = 0, .pid = 1};
	struct fs_entry link;
	uint64_t node = new_file(f, "a", 10);

	ck_assert_int_eq(fs_symlink(f->fs, &f->me, FS_ROOT, slice_str("l"), slice_str("a"), &link),
			 0);
	ck_assert_int_eq(set(f, node, "trusted.t", "1"), 0);
	ck_assert_int_eq(set(f, node, "user.u", "2"), 0);
	expect_names(f, &f->me, node, "user.u ");
	expect_names(f, &root, node, "trusted.t user.u ");
	ck_assert_int_eq(set(f, link.node, "user.u", "2"), -EPERM);
	ck_assert_int_eq(get(f, link.node, "user.u"), -ENODATA);
	ck_assert_int_eq(set(f, link.node, "trusted.t", "3"), 0);
	expect_xattr(f, link.node, "trusted.t", "3");
	struct fs_read_result target;

	ck_assert_int_eq(fs_readlink(f->fs, link.node, &target), 0);
	ck_assert(slice_eq(target.bytes, slice_str("a")));
	fs_read_done(&target);
	fixture_free(f);
}
END_TEST

START_TEST(all_of_one_file_have_64_kib)
{
	struct fixture *f = fixture_new();
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t node = new_file(f, "d/a", 10);
	struct slice name = slice_str("user.long");
	char *value = malloc(FS_XATTR_VALUE_MAX + 1);

	memset(value, 'v', FS_XATTR_VALUE_MAX + 1);
	/* a byte for the name's length, three for the value's */
	size_t most = META_XATTRS_MAX - (1 + name.len) - 3;

	ck_assert_int_eq(
		fs_set_xattr(f->fs, &f->me, node, name, slice_of(value, FS_XATTR_VALUE_MAX + 1), 0),
		-E2BIG);
	ck_assert_int_eq(
		fs_set_xattr(f->fs, &f->me, node, name, slice_of(value, FS_XATTR_VALUE_MAX), 0),
		-ENOSPC);
	ck_assert_int_eq(fs_set_xattr(f->fs, &f->me, node, name, slice_of(value, most + 1), 0),
			 -ENOSPC);
	expect_names(f, &f->me, node, "");
	ck_assert_int_eq(fs_set_xattr(f->fs, &f->me, node, name, slice_of(value, most), 0), 0);
	ck_assert_int_eq(set(f, node, "user.x", ""), -ENOSPC);
	/* with all other attributes too */
	struct stat want = {.st_mode = 0600,
			    .st_uid = UINT32_MAX - 1,
			    .st_gid = UINT32_MAX - 1,
			    .st_mtim = {.tv_sec = 7},
			    .st_atim = {.tv_sec = 8}};
	struct stat st;

	ck_assert_int_eq(
		fs_setattr(f->fs, &f->me, node, &want,
			   FS_SET_MODE | FS_SET_UID | FS_SET_GID | FS_SET_MTIME | FS_SET_ATIME,
			   &st),
		0);
	/* the rename of its folder keeps its ctime as well, which is the last that fits */
	ck_assert_uint_eq(kv_meta_len(f, "d/a"), LSM_META_MAX - META_TIME_BYTES);
	ck_assert_int_eq(rename_at(f, "d", "e", 0), 0);
	ck_assert_uint_eq(kv_meta_len(f, "e/a"), LSM_META_MAX);
	ck_assert_int_eq(write_node(f, node, 8000, "patched"), 0);
	ck_assert_int_eq(lsm_flush(f->db), 0);
	value[most] = '\0';
	expect_xattr(f, node, "user.long", value);
	fixture_restart(f);
	expect_xattr(f, node_at(f, "e/a"), "user.long", value);
	free(value);
	fixture_free(f);
}
END_TEST

START_TEST(the_file_system_tells_of_a_record)
{
	struct fixture *f = fixture_new();
	struct lsm_record record;
	char text[32];
	struct stat st;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t d = node_at(f, "d");
	uint64_t node = new_file(f, "d/%2E", 10);

	expect_xattr(f, node, "user.apex.key", "d/.");
	expect_xattr(f, d, "user.apex.key", "d/");
	expect_xattr(f, node, "user.apex.size", "10");
	ck_assert_int_eq(lsm_stat(f->db, slice_str("d/."), NULL, &record), 0);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)record.seqno);
	lsm_record_release(&record);
	expect_xattr(f, node, "user.apex.seq", text);
	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	snprintf(text, sizeof(text), "%lld%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	expect_xattr(f, node, "user.apex.mtime_ns", text);
	expect_xattr(f, node, "user.apex.level", "memtable");
	ck_assert_int_eq(get(f, FS_ROOT, "user.apex.level"), -ENODATA);
	expect_names(f, &f->me, node, "");
	ck_assert_int_eq(get(f, node, "user.apex.other"), -ENODATA);
	ck_assert_int_eq(get(f, FS_ROOT, "user.apex.key"), -ENODATA);
	ck_assert_int_eq(get(f, FS_ROOT, "user.apex.seq"), -ENODATA);
	ck_assert_int_eq(set(f, node, "user.apex.key", "x"), -EPERM);
	ck_assert_int_eq(set(f, node, "user.apex.other", "x"), -EPERM);
	ck_assert_int_eq(unset(f, node, "user.apex.key"), -EPERM);
	ck_assert_int_eq(unlink_at(f, "d/%2E"), 0);
	ck_assert_int_eq(get(f, node, "user.apex.key"), -ENODATA);
	ck_assert_int_eq(get(f, node, "user.apex.seq"), -ENODATA);
	expect_xattr(f, node, "user.apex.size", "10");
	fixture_free(f);
}
END_TEST

START_TEST(a_record_in_a_table_has_its_level)
{
	struct fixture *f = fixture_new();
	uint64_t node = new_file(f, "a", 10);
	struct buf value = {0};

	ck_assert_int_eq(lsm_compact(f->db, slice_str("\1"), slice_of(NULL, 0)), 0);
	ck_assert_int_eq(fs_get_xattr(f->fs, node, slice_str("user.apex.level"), &value), 0);
	ck_assert(slice_starts_with(buf_slice(&value), slice_str("level")));
	ck_assert(memmem(value.ptr, value.len, ".sst", 4) != NULL);
	buf_done(&value);
	fixture_free(f);
}
END_TEST

START_TEST(lists_are_checked)
{
	static const char *const good[] = {"", "\1a\0", "\1a\1x\1b\0", "\1a\0\2aa\0"};
	static const size_t good_len[] = {0, 3, 7, 7};
	static const char *const bad[] = {"\1a",        "\1",       "\0\0",      "\1a\2x",
					  "\1b\0\1a\0", "\1a\0\1a", "\2\0a\1xx", "\1a\0\1a\0"};
	static const size_t bad_len[] = {2, 1, 2, 4, 6, 5, 6, 6};

	for (size_t i = 0; i < array_size(good); i++)
		ck_assert_int_eq(xattr_list_check(slice_of(good[i], good_len[i])), 0);
	for (size_t i = 0; i < array_size(bad); i++)
		ck_assert_int_eq(xattr_list_check(slice_of(bad[i], bad_len[i])), -EUCLEAN);
}
END_TEST

/* Random changes, against an array. */
START_TEST(a_list_is_a_map)
{
	enum {
		NAMES = 26
	};
	int values[NAMES] = {0}; /* 0: absent */
	struct buf list = {0};
	struct rng rng;

	rng_seed(&rng, test_seed());
	for (int step = 1; step < 3000; step++) {
		unsigned which = (unsigned)rng_below(&rng, NAMES);
		char name[] = {'n', (char)('a' + which), 0};
		char text[12];
		struct buf next = {0};

		snprintf(text, sizeof(text), "%d", step);
		const struct xattr x = {slice_str(name), slice_str(text)};

		values[which] = rng_below(&rng, 2) ? step : 0;
		if (values[which])
			ck_assert_int_eq(xattr_list_with(buf_slice(&list), &x, &next), 0);
		else
			ck_assert_int_eq(xattr_list_without(buf_slice(&list), x.name, &next), 0);
		buf_done(&list);
		list = next;
		ck_assert_int_eq(xattr_list_check(buf_slice(&list)), 0);
		for (unsigned i = 0; i < NAMES; i++) {
			struct slice value;

			name[1] = (char)('a' + i);
			bool found = xattr_list_find(buf_slice(&list), slice_str(name), &value);

			ck_assert(found == (values[i] != 0));
			snprintf(text, sizeof(text), "%d", values[i]);
			ck_assert(!found || slice_eq(value, slice_str(text)));
		}
	}
	buf_done(&list);
}
END_TEST

static const TTest *const *const tests[] = {
	&they_are_set_read_listed_and_removed,
	&flags_say_whether_it_is_there,
	&small_files_keep_them,
	&large_files_keep_them,
	&setting_one_moves_ctime_alone,
	&what_is_held_is_logged_first,
	&folders_have_them,
	&what_has_no_record_has_none,
	&names_of_other_kinds_are_refused,
	&trusted_ones_are_of_any_file_and_listed_for_root,
	&all_of_one_file_have_64_kib,
	&the_file_system_tells_of_a_record,
	&a_record_in_a_table_has_its_level,
	&lists_are_checked,
	&a_list_is_a_map,
};

UNIT_SUITE("fs/core/xattr", tests)
