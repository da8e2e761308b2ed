#include <sched.h>

#include "lsm/base/clock.h"
#include "tests/unit/fs/core/fs_fixture.h"

/* open(O_CREAT | O_TRUNC) of a new file by `caller`. */
static uint64_t hold_new(struct fixture *f, const struct fs_caller *caller, const char *path)
{
	uint64_t node = 0;

	ck_assert_int_eq(create_as(f, caller, path, 0666, false, &node), 0);
	return node;
}

START_TEST(echo_into_a_new_file_is_one_put)
{
	struct fixture *f = fixture_new();
	uint64_t node = hold_new(f, &f->me, "a");

	ck_assert_uint_eq(records_written(f), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	ck_assert_int_eq(write_node(f, node, 0, "v"), 0);
	ck_assert_uint_eq(records_written(f), 1);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_uint_eq(fs_stats_of(f).held_merged, 1);
	ck_assert_uint_eq(kv_meta_len(f, "a"), 0);
	fixture_kill(f);
	expect_text(f, "a", "v");
	fixture_free(f);
}
END_TEST

START_TEST(echo_over_a_value_is_one_put)
{
	struct fixture *f = fixture_new();
	uint64_t node;

	echo(f, "a", "a longer value");
	node = node_at(f, "a");
	uint64_t before = records_written(f);

	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
	expect_node_text(f, node, "");
	ck_assert_int_eq(stat_at(f, "a").st_size, 0);
	ck_assert_uint_eq(records_written(f), before);
	ck_assert_int_eq(write_node(f, node, 0, "v"), 0);
	ck_assert_uint_eq(records_written(f), before + 1);
	expect_node_text(f, node, "v");
	fixture_free(f);
}
END_TEST

START_TEST(a_crash_in_between_leaves_the_old_value)
{
	struct fixture *f = fixture_new();
	struct env *disk;
	uint64_t node;

	echo(f, "a", "old");
	node = node_at(f, "a");
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
	(void)hold_new(f, &f->other, "new");
	/* What is on the disk at this moment, and not what fs_free will log. */
	disk = env_mem_clone(f->env);
	fixture_stop(f);
	env_free(f->fault);
	env_free(f->env);
	f->env = disk;
	f->fault = env_fault_new(disk);
	fixture_start(f);
	expect_text(f, "a", "old");
	ck_assert(!exists(f, "new"));
	fixture_free(f);
}
END_TEST

START_TEST(everyone_sees_what_is_held)
{
	struct fixture *f = fixture_new();
	struct fs_entry entry;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t before = records_written(f);
	uint64_t node = hold_new(f, &f->me, "d/new");
	struct fs_entry again;

	ck_assert_int_eq(look(f, node_at(f, "d"), "new", &entry), 0);
	ck_assert_uint_eq(entry.node, node);
	ck_assert_int_eq(entry.attr.st_size, 0);
	ck_assert_uint_eq(entry.attr.st_mode, S_IFREG | 0644);
	expect_node_text(f, node, "");
	expect_list(f, "d", "new");
	ck_assert_int_eq(create_as(f, &f->other, "d/new", 0666, true, NULL), -EEXIST);
	ck_assert_int_eq(
		fs_create(f->fs, &f->other, node_at(f, "d"), slice_str("new"), 0666, &again), 0);
	ck_assert_uint_eq(again.node, node);
	ck_assert_uint_eq(records_written(f), before);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_with_a_held_file_is_not_empty)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	(void)hold_new(f, &f->other, "d/new");
	ck_assert_int_eq(rmdir_at(f, "d"), -ENOTEMPTY);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	ck_assert_int_eq(mkdir_at(f, "e"), 0);
	(void)hold_new(f, &f->other, "e/%=");
	ck_assert_int_eq(rmdir_at(f, "e"), -ENOTEMPTY);
	expect_list(f, "e", "%=");
	fixture_free(f);
}
END_TEST

