/*
 * The link count of folders.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "fs/core/changes.h"
#include "fs/core/folder_links.h"
#include "tests/unit/fs/core/fs_fixture.h"

enum {
	CHANGES = 400 / UNIT_SLOWNESS,
	READERS = 2,
};

static void expect_links(struct fixture *f, const char *path, unsigned links)
{
	struct stat st = stat_at(f, path);

	ck_assert_msg(st.st_nlink == links, "%s has %u links instead of %u", path,
		      (unsigned)st.st_nlink, links);
}

START_TEST(each_subfolder_is_a_link)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t kept = node_at(f, "d"); /* as the kernel keeps it: it is counted once */

	expect_links(f, "d", 2);
	echo(f, "d/file", "is none");
	expect_links(f, "d", 2);
	for (unsigned i = 0; i < 3; i++) {
		const char *names[] = {"d/a", "d/b", "d/c"};

		ck_assert_int_eq(mkdir_at(f, names[i]), 0);
		expect_links(f, "d", 3 + i);
	}
	ck_assert_int_eq(mkdir_at(f, "d/a"), -EEXIST);
	ck_assert_int_eq(mkdir_at(f, "d/a/below"), 0);
	expect_links(f, "d", 5);
	expect_links(f, "d/a", 3);
	ck_assert_int_eq(rmdir_at(f, "d/a"), -ENOTEMPTY);
	ck_assert_int_eq(rmdir_at(f, "d/b"), 0);
	expect_links(f, "d", 4);
	fs_forget(f->fs, kept, 1);
	expect_links(f, "d", 4);
	fixture_kill(f);
	expect_links(f, "d", 4);
	expect_links(f, "", 3);
	fixture_free(f);
}
END_TEST

START_TEST(implied_and_partial_folders_are_links_too)
{
	struct fixture *f = fixture_new();
	char long_key[1000] = "d/";

	memset(long_key + 2, 'x', sizeof(long_key) - 3);
	kv_put(f, "d/implied/a", "");
	kv_put(f, "d/implied/b", "");
	kv_put(f, "d/both", "the value of a folder");
	kv_put(f, "d/both/a", "");
	kv_put(f, "d/both!", "");
	kv_put(f, long_key, "");
	expect_links(f, "d", 5);
	ck_assert_int_eq(mkdir_at(f, "d/made"), 0);
	expect_links(f, "d", 6);
	fixture_free(f);
}
END_TEST

START_TEST(renames_move_links)
{
	struct fixture *f = fixture_new();
	uint64_t kept[2];

	ck_assert_int_eq(mkdir_at(f, "from"), 0);
	ck_assert_int_eq(mkdir_at(f, "to"), 0);
	ck_assert_int_eq(mkdir_at(f, "from/d"), 0);
	ck_assert_int_eq(mkdir_at(f, "from/d/below"), 0);
	echo(f, "to/file", "");
	/* with nodes that stay, and with nodes that are counted anew */
	for (int round = 0; round < 2; round++) {
		if (round == 0) {
			kept[0] = node_at(f, "from");
			kept[1] = node_at(f, "to");
		}
		ck_assert_int_eq(rename_at(f, "from/d", "to/d", 0), 0);
		expect_links(f, "from", 2);
		expect_links(f, "to", 3);
		expect_links(f, "to/d", 3);
		ck_assert_int_eq(rename_at(f, "to/d", "to/e", 0), 0);
		expect_links(f, "to", 3);
		ck_assert_int_eq(mkdir_at(f, "from/d"), 0);
		ck_assert_int_eq(rename_at(f, "to/e", "from/d", 0), 0); /* over an empty one */
		expect_links(f, "from", 3);
		expect_links(f, "to", 2);
		ck_assert_int_eq(rename_at(f, "from/d", "to/file", RENAME_EXCHANGE), 0);
		expect_links(f, "from", 2);
		expect_links(f, "to", 3);
		ck_assert_int_eq(rename_at(f, "from/d", "to/file", RENAME_EXCHANGE), 0);
		ck_assert_int_eq(rename_at(f, "from/d", "from/d/below/x", 0), -EINVAL);
		expect_links(f, "from", 3);
		expect_links(f, "to", 2);
		if (round == 0) {
			fs_forget(f->fs, kept[0], 1);
			fs_forget(f->fs, kept[1], 1);
		}
	}
	fixture_free(f);
}
END_TEST

START_TEST(a_removed_folder_has_none)
{
	struct fixture *f = fixture_new();
	struct stat st;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t node = node_at(f, "d");

	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 0);
	fs_forget(f->fs, node, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_large_folder_is_not_counted)
{
	struct fixture *f = fixture_new();
	char name[32];

	for (int i = 0; i < FOLDER_LINKS_ENTRIES - 1; i++) {
		snprintf(name, sizeof(name), "d/%03d", i);
		kv_put(f, name, "");
	}
	ck_assert_int_eq(mkdir_at(f, "d/sub"), 0);
	expect_links(f, "d", 3);
	kv_put(f, "d/zzz", "one more");
	expect_links(f, "d", FOLDER_LINKS_UNCOUNTED);
	uint64_t kept = node_at(f, "d");

	ck_assert_int_eq(mkdir_at(f, "d/sub2"), 0);
	expect_links(f, "d", FOLDER_LINKS_UNCOUNTED);
	ck_assert_int_eq(rmdir_at(f, "d/sub2"), 0);
	expect_links(f, "d", FOLDER_LINKS_UNCOUNTED);
	fs_forget(f->fs, kept, 1);
	/* Who made it all here knows. */
	ck_assert_int_eq(mkdir_at(f, "e"), 0);
	kept = node_at(f, "e");
	expect_links(f, "e", 2);
	for (int i = 0; i < 2 * FOLDER_LINKS_ENTRIES; i++) {
		snprintf(name, sizeof(name), "e/%03d", i);
		ck_assert_int_eq(mkdir_at(f, name), 0);
	}
	expect_links(f, "e", 2 + 2 * FOLDER_LINKS_ENTRIES);
	fs_forget(f->fs, kept, 1);
	fixture_free(f);
}
END_TEST

