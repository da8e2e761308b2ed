#include "lsm/env/env_mem.h"

#include <stdatomic.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/thread.h"
#include "tests/unit/lsm/env/env_testing.h"

static struct env *env;
static struct env_dir *dir;

static void setup(void)
{
	env = env_mem_new();
	ck_assert_ptr_nonnull(env);
	ck_assert_int_eq(env_open_dir(env, "/store", true, &dir), 0);
}

static void teardown(void)
{
	env_dir_close(dir);
	env_free(env);
}

static void sync_names(void)
{
	ck_assert_int_eq(env_dir_sync(dir), 0);
}

START_TEST(power_cut_takes_bytes_that_were_not_synced)
{
	struct env_file *f = open_file(dir, "a", ENV_CREATE);

	sync_names();
	ck_assert_int_eq(append(f, "kept"), 0);
	ck_assert_int_eq(env_file_sync(f), 0);
	ck_assert_int_eq(append(f, " and lost"), 0);
	ck_assert_int_eq(env_file_seek(f, 0), 0);
	ck_assert_int_eq(append(f, "K"), 0);
	ck_assert(holds(dir, "a", "Kept and lost"));
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", "kept"));
	env_file_close(f);
	ck_assert(holds(dir, "a", "kept"));
}
END_TEST

START_TEST(power_cut_takes_names_that_were_not_synced)
{
	put_synced(dir, "a", "synced bytes, unsynced name");
	put(dir, "b", "unsynced bytes, synced name");
	env_mem_power_cut(env);
	ck_assert_int_eq(names(dir), 0);
	put(dir, "b", "unsynced bytes, synced name");
	sync_names();
	env_mem_power_cut(env);
	ck_assert(holds(dir, "b", ""));
}
END_TEST

START_TEST(power_cut_undoes_unsynced_changes_of_names)
{
	put_synced(dir, "a", "A");
	put_synced(dir, "b", "B");
	put_synced(dir, "c", "C");
	sync_names();
	ck_assert_int_eq(env_dir_rename(dir, "a", "b"), 0);
	ck_assert_int_eq(env_dir_unlink(dir, "c"), 0);
	put_synced(dir, "c", "another file");
	ck_assert_int_eq(env_dir_link(dir, "b", dir, "d"), 0);
	env_mem_power_cut(env);
	ck_assert_int_eq(names(dir), 3);
	ck_assert(holds(dir, "a", "A"));
	ck_assert(holds(dir, "b", "B"));
	ck_assert(holds(dir, "c", "C"));
}
END_TEST

START_TEST(synced_changes_of_names_survive)
{
	put_synced(dir, "a", "A");
	put_synced(dir, "b", "B");
	put_synced(dir, "c", "C");
	sync_names();
	ck_assert_int_eq(env_dir_rename(dir, "a", "b"), 0);
	ck_assert_int_eq(env_dir_unlink(dir, "c"), 0);
	sync_names();
	env_mem_power_cut(env);
	ck_assert_int_eq(names(dir), 1);
	ck_assert(holds(dir, "b", "A"));
}
END_TEST

START_TEST(an_emptied_file_gets_its_synced_bytes_back)
{
	put_synced(dir, "a", "before");
	sync_names();
	put(dir, "a", "after");
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", "before"));
	put_synced(dir, "a", "after");
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", "after"));
}
END_TEST

START_TEST(cutting_and_growing_a_file_is_undone_until_it_is_synced)
{
	cleanup_file struct env_file *f = NULL;
	char into[6];

	put_synced(dir, "a", "abcdef");
	sync_names();
	f = open_file(dir, "a", ENV_REUSE);
	ck_assert_int_eq(env_file_truncate(f, 2), 0);
	ck_assert_int_eq(env_file_truncate(f, 4), 0);
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", "abcdef"));
	env_file_close(f);
	f = open_file(dir, "a", ENV_REUSE);
	ck_assert_int_eq(env_file_truncate(f, 2), 0);
	ck_assert_int_eq(env_file_truncate(f, 4), 0);
	ck_assert_int_eq(env_file_sync(f), 0);
	env_mem_power_cut(env);
	env_file_close(f);
	f = open_file(dir, "a", ENV_READ);
	ck_assert_int_eq(env_file_read_exact(f, "a", 0, into, 4), 0);
	ck_assert_int_eq(memcmp(into, "ab\0\0", 4), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 0, into, 5), -EUCLEAN);
}
END_TEST

