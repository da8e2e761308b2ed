#include "tests/unit/fs/core/fs_fixture.h"

static uint64_t snapshots(struct fixture *f)
{
	struct lsm_stats stats;

	lsm_stats_read(f->db, &stats);
	return stats.snapshots;
}

START_TEST(unlink_deletes_the_key)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "x");
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert(!kv_has(f, "a"));
	ck_assert(!exists(f, "a"));
	ck_assert_int_eq(unlink_at(f, "a"), -ENOENT);
	fixture_kill(f);
	ck_assert(!exists(f, "a"));
	fixture_free(f);
}
END_TEST

START_TEST(files_and_folders_are_removed_each_their_way)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "x");
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(unlink_at(f, "d"), -EISDIR);
	ck_assert_int_eq(rmdir_at(f, "a"), -ENOTDIR);
	ck_assert_int_eq(rmdir_at(f, "none"), -ENOENT);
	ck_assert_int_eq(unlink_at(f, ".stats"), -ENOENT);
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_does_not_vanish_with_its_last_file)
{
	struct fixture *f = fixture_new();
	uint64_t before;

	kv_put(f, "d/a", "1");
	kv_put(f, "d/b", "2");
	before = records_written(f);
	ck_assert_int_eq(unlink_at(f, "d/a"), 0);
	ck_assert(!kv_has(f, "d/"));
	ck_assert_uint_eq(records_written(f), before + 1);
	/* The last one: its deletion and the folder's record, in one batch. */
	struct lsm_stats one;
	struct lsm_stats two;

	lsm_stats_read(f->db, &one);
	ck_assert_int_eq(unlink_at(f, "d/b"), 0);
	lsm_stats_read(f->db, &two);
	ck_assert_uint_eq(two.writes, one.writes + 1);
	ck_assert_uint_eq(two.records_written, one.records_written + 2);
	ck_assert(kv_has(f, "d/"));
	fixture_kill(f);
	ck_assert(exists(f, "d"));
	expect_list(f, "d", "");
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	ck_assert(!exists(f, "d"));
	fixture_free(f);
}
END_TEST

START_TEST(nor_with_its_last_folder)
{
	struct fixture *f = fixture_new();

	kv_put(f, "d/e/f/a", "1");
	ck_assert_int_eq(unlink_at(f, "d/e/f/a"), 0);
	ck_assert(kv_has(f, "d/e/f/"));
	ck_assert_int_eq(rmdir_at(f, "d/e/f"), 0);
	ck_assert(kv_has(f, "d/e/"));
	ck_assert(!kv_has(f, "d/e/f/"));
	ck_assert_int_eq(rmdir_at(f, "d"), -ENOTEMPTY);
	ck_assert_int_eq(rmdir_at(f, "d/e"), 0);
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	expect_list(f, "", "");
	fixture_free(f);
}
END_TEST

/* In the order given by step and start, all of a folder without a record. */
static void remove_all(struct fixture *f, unsigned count, unsigned start, unsigned step)
{
	char path[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "d/%04u", i);
		kv_put(f, path, "x");
	}
	for (unsigned i = 0; i < count; i++) {
		ck_assert(!kv_has(f, "d/"));
		snprintf(path, sizeof(path), "d/%04u", (start + i * step) % count);
		ck_assert_int_eq(unlink_at(f, path), 0);
	}
	ck_assert(kv_has(f, "d/"));
	expect_list(f, "d", "");
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
}

START_TEST(the_last_one_is_known_in_every_order)
{
	struct fixture *f = fixture_new();

	remove_all(f, 101, 0, 1);
	remove_all(f, 101, 100, 100); /* backwards */
	remove_all(f, 101, 5, 37);
	fixture_free(f);
}
END_TEST