static int64_t mtime_of(struct fixture *f, const char *path)
{
	struct stat st = stat_at(f, path);

	return st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
}

static void apply_batch(struct fixture *f, const char *put, const char *delete)
{
	struct fs_changes *changes = fs_changes_new(f->fs);
	struct fs_stale stale = {0};

	ck_assert_ptr_nonnull(changes);
	if (put)
		ck_assert_int_eq(fs_changes_put(changes, slice_str(put), slice_str("v")), 0);
	if (delete)
		ck_assert_int_eq(fs_changes_delete(changes, slice_str(delete)), 0);
	ck_assert_int_eq(fs_changes_apply(changes, &stale), 0);
	fs_stale_done(&stale);
	fs_changes_free(changes);
}

START_TEST(a_batch_makes_and_removes_links)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t kept = node_at(f, "d");

	expect_links(f, "d", 2);
	apply_batch(f, "d/sub/deep/file", NULL);
	expect_links(f, "d", 3);
	apply_batch(f, "d/file", NULL);
	expect_links(f, "d", 3);
	apply_batch(f, "d/other/file", "d/sub/deep/file"); /* of which nobody has asked */
	expect_links(f, "d", 3);
	uint64_t other = node_at(f, "d/other");
	int64_t before_ns = mtime_of(f, "d");

	apply_batch(f, NULL, "d/other/file");
	expect_links(f, "d", 2);
	ck_assert_int_gt(mtime_of(f, "d"), before_ns);
	fs_forget(f->fs, other, 1);
	fs_forget(f->fs, kept, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_failed_change_counts_for_nothing)
{
	const struct env_fault_plan plan = {.sticky = true, .writes_only = true, .error = -EIO};
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "d/a"), 0);
	uint64_t kept = node_at(f, "d");

	expect_links(f, "d", 3);
	env_fault_set(f->fault, &plan);
	ck_assert_int_lt(mkdir_at(f, "d/b"), 0);
	ck_assert_int_lt(rmdir_at(f, "d/a"), 0);
	ck_assert_int_lt(rename_at(f, "d/a", "moved", 0), 0);
	ck_assert(env_fault_struck(f->fault));
	env_fault_set(f->fault, NULL);
	expect_links(f, "d", 3);
	expect_links(f, "", 3);
	fs_forget(f->fs, kept, 1);
	fixture_kill(f);
	expect_links(f, "d", 3);
	fixture_free(f);
}
END_TEST

/* ---- while others change it ---- */

struct crowd {
	struct fixture *f;
	_Atomic bool stop;
};

/* There are one or two subfolders at each moment. */
static void *look_on(void *arg)
{
	struct crowd *crowd = arg;
	struct fixture *f = crowd->f;

	while (!atomic_load(&crowd->stop)) {
		const char *paths[] = {"top/d", "elsewhere/d"};

		for (int i = 0; i < 2; i++) {
			uint64_t node = walk(f, paths[i]);
			struct stat st;

			if (!node)
				continue;
			ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
			ck_assert_msg(st.st_nlink == 3 || st.st_nlink == 4, "%u links",
				      (unsigned)st.st_nlink);
			fs_forget(f->fs, node, 1);
		}
	}
	return NULL;
}

START_TEST(whoever_looks_on_sees_the_truth)
{
	struct fixture *f = fixture_new();
	struct crowd crowd = {.f = f};
	pthread_t readers[READERS];

	ck_assert_int_eq(mkdir_at(f, "top"), 0);
	ck_assert_int_eq(mkdir_at(f, "top/d"), 0);
	ck_assert_int_eq(mkdir_at(f, "top/d/one"), 0);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&readers[i], NULL, look_on, &crowd), 0);
	for (int i = 0; i < CHANGES; i++) {
		ck_assert_int_eq(mkdir_at(f, "top/d/two"), 0);
		ck_assert_int_eq(rename_at(f, "top", "elsewhere", 0), 0);
		ck_assert_int_eq(rmdir_at(f, "elsewhere/d/two"), 0);
		expect_links(f, "elsewhere/d", 3);
		ck_assert_int_eq(rename_at(f, "elsewhere", "top", 0), 0);
		expect_links(f, "top/d", 3);
	}
	atomic_store(&crowd.stop, true);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(readers[i], NULL), 0);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&each_subfolder_is_a_link,
	&implied_and_partial_folders_are_links_too,
	&renames_move_links,
	&a_removed_folder_has_none,
	&a_large_folder_is_not_counted,
	&a_batch_makes_and_removes_links,
	&a_failed_change_counts_for_nothing,
	&whoever_looks_on_sees_the_truth,
};

UNIT_SUITE("fs/core/folder_links", tests)
