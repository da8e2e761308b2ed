#include "tests/unit/fs/core/fs_fixture.h"

START_TEST(a_file_moves_in_one_batch)
{
	struct fixture *f = fixture_new();
	struct lsm_stats before;
	struct lsm_stats after;

	echo(f, "a", "content");
	lsm_stats_read(f->db, &before);
	ck_assert_int_eq(rename_at(f, "a", "b", 0), 0);
	lsm_stats_read(f->db, &after);
	ck_assert_uint_eq(after.writes, before.writes + 1);
	ck_assert_uint_eq(after.records_written, before.records_written + 2);
	ck_assert(!exists(f, "a"));
	expect_text(f, "b", "content");
	ck_assert_int_eq(rename_at(f, "a", "c", 0), -ENOENT);
	fixture_kill(f);
	ck_assert(!exists(f, "a"));
	expect_text(f, "b", "content");
	fixture_free(f);
}
END_TEST

START_TEST(the_node_goes_with_the_file)
{
	struct fixture *f = fixture_new();
	struct stat st;
	uint64_t node;

	echo(f, "a", "content");
	node = node_at(f, "a");
	struct stat before = stat_at(f, "a");

	ck_assert_int_eq(rename_at(f, "a", "b", 0), 0);
	uint64_t moved = node_at(f, "b");

	ck_assert_uint_eq(moved, node);
	expect_node_text(f, node, "content");
	ck_assert_int_eq(write_node(f, node, 0, "C"), 0);
	expect_text(f, "b", "Content");
	ck_assert(!kv_has(f, "a"));
	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	ck_assert_uint_eq(st.st_ino, before.st_ino);
	echo(f, "a", "another");
	uint64_t a = node_at(f, "a");

	ck_assert_uint_ne(stat_at(f, "a").st_ino, before.st_ino);
	ck_assert_uint_ne(a, node);
	fs_forget(f->fs, a, 1);
	fs_forget(f->fs, node, 2);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(mtime_mode_and_owner_go_along)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0640, .st_uid = 5};
	struct stat st;
	uint64_t node;

	echo(f, "a", "content");
	node = node_at(f, "a");
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE | FS_SET_UID, &st), 0);
	fs_forget(f->fs, node, 1);
	ck_assert_int_eq(rename_at(f, "a", "b", 0), 0);
	struct stat after = stat_at(f, "b");

	ck_assert_uint_eq(after.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(after.st_uid, 5);
	ck_assert_mem_eq(&after.st_mtim, &st.st_mtim, sizeof(st.st_mtim));
	ck_assert_mem_eq(&after.st_atim, &st.st_atim, sizeof(st.st_atim));
	ck_assert(memcmp(&after.st_ctim, &st.st_ctim, sizeof(st.st_ctim)) != 0);

	/* Also one that was the commit time, and not stored. */
	echo(f, "c", "content");
	st = stat_at(f, "c");
	ck_assert_uint_eq(kv_meta_len(f, "c"), 0);
	ck_assert_int_eq(rename_at(f, "c", "d", 0), 0);
	after = stat_at(f, "d");
	ck_assert_mem_eq(&after.st_mtim, &st.st_mtim, sizeof(st.st_mtim));
	fixture_free(f);
}
END_TEST

START_TEST(what_is_replaced_is_read_on)
{
	struct fixture *f = fixture_new();
	uint64_t old;
	uint64_t moved;

	echo(f, "a", "new");
	echo(f, "b", "old");
	old = node_at(f, "b");
	moved = node_at(f, "a");
	ck_assert_int_eq(rename_at(f, "a", "b", 0), 0);
	expect_text(f, "b", "new");
	expect_node_text(f, old, "old");
	expect_node_text(f, moved, "new");
	ck_assert_int_eq(write_node(f, old, 0, "O"), 0);
	expect_node_text(f, old, "Old");
	expect_text(f, "b", "new");
	fs_forget(f->fs, old, 1);
	fs_forget(f->fs, moved, 1);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(noreplace_replaces_nothing)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "1");
	echo(f, "b", "2");
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(rename_at(f, "a", "b", RENAME_NOREPLACE), -EEXIST);
	ck_assert_int_eq(rename_at(f, "a", "d", RENAME_NOREPLACE), -EEXIST);
	ck_assert_int_eq(rename_at(f, "a", "a", RENAME_NOREPLACE), -EEXIST);
	expect_text(f, "b", "2");
	ck_assert_int_eq(rename_at(f, "a", "c", RENAME_NOREPLACE), 0);
	expect_text(f, "c", "1");
	ck_assert_int_eq(rename_at(f, "b", "e", RENAME_WHITEOUT), -EINVAL);
	fixture_free(f);
}
END_TEST