START_TEST(removing_many_costs_few_iterators)
{
	struct fixture *f = fixture_new();
	struct lsm_stats before;
	struct lsm_stats after;
	char path[32];
	/* A folder's hint lives in its node. */
	kv_put(f, "d/0", "x");
	uint64_t d = node_at(f, "d");

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "d/%04u", i);
		kv_put(f, path, "x");
	}
	lsm_stats_read(f->db, &before);
	for (unsigned i = 1000; i-- > 0;) {
		snprintf(path, sizeof(path), "%04u", i);
		ck_assert_int_eq(fs_unlink(f->fs, &f->me, d, slice_str(path)), 0);
	}
	lsm_stats_read(f->db, &after);
	/* Each lookup may ask the store whether there is a folder of the name: that is one. */
	ck_assert_uint_lt(after.iterators - before.iterators, 1000 + 10);
	fs_forget(f->fs, d, 1);
	fixture_free(f);
}
END_TEST

START_TEST(rmdir_only_takes_empty_folders)
{
	struct fixture *f = fixture_new();
	struct fs_entry entry;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "d/e"), 0);
	ck_assert_int_eq(rmdir_at(f, "d"), -ENOTEMPTY);
	ck_assert_int_eq(rmdir_at(f, "d/e"), 0);
	uint64_t d = node_at(f, "d");

	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	/* Who stands in it sees an empty folder that takes nothing. */
	struct stat st;
	struct fs_dir *dir;

	ck_assert_int_eq(fs_getattr(f->fs, d, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(fs_create(f->fs, &f->me, d, slice_str("a"), 0666, &entry), -ENOENT);
	ck_assert_int_eq(look(f, d, "a", &entry), -ENOENT);
	ck_assert_int_eq(fs_dir_open(f->fs, d, &dir), -ENOENT);
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, d, &st, FS_SET_MODE, &st), -ENOENT);
	fs_forget(f->fs, d, 1);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(an_unlinked_file_is_read_until_it_is_forgotten)
{
	struct fixture *f = fixture_new();
	uint64_t node;
	struct stat st;

	echo(f, "a", "content");
	node = node_at(f, "a");
	struct stat before = stat_at(f, "a");

	ck_assert_int_eq(unlink_at(f, "a"), 0);
	echo(f, "a", "another");
	/* Whatever the engine does meanwhile. */
	ck_assert_int_eq(lsm_flush(f->db), 0);
	ck_assert_int_eq(lsm_compact(f->db, slice_str("\1"), slice_of(NULL, 0)), 0);
	expect_node_text(f, node, "content");
	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(st.st_size, 7);
	ck_assert_uint_eq(st.st_ino, before.st_ino);
	ck_assert_uint_ne(stat_at(f, "a").st_ino, before.st_ino);
	expect_text(f, "a", "another");
	ck_assert_uint_eq(fs_stats_of(f).unlinked_nodes, 1);
	ck_assert_uint_eq(snapshots(f), 1);
	fs_forget(f->fs, node, 1);
	ck_assert_uint_eq(fs_stats_of(f).unlinked_nodes, 0);
	ck_assert_uint_eq(snapshots(f), 0);
	fixture_free(f);
}
END_TEST

START_TEST(an_unlinked_file_is_written_in_memory)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0600};
	struct stat st;
	uint64_t node;

	echo(f, "a", "content");
	node = node_at(f, "a");
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	uint64_t before = records_written(f);

	ck_assert_int_eq(write_node(f, node, 3, "XY"), 0);
	expect_node_text(f, node, "conXYnt");
	ck_assert_uint_eq(snapshots(f), 0);
	ck_assert_uint_gt(fs_stats_of(f).unlinked_bytes, 0);
	ck_assert_int_eq(write_node(f, node, 7, "!"), 0);
	expect_node_text(f, node, "conXYnt!");
	ck_assert_int_eq(truncate_node(f, &f->me, node, 2), 0);
	expect_node_text(f, node, "co");
	ck_assert_int_eq(write_node(f, node, FIXTURE_VALUE_MAX, "x"), -EFBIG);
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(st.st_size, 2);
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
	ck_assert_int_eq(write_node(f, node, 0, "new"), 0);
	expect_node_text(f, node, "new");
	ck_assert_uint_eq(records_written(f), before);
	ck_assert(!exists(f, "a"));
	fs_forget(f->fs, node, 1);
	ck_assert_uint_eq(fs_stats_of(f).unlinked_bytes, 0);
	fixture_restart(f);
	ck_assert(!exists(f, "a"));
	fixture_free(f);
}
END_TEST