START_TEST(what_was_open_is_dead_after_a_power_cut)
{
	struct env_file *f = NULL;
	struct env_lock *lock = NULL;
	struct env_lock *next = NULL;
	uint64_t size = 5;

	put_synced(dir, "a", "a");
	sync_names();
	f = open_file(dir, "a", ENV_REUSE);
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "before", &lock), 0);
	env_mem_power_cut(env);
	ck_assert_int_eq(append(f, "x"), -EIO);
	assert_said("a: the power was cut");
	ck_assert_int_eq(env_file_sync(f), -EIO);
	ck_assert_int_eq(env_file_size(f, &size), -EIO);
	ck_assert_uint_eq(size, 5);
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "after", &next), 0);
	env_dir_unlock(dir, lock);
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "third", &lock), -EWOULDBLOCK);
	ck_assert_str_eq(fail_text(), "after");
	env_dir_unlock(dir, next);
	env_file_close(f);
}
END_TEST

START_TEST(a_full_disk_takes_what_fits_and_refuses_the_rest)
{
	cleanup_file struct env_file *f = open_file(dir, "a", ENV_CREATE);
	struct env_space space;
	struct slice bytes;

	env_mem_set_capacity(env, 10);
	ck_assert_int_eq(append(f, "1234567"), 0);
	ck_assert_int_eq(append(f, "89abc"), -ENOSPC);
	assert_said("a: offset 7: write: ");
	ck_assert_int_eq(env_mem_file(env, "/store", "a", &bytes), 0);
	ck_assert(slice_eq(bytes, slice_str("123456789a")));
	ck_assert_int_eq(env_file_allocate(f, 0, 11), -ENOSPC);
	ck_assert_int_eq(env_file_truncate(f, 11), -ENOSPC);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	ck_assert_uint_eq(space.total_bytes, 10);
	ck_assert_uint_eq(space.free_bytes, 0);
	/* The cursor has not moved: the same append fits once there is room. */
	env_mem_set_capacity(env, 12);
	ck_assert_int_eq(append(f, "89abc"), 0);
	ck_assert(holds(dir, "a", "123456789abc"));
	/* What is there already can be overwritten. */
	ck_assert_int_eq(env_file_seek(f, 0), 0);
	ck_assert_int_eq(append(f, "ABC"), 0);
}
END_TEST

START_TEST(space_comes_back_when_a_file_is_gone)
{
	struct env_space space;
	struct env_file *f;

	env_mem_set_capacity(env, 10);
	put_synced(dir, "a", "1234567890");
	sync_names();
	f = open_file(dir, "a", ENV_READ);
	ck_assert_int_eq(env_dir_unlink(dir, "a"), 0);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	ck_assert_uint_eq(space.free_bytes, 0);
	env_file_close(f);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	ck_assert_uint_eq(space.free_bytes, 10);
	put(dir, "b", "123");
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", "1234567890"));
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	ck_assert_uint_eq(space.free_bytes, 0);
	ck_assert_int_eq(env_mem_remove_file(env, "/store", "a"), 0);
	ck_assert_int_eq(env_dir_space(dir, &space), 0);
	ck_assert_uint_eq(space.free_bytes, 10);
}
END_TEST

START_TEST(a_lock_is_had_on_a_full_disk)
{
	struct env_lock *lock = NULL;

	env_mem_set_capacity(env, 3);
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "pid=1", &lock), 0);
	ck_assert(holds(dir, "LOCK", ""));
	env_dir_unlock(dir, lock);
}
END_TEST

START_TEST(tests_may_damage_plant_and_remove_files)
{
	struct slice bytes = {0};

	ck_assert_int_eq(env_mem_file(env, "/store", "a", &bytes), -ENOENT);
	assert_said("/store/a");
	ck_assert_int_eq(env_mem_remove_file(env, "/nowhere", "a"), -ENOENT);
	put(dir, "a", "abcdef");
	ck_assert_int_eq(env_mem_file(env, "/store/", "a", &bytes), 0);
	/* A borrowed slice, shortened, is a usual way to tear a tail. */
	ck_assert_int_eq(env_mem_set_file(env, "/store", "a", slice_of(bytes.ptr + 1, 3)), 0);
	ck_assert_int_eq(env_mem_set_file(env, "/made", "b", slice_str("planted")), 0);
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", "bcd"));
	ck_assert_int_eq(env_mem_file(env, "/made", "b", &bytes), 0);
	ck_assert(slice_eq(bytes, slice_str("planted")));
	ck_assert_int_eq(env_mem_remove_file(env, "/store", "a"), 0);
	env_mem_power_cut(env);
	ck_assert(holds(dir, "a", NULL));
}
END_TEST