START_TEST(onto_itself_is_nothing)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "1");
	uint64_t before = records_written(f);

	ck_assert_int_eq(rename_at(f, "a", "a", 0), 0);
	ck_assert_uint_eq(records_written(f), before);
	expect_text(f, "a", "1");
	fixture_free(f);
}
END_TEST

START_TEST(kinds_that_do_not_fit_are_refused)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "1");
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(rename_at(f, "a", "d", 0), -EISDIR);
	ck_assert_int_eq(rename_at(f, "d", "a", 0), -ENOTDIR);
	ck_assert_int_eq(rename_at(f, "a", ".apex", 0), -EPERM);
	ck_assert_int_eq(rename_at(f, "none", "d", 0), -ENOENT);
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_does_not_vanish_when_its_last_file_moves_out)
{
	struct fixture *f = fixture_new();

	kv_put(f, "d/a", "1");
	ck_assert_int_eq(rename_at(f, "d/a", "d/b", 0), 0);
	ck_assert(!kv_has(f, "d/"));
	ck_assert_int_eq(mkdir_at(f, "d/e"), 0);
	ck_assert_int_eq(rmdir_at(f, "d/e"), 0);
	ck_assert(!kv_has(f, "d/"));
	ck_assert_int_eq(rename_at(f, "d/b", "b", 0), 0);
	ck_assert(kv_has(f, "d/"));
	ck_assert(exists(f, "d"));
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	fixture_free(f);
}
END_TEST

START_TEST(names_with_a_meaning_of_their_own)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "");
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(rename_at(f, "a", "d/%", 0), 0); /* key "d/", empty */
	fixture_restart(f);
	expect_text(f, "d/%", "");
	expect_list(f, "d", "%");
	ck_assert_int_eq(rename_at(f, "d/%", "d/%=", 0), 0); /* key "d" */
	ck_assert(kv_has(f, "d"));
	ck_assert(kv_has(f, "d/"));
	ck_assert_uint_eq(kv_meta_len(f, "d/"), 0);
	expect_list(f, "d", "%=");
	ck_assert_int_eq(rename_at(f, "d/%=", "d/x", 0), 0);
	expect_list(f, "d", "x");
	fixture_free(f);
}
END_TEST

START_TEST(a_failed_rename_changes_nothing)
{
	struct fixture *f = fixture_new();
	struct env_fault_plan plan = {.sticky = true, .writes_only = true, .error = -EIO};
	uint64_t a;
	uint64_t b;

	echo(f, "a", "1");
	echo(f, "b", "2");
	a = node_at(f, "a");
	b = node_at(f, "b");
	env_fault_set(f->fault, &plan);
	ck_assert_int_lt(rename_at(f, "a", "b", 0), 0);
	expect_node_text(f, a, "1");
	expect_node_text(f, b, "2");
	expect_text(f, "a", "1");
	expect_text(f, "b", "2");
	env_fault_set(f->fault, NULL);
	fixture_kill(f);
	expect_text(f, "a", "1");
	expect_text(f, "b", "2");
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_file_moves_in_one_batch,         &the_node_goes_with_the_file,
	&mtime_mode_and_owner_go_along,     &what_is_replaced_is_read_on,
	&noreplace_replaces_nothing,        &onto_itself_is_nothing,
	&kinds_that_do_not_fit_are_refused, &a_folder_does_not_vanish_when_its_last_file_moves_out,
	&names_with_a_meaning_of_their_own, &a_failed_rename_changes_nothing,
};

UNIT_SUITE("fs/core/rename", tests)