START_TEST(another_change_by_the_caller_logs_it_first)
{
	struct fixture *f = fixture_new();
	uint64_t held = hold_new(f, &f->me, "a");
	uint64_t b = hold_new(f, &f->other, "b");

	/* Another process's change does not. */
	ck_assert_int_eq(fs_write(f->fs, &f->other, b, 0, slice_str("x")), 0);
	ck_assert(!kv_has(f, "a"));
	ck_assert_int_eq(write_node(f, b, 1, "y"), 0);
	ck_assert(kv_has(f, "a"));
	/* No write came: its time was shown already, so it is stored. */
	struct stat st = stat_at(f, "a");

	ck_assert_int_eq(st.st_size, 0);
	ck_assert_uint_gt(kv_meta_len(f, "a"), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_uint_eq(fs_stats_of(f).held_merged, 1);
	fs_forget(f->fs, held, 1);
	fixture_free(f);
}
END_TEST

START_TEST(every_kind_of_change_logs_it_first)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0600};
	struct stat st;

	echo(f, "x", "x");
	uint64_t x = node_at(f, "x");

	(void)hold_new(f, &f->me, "a");
	(void)hold_new(f, &f->me, "b");
	ck_assert(kv_has(f, "a"));
	ck_assert(!kv_has(f, "b"));
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert(kv_has(f, "b"));
	(void)hold_new(f, &f->me, "c");
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, x, &want, FS_SET_MODE, &st), 0);
	ck_assert(kv_has(f, "c"));
	(void)hold_new(f, &f->me, "e");
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	ck_assert(kv_has(f, "e"));
	(void)hold_new(f, &f->me, "g");
	ck_assert_int_eq(rename_at(f, "x", "y", 0), 0);
	ck_assert(kv_has(f, "g"));
	(void)hold_new(f, &f->me, "h");
	ck_assert_int_eq(unlink_at(f, "y"), 0);
	ck_assert(kv_has(f, "h"));
	(void)hold_new(f, &f->me, "i");
	ck_assert_int_eq(create_as(f, &f->me, "j", 0666, true, NULL), 0);
	ck_assert(kv_has(f, "i"));
	ck_assert(kv_has(f, "j"));
	fixture_free(f);
}
END_TEST