START_TEST(a_read_result_outlives_later_writes)
{
	struct fixture *f = fixture_new();
	struct fs_read_result read;
	uint64_t node;

	echo(f, "a", "content");
	node = node_at(f, "a");
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert_int_eq(write_node(f, node, 0, "C"), 0);
	ck_assert_int_eq(fs_read(f->fs, node, 0, 100, &read), 0);
	ck_assert_int_eq(write_node(f, node, 100000, "far"), 0);
	ck_assert(slice_eq(read.bytes, slice_str("Content")));
	fs_read_done(&read);
	fixture_free(f);
}
END_TEST

START_TEST(nobody_uses_it_nothing_is_kept)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "content");
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert_uint_eq(snapshots(f), 0);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_failed_delete_leaves_the_file)
{
	struct fixture *f = fixture_new();
	struct env_fault_plan plan = {.sticky = true, .writes_only = true, .error = -EIO};
	uint64_t node;

	echo(f, "a", "content");
	node = node_at(f, "a");
	env_fault_set(f->fault, &plan);
	ck_assert_int_lt(unlink_at(f, "a"), 0);
	expect_node_text(f, node, "content");
	expect_text(f, "a", "content");
	ck_assert_uint_eq(snapshots(f), 0);
	env_fault_set(f->fault, NULL);
	fixture_kill(f);
	expect_text(f, "a", "content");
	fixture_free(f);
}
END_TEST

START_TEST(on_a_full_disk_files_can_be_removed_and_cut)
{
	struct fixture *f = fixture_new();
	struct lsm_stats stats;
	char key[32], text[500];
	unsigned count = 0;
	int err = 0;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	echo(f, "kept", text);
	echo(f, "emptied", text);
	kv_put(f, "prefix/only", "1"); /* a folder without a record of its own */
	env_mem_set_capacity(f->env, 4 << 20);
	while (!err) {
		(void)snprintf(key, sizeof(key), "d%u/f", count);
		err = lsm_put(f->db, slice_str(key), slice_str(text), NULL);
		count += !err;
	}
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_uint_gt(count, 300);
	uint64_t node = node_at(f, "kept");

	ck_assert_int_eq(truncate_node(f, &f->me, node, 10), 0);
	ck_assert_int_eq(truncate_node(f, &f->me, node, 1000), -ENOSPC);
	ck_assert_int_eq(truncate_node(f, &f->me, node_at(f, "emptied"), 0), 0);
	ck_assert_int_eq(fs_sync(f->fs), 0); /* what is held is logged */
	ck_assert_int_eq(unlink_at(f, "prefix/only"), 0);
	ck_assert(kv_has(f, "prefix/")); /* the folder stays */
	ck_assert_int_eq(rmdir_at(f, "prefix"), 0);
	for (unsigned n = 0; n < 300; n++) {
		(void)snprintf(key, sizeof(key), "d%u/f", n);
		ck_assert_int_eq(unlink_at(f, key), 0);
	}
	ck_assert_int_eq(create_as(f, &f->me, "new", 0644, true, NULL), -ENOSPC);
	lsm_stats_read(f->db, &stats);
	ck_assert_int_eq(stats.health, LSM_HEALTH_DEGRADED);
	expect_text(f, "emptied", "");
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&unlink_deletes_the_key,
	&on_a_full_disk_files_can_be_removed_and_cut,
	&files_and_folders_are_removed_each_their_way,
	&a_folder_does_not_vanish_with_its_last_file,
	&nor_with_its_last_folder,
	&the_last_one_is_known_in_every_order,
	&removing_many_costs_few_iterators,
	&rmdir_only_takes_empty_folders,
	&an_unlinked_file_is_read_until_it_is_forgotten,
	&an_unlinked_file_is_written_in_memory,
	&a_read_result_outlives_later_writes,
	&nobody_uses_it_nothing_is_kept,
	&a_failed_delete_leaves_the_file,
};

UNIT_SUITE("fs/core/remove", tests)