START_TEST(a_clone_has_the_same_files_and_goes_its_own_way)
{
	struct env_dir *other = NULL;
	struct env_dir *cloned = NULL;
	struct slice bytes;
	struct env *clone;

	put(dir, "a", "not synced");
	put(dir, "gone", "x");
	ck_assert_int_eq(env_dir_unlink(dir, "gone"), 0);
	ck_assert_int_eq(env_open_dir(env, "/other", true, &other), 0);
	ck_assert_int_eq(env_dir_link(dir, "a", other, "linked"), 0);
	clone = env_mem_clone(env);
	put(dir, "a", "changed");
	env_mem_power_cut(clone);
	ck_assert_int_eq(env_open_dir(clone, "/store", false, &cloned), 0);
	ck_assert_int_eq(names(cloned), 1);
	ck_assert(holds(cloned, "a", "not synced"));
	put(cloned, "a", "through the other name");
	ck_assert_int_eq(env_mem_file(clone, "/other", "linked", &bytes), 0);
	ck_assert(slice_eq(bytes, slice_str("through the other name")));
	ck_assert(holds(dir, "a", "changed"));
	env_dir_close(cloned);
	env_dir_close(other);
	env_free(clone);
}
END_TEST

START_TEST(the_clock_stands_where_it_was_set)
{
	env_mem_set_clock(env, 1234567);
	ck_assert_uint_eq(env_real_ns(env), 1234567);
	ck_assert_uint_eq(env_mono_ns(env), 1234567);
	env_mem_set_clock(env, 1234568);
	ck_assert_uint_eq(env_mono_ns(env), 1234568);
}
END_TEST

START_TEST(a_file_of_absurd_size_is_refused)
{
	cleanup_file struct env_file *f = open_file(dir, "a", ENV_CREATE);

	ck_assert_int_eq(env_file_seek(f, (uint64_t)1 << 60), 0);
	ck_assert_int_eq(append(f, "x"), -EFBIG);
	ck_assert_int_eq(env_file_allocate(f, 0, (uint64_t)1 << 60), -EFBIG);
	ck_assert(holds(dir, "a", ""));
}
END_TEST

enum {
	RACE_APPENDS = 2000,
};

struct race {
	struct env_file *file;
	_Atomic uint64_t written; /* the appender's release pairs with the readers' acquire */
	_Atomic bool wrong;
	_Atomic bool ended;
};

/* Every 8 bytes at offset o say o. */
static void race_read(void *arg)
{
	struct race *r = arg;

	while (!atomic_load_explicit(&r->ended, memory_order_acquire)) {
		uint64_t written = atomic_load_explicit(&r->written, memory_order_acquire);
		uint64_t word = 0;

		if (written == 0)
			continue;
		if (env_file_read_exact(r->file, "a", written - 8, &word, 8) || word != written - 8)
			atomic_store_explicit(&r->wrong, true, memory_order_relaxed);
	}
}

static void race_sync(void *arg)
{
	struct race *r = arg;

	while (!atomic_load_explicit(&r->ended, memory_order_acquire))
		if (env_file_sync(r->file))
			atomic_store_explicit(&r->wrong, true, memory_order_relaxed);
}

START_TEST(readers_and_a_sync_run_beside_appends)
{
	struct race r = {.file = open_file(dir, "a", ENV_CREATE)};
	struct thread threads[3] = {0};

	ck_assert_int_eq(thread_start(&threads[0], "read", race_read, &r), 0);
	ck_assert_int_eq(thread_start(&threads[1], "read", race_read, &r), 0);
	ck_assert_int_eq(thread_start(&threads[2], "sync", race_sync, &r), 0);
	for (uint64_t at = 0; at < (uint64_t)RACE_APPENDS * 8; at += 8) {
		struct slice part = slice_of(&at, sizeof(at));

		ck_assert_int_eq(env_file_append(r.file, &part, 1), 0);
		atomic_store_explicit(&r.written, at + 8, memory_order_release);
	}
	atomic_store_explicit(&r.ended, true, memory_order_release);
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	ck_assert(!atomic_load(&r.wrong));
	env_file_close(r.file);
}
END_TEST

static const TTest *const *const tests[] = {
	&power_cut_takes_bytes_that_were_not_synced,
	&power_cut_takes_names_that_were_not_synced,
	&power_cut_undoes_unsynced_changes_of_names,
	&synced_changes_of_names_survive,
	&an_emptied_file_gets_its_synced_bytes_back,
	&cutting_and_growing_a_file_is_undone_until_it_is_synced,
	&what_was_open_is_dead_after_a_power_cut,
	&a_full_disk_takes_what_fits_and_refuses_the_rest,
	&space_comes_back_when_a_file_is_gone,
	&a_lock_is_had_on_a_full_disk,
	&tests_may_damage_plant_and_remove_files,
	&a_clone_has_the_same_files_and_goes_its_own_way,
	&the_clock_stands_where_it_was_set,
	&a_file_of_absurd_size_is_refused,
	&readers_and_a_sync_run_beside_appends,
};

UNIT_ROUNDS("lsm/env/env_mem", tests, setup, teardown, 0, 1)