START_TEST(a_change_of_the_held_file_itself)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0600};
	struct stat st;
	uint64_t node = hold_new(f, &f->me, "a");

	ck_assert_int_eq(fs_setattr(f->fs, &f->other, node, &want, FS_SET_MODE, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_uint_eq(stat_at(f, "a").st_mode, S_IFREG | 0600);

	node = hold_new(f, &f->me, "b");
	ck_assert_int_eq(rename_at(f, "b", "c", 0), 0);
	expect_node_text(f, node, "");
	ck_assert(exists(f, "c"));
	ck_assert(!exists(f, "b"));

	node = hold_new(f, &f->other, "d");
	ck_assert_int_eq(rename_at(f, "c", "d", 0), 0);
	expect_node_text(f, node, "");
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_uint_eq(fs_stats_of(f).unlinked_nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(unlink_of_what_was_never_logged_logs_nothing)
{
	struct fixture *f = fixture_new();
	uint64_t node = hold_new(f, &f->me, "a");

	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert_uint_eq(records_written(f), 0);
	ck_assert(!exists(f, "a"));
	expect_node_text(f, node, "");
	ck_assert_int_eq(write_node(f, node, 0, "still mine"), 0);
	expect_node_text(f, node, "still mine");
	ck_assert_uint_eq(records_written(f), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	fs_forget(f->fs, node, 1);
	fixture_free(f);
}
END_TEST

START_TEST(unlink_of_a_held_truncation_deletes_the_value)
{
	struct fixture *f = fixture_new();
	uint64_t node;

	echo(f, "a", "old");
	node = node_at(f, "a");
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
	ck_assert_int_eq(unlink_at(f, "a"), 0);
	ck_assert(!kv_has(f, "a"));
	expect_node_text(f, node, ""); /* and not the old value */
	fixture_free(f);
}
END_TEST

START_TEST(sync_logs_all)
{
	struct fixture *f = fixture_new();

	(void)hold_new(f, &f->me, "a");
	(void)hold_new(f, &f->other, "b");
	ck_assert_int_eq(fs_sync(f->fs), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	env_mem_power_cut(f->env);
	/* Files that are open across a power cut are dead, so the old store is only closed. */
	ignore_result(fs_free(f->fs));
	ignore_result(lsm_close(f->db));
	fixture_start(f);
	ck_assert(exists(f, "a"));
	ck_assert(exists(f, "b"));
	fixture_free(f);
}
END_TEST

START_TEST(unmount_logs_all)
{
	struct fixture *f = fixture_new();

	(void)hold_new(f, &f->me, "a");
	fixture_restart(f);
	ck_assert(exists(f, "a"));
	fixture_free(f);
}
END_TEST

START_TEST(freezing_logs_all_and_lets_nothing_be_held)
{
	struct fixture *f = fixture_new();
	uint64_t node = hold_new(f, &f->me, "a");
	struct attr attr = {.mode = S_IFREG | 0644};
	struct node_view view;

	(void)hold_new(f, &f->other, "b");
	ck_assert_int_eq(fs_freeze(f->fs), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_uint_eq(records_written(f), 2);
	ck_assert_int_eq(create_as(f, &f->me, "c", 0644, false, NULL), -EROFS);
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), -EROFS);
	/* who looked before it was frozen, and has the stripe now */
	ck_assert_int_eq(nodes_pin(&f->fs->nodes, node, &view), 0);
	ck_assert(!hold_add(f->fs, &view, &attr, false, f->me.pid));
	nodes_unpin(&f->fs->nodes, &view);
	fixture_kill(f);
	ck_assert(exists(f, "a"));
	ck_assert(exists(f, "b"));
	fixture_free(f);
}
END_TEST

START_TEST(what_cannot_be_logged_is_not_frozen)
{
	const struct env_fault_plan plan = {.writes_only = true, .error = -ENOSPC, .sticky = true};
	struct fixture *f = fixture_new();

	(void)hold_new(f, &f->me, "a");
	env_fault_set(f->fault, &plan);
	ck_assert_int_lt(fs_freeze(f->fs), 0);
	ck_assert(!lsm_is_frozen(f->db));
	env_fault_set(f->fault, NULL);
	fixture_kill(f);
	fixture_free(f);
}
END_TEST

START_TEST(forget_logs_it)
{
	struct fixture *f = fixture_new();
	uint64_t node = hold_new(f, &f->me, "a");

	fs_forget(f->fs, node, 1);
	ck_assert(kv_has(f, "a"));
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(its_time_runs_out)
{
	struct fixture *f = fixture_new();
	uint64_t before_ns = clock_mono_ns();

	(void)hold_new(f, &f->me, "a");
	ck_assert_int_eq(hold_expire(f->fs, before_ns), 0);
	ck_assert(!kv_has(f, "a"));
	ck_assert_int_eq(hold_expire(f->fs, clock_mono_ns() + FS_HOLD_MS * UINT64_C(1000000)), 0);
	ck_assert(kv_has(f, "a"));
	fixture_free(f);
}
END_TEST

START_TEST(its_logging_moves_no_time)
{
	struct fixture *f = fixture_new();

	echo(f, "old", "value");
	ck_assert_int_eq(truncate_node(f, &f->me, node_at(f, "old"), 0), 0);
	(void)hold_new(f, &f->me, "new");
	static const char *const paths[] = {"old", "new"};
	struct stat held[array_size(paths)];

	for (size_t i = 0; i < array_size(paths); i++)
		held[i] = stat_at(f, paths[i]);
	ck_assert_int_eq(hold_log_all(f->fs), 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < array_size(paths); i++) {
			struct stat st = stat_at(f, paths[i]);

			ck_assert_mem_eq(&st.st_mtim, &held[i].st_mtim, sizeof(st.st_mtim));
			ck_assert_mem_eq(&st.st_ctim, &held[i].st_ctim, sizeof(st.st_ctim));
		}
		fixture_restart(f);
	}
	/* the next change does */
	ck_assert_int_eq(write_node(f, node_at(f, "new"), 0, "v"), 0);
	struct stat written = stat_at(f, "new");

	ck_assert_mem_ne(&written.st_ctim, &held[1].st_ctim, sizeof(written.st_ctim));
	fixture_free(f);
}
END_TEST

START_TEST(the_timer_runs_also_after_a_long_sleep)
{
	struct fixture *f = fixture_new();
	struct fs_stats stats;

	f->with_timer = true;
	fixture_restart(f);
	for (int i = 0; i < 2; i++) {
		uint64_t node = hold_new(f, &f->me, i ? "b" : "a");

		do { /* until it is logged by time alone */
			sched_yield();
			stats = fs_stats_of(f);
		} while (stats.held_now > 0);
		ck_assert(kv_has(f, i ? "b" : "a"));
		ck_assert_uint_eq(stats.held_merged, 0);
		fs_forget(f->fs, node, 1);
		/* Until it has gone to sleep. */
		for (bool asleep = false; !asleep;) {
			mutex_lock(&f->fs->hold.mu);
			asleep = f->fs->hold.asleep;
			mutex_unlock(&f->fs->hold.mu);
			sched_yield();
		}
	}
	fixture_free(f);
}
END_TEST

START_TEST(a_sleeping_timer_is_woken_once)
{
	struct fixture *f = fixture_new();

	f->fs->hold.asleep = true; /* there is no thread, so nobody else looks */
	(void)hold_new(f, &f->me, "a");
	ck_assert(!f->fs->hold.asleep);
	fixture_free(f);
}
END_TEST

START_TEST(logging_that_fails_is_told_and_tried_again)
{
	struct fixture *f = fixture_new();
	struct env_fault_plan plan = {.sticky = true, .writes_only = true, .error = -EIO};
	struct stat st;
	uint64_t node = hold_new(f, &f->me, "a");

	env_fault_set(f->fault, &plan);
	ck_assert_int_lt(hold_expire(f->fs, UINT64_MAX), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	/* It is still there for everyone, and whoever relies on it hears of the error. */
	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	ck_assert_int_lt(mkdir_at(f, "d"), 0);
	ck_assert_int_lt(fs_sync(f->fs), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	ck_assert_int_lt(fs_free(f->fs), 0);
	env_fault_set(f->fault, NULL);
	ignore_result(lsm_close(f->db)); /* it has become read-only */
	fixture_start(f);
	ck_assert(!exists(f, "a"));
	fixture_free(f);
}
END_TEST

static void put_until_full(struct fixture *f, size_t len)
{
	static const char bytes[1000];
	int err = 0;

	for (int i = 0; i < 100000 && !err; i++)
		err = lsm_put(f->db, slice_str("f"), slice_of(bytes, len), NULL);
	ck_assert_int_eq(err, -ENOSPC);
}

/* Until the smallest put finds no room. */
static void fill_disk(struct fixture *f)
{
	struct env_space space;
	struct env_dir *dir;

	env_mem_set_capacity(f->env, INT32_MAX);
	ck_assert_int_eq(env_open_dir(f->env, "store", false, &dir), 0);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	env_dir_close(dir);
	env_mem_set_capacity(f->env, INT32_MAX - space.free_bytes);
	put_until_full(f, 1000);
	put_until_full(f, 0);
}

START_TEST(on_a_full_disk_it_is_in_nobodys_way)
{
	struct fixture *f = fixture_new();

	echo(f, "old", "1");
	echo(f, "older", "2");
	uint64_t node = hold_new(f, &f->me, "a");

	fill_disk(f);
	ck_assert_int_eq(write_node(f, node, 0, "x"), -ENOSPC);
	ck_assert_int_eq(unlink_at(f, "old"), 0);
	ck_assert(kv_has(f, "a"));
	/* the next creation is refused, and not held; what makes room is not */
	ck_assert(lsm_is_low(f->db));
	ck_assert_int_eq(create_as(f, &f->me, "b", 0666, false, NULL), -ENOSPC);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	ck_assert_int_eq(unlink_at(f, "older"), 0);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	ck_assert(!exists(f, "b") && !exists(f, "old") && !exists(f, "older"));
	fixture_free(f);
}
END_TEST

START_TEST(two_callers_who_rely_on_it)
{
	struct fixture *f = fixture_new();
	uint64_t node = hold_new(f, &f->me, "a");

	ck_assert_int_eq(truncate_node(f, &f->other, node, 0), 0);
	struct fs_caller third = {.pid = 300};

	(void)hold_new(f, &third, "b");
	ck_assert(kv_has(f, "a")); /* any change logs it now */
	fixture_free(f);
}
END_TEST

START_TEST(exclusive_creation_is_logged_at_once)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(create_as(f, &f->me, "a", 0666, true, NULL), 0);
	ck_assert(kv_has(f, "a"));
	ck_assert_uint_eq(fs_stats_of(f).held_total, 0);
	fixture_free(f);
}
END_TEST

START_TEST(what_is_held_has_a_limit)
{
	struct fixture *f = fixture_new();

	for (int i = 0; i < HOLD_MAX + 10; i++) {
		struct fs_caller caller = {.pid = 1000 + i};
		char name[32];

		snprintf(name, sizeof(name), "f%03d", i);
		(void)hold_new(f, &caller, name);
	}
	ck_assert_uint_eq(fs_stats_of(f).held_now, HOLD_MAX);
	ck_assert_uint_eq(records_written(f), 10);
	char *names = list_node(f, FS_ROOT);

	ck_assert_uint_eq(strlen(names), (HOLD_MAX + 10) * 5 - 1);
	free(names);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	ck_assert_uint_eq(records_written(f), HOLD_MAX + 10);
	fixture_free(f);
}
END_TEST

START_TEST(a_write_that_fails_keeps_it_held)
{
	struct fixture *f = fixture_new();
	uint64_t node = hold_new(f, &f->me, "a");

	ck_assert_int_eq(write_node(f, node, FIXTURE_VALUE_MAX, "x"), -EFBIG);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	ck_assert_int_eq(write_node(f, node, 2, "x"), 0);
	ck_assert_int_eq(stat_at(f, "a").st_size, 3);
	ck_assert_uint_eq(records_written(f), 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_truncation_as_the_kernel_sends_it_is_held)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_size = 0};
	struct stat st;
	uint64_t node;

	echo(f, "a", "old");
	node = node_at(f, "a");
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want,
				    FS_SET_SIZE | FS_SET_MTIME | FS_SET_MTIME_NOW, &st),
			 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_int_gt(st.st_mtim.tv_sec, 0);
	/* With a mode, or another size, it is not a truncation for a write to follow. */
	want.st_mode = 0600;
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_SIZE | FS_SET_MODE, &st), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&echo_into_a_new_file_is_one_put,
	&echo_over_a_value_is_one_put,
	&a_crash_in_between_leaves_the_old_value,
	&everyone_sees_what_is_held,
	&a_folder_with_a_held_file_is_not_empty,
	&another_change_by_the_caller_logs_it_first,
	&every_kind_of_change_logs_it_first,
	&a_change_of_the_held_file_itself,
	&unlink_of_what_was_never_logged_logs_nothing,
	&unlink_of_a_held_truncation_deletes_the_value,
	&sync_logs_all,
	&unmount_logs_all,
	&freezing_logs_all_and_lets_nothing_be_held,
	&what_cannot_be_logged_is_not_frozen,
	&forget_logs_it,
	&its_time_runs_out,
	&its_logging_moves_no_time,
	&the_timer_runs_also_after_a_long_sleep,
	&a_sleeping_timer_is_woken_once,
	&logging_that_fails_is_told_and_tried_again,
	&on_a_full_disk_it_is_in_nobodys_way,
	&two_callers_who_rely_on_it,
	&exclusive_creation_is_logged_at_once,
	&what_is_held_has_a_limit,
	&a_write_that_fails_keeps_it_held,
	&a_truncation_as_the_kernel_sends_it_is_held,
};

UNIT_SUITE("fs/core/hold", tests)
