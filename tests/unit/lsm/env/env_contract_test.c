/*
 * The contract of env.h, held by every implementation.
 */
#include "lsm/env/env.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "lsm/env/env_name.h"
#include "lsm/env/env_posix.h"
#include "lsm/env/env_record.h"
#include "tests/unit/lsm/env/env_testing.h"

enum kind {
	POSIX,
	MEM,
	RECORD,
	FAULT,
	KINDS,
};

struct fixture {
	struct env *inner;
	struct env *env;
	struct env_dir *dir;
	char path[32];
	char other[64];
};

static void setup(struct fixture *x, enum kind kind)
{
	*x = (struct fixture){.path = "/store"};
	if (kind == POSIX) {
		(void)snprintf(x->path, sizeof(x->path), "/tmp/env_test.XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(x->path));
		x->env = env_posix();
	} else {
		x->inner = env_mem_new();
		ck_assert_ptr_nonnull(x->inner);
		x->env = x->inner;
	}
	if (kind == RECORD)
		x->env = env_record_new(x->inner);
	if (kind == FAULT)
		x->env = env_fault_new(x->inner);
	(void)snprintf(x->other, sizeof(x->other), "%s/other", x->path);
	ck_assert_int_eq(env_open_dir(x->env, x->path, true, &x->dir), 0);
}

static int collect(void *arg, const char *name)
{
	char(*list)[ENV_NAME_MAX + 1] = arg;

	while ((*list)[0])
		list++;
	(void)snprintf(*list, sizeof(*list), "%s", name);
	return 0;
}

/* Names are collected first: entries removed during a listing may or may not be seen. */
static void remove_all(struct env_dir *d)
{
	char list[32][ENV_NAME_MAX + 1] = {{0}};

	ck_assert_int_eq(env_dir_list(d, collect, list), 0);
	for (size_t i = 0; i < array_size(list) && list[i][0]; i++)
		ignore_result(env_dir_unlink(d, list[i])); /* a folder stays, for rmdir */
}

static void teardown(struct fixture *x, enum kind kind)
{
	remove_all(x->dir);
	env_dir_close(x->dir);
	if (kind == POSIX) {
		struct env_dir *other = NULL;

		if (env_open_dir(x->env, x->other, false, &other) == 0) {
			remove_all(other);
			env_dir_close(other);
			ck_assert_int_eq(rmdir(x->other), 0);
		}
		ck_assert_int_eq(rmdir(x->path), 0);
	}
	if (x->env != x->inner)
		env_free(x->env);
	env_free(x->inner);
}

/* Each of the contract's tests is run once per kind. */
#define CONTRACT_TEST(test_name, body)                                                             \
	START_TEST(test_name)                                                                      \
	{                                                                                          \
		struct fixture x;                                                                  \
                                                                                                   \
		setup(&x, (enum kind)_i);                                                          \
		body(&x);                                                                          \
		teardown(&x, (enum kind)_i);                                                       \
	}                                                                                          \
	END_TEST

static void check_append_and_read(struct fixture *x)
{
	struct slice parts[] = {slice_str("log"), slice_of(NULL, 0), slice_str("-struct"),
				slice_str("ured"), slice_of(NULL, 0)};
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	char into[32] = "";
	uint64_t size = 0;
	size_t len = 0;

	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), 0);
	ck_assert_int_eq(append(f, " merge"), 0);
	ck_assert_int_eq(env_file_append(f, NULL, 0), 0);
	ck_assert_int_eq(env_file_sync(f), 0);
	ck_assert_int_eq(env_file_size(f, &size), 0);
	ck_assert_uint_eq(size, 20);
	ck_assert_int_eq(env_file_read(f, 4, into, 10, &len), 0);
	ck_assert_uint_eq(len, 10);
	ck_assert_str_eq(into, "structured");
	env_file_read_ahead(f, 0, 0);
	env_file_read_ahead(f, 0, 20);
	ck_assert(holds(x->dir, "a", "log-structured merge"));
}
CONTRACT_TEST(parts_are_appended_in_order, check_append_and_read)

static void check_many_parts(struct fixture *x)
{
	enum {
		PARTS = 1500
	};
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	struct slice *parts = calloc(PARTS, sizeof(*parts));
	uint8_t *bytes = malloc(4 * PARTS);
	uint8_t *back = malloc(4 * PARTS);
	struct rng rng;
	size_t total = 0;

	rng_seed(&rng, 7);
	rng_fill(&rng, bytes, 4 * PARTS);
	for (size_t i = 0; i < PARTS; i++) {
		parts[i] = slice_of(bytes + total, i % 5);
		total += parts[i].len;
	}
	ck_assert_int_eq(env_file_append(f, parts, PARTS), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 0, back, total), 0);
	ck_assert_int_eq(memcmp(bytes, back, total), 0);
	free(parts);
	free(bytes);
	free(back);
}
CONTRACT_TEST(more_parts_than_one_system_call_takes_are_written, check_many_parts)

static void check_read_past_end(struct fixture *x)
{
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	char into[8];
	size_t len = 77;

	ck_assert_int_eq(append(f, "abc"), 0);
	ck_assert_int_eq(env_file_read(f, 1, into, 8, &len), 0);
	ck_assert_uint_eq(len, 2);
	ck_assert_int_eq(env_file_read(f, 3, into, 8, &len), 0);
	ck_assert_uint_eq(len, 0);
	len = 77;
	ck_assert_int_eq(env_file_read(f, UINT64_MAX - 3, into, 8, &len), 0);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 1, into, 2), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 1, into, 3), -EUCLEAN);
	assert_said("a: offset 1");
}
CONTRACT_TEST(reads_end_where_the_file_ends, check_read_past_end)

static void check_modes(struct fixture *x)
{
	struct env_file *f = NULL;

	ck_assert_int_eq(env_dir_open(x->dir, "a", ENV_READ, &f), -ENOENT);
	assert_said("a: open");
	ck_assert_int_eq(env_dir_open(x->dir, "a", ENV_REUSE, &f), -ENOENT);
	put(x->dir, "a", "old content");
	ck_assert_int_eq(env_dir_open(x->dir, "a", ENV_CREATE, &f), -EEXIST);
	ck_assert_ptr_null(f);
	f = open_file(x->dir, "a", ENV_REUSE);
	ck_assert_int_eq(append(f, "new"), 0);
	env_file_close(f);
	ck_assert(holds(x->dir, "a", "new content"));
	f = open_file(x->dir, "a", ENV_READ);
	ck_assert_int_eq(append(f, "x"), -EBADF);
	assert_said("a: ");
	env_file_close(f);
	put(x->dir, "a", "n");
	ck_assert(holds(x->dir, "a", "n"));
}
CONTRACT_TEST(open_modes_make_reuse_and_empty, check_modes)

static void check_seek(struct fixture *x)
{
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	char into[8];

	ck_assert_int_eq(append(f, "abcdef"), 0);
	ck_assert_int_eq(env_file_seek(f, 2), 0);
	ck_assert_int_eq(append(f, "XY"), 0);
	ck_assert_int_eq(append(f, "Z"), 0);
	ck_assert(holds(x->dir, "a", "abXYZf"));
	ck_assert_int_eq(env_file_seek(f, 8), 0);
	ck_assert_int_eq(append(f, "!"), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 5, into, 4), 0);
	ck_assert_int_eq(memcmp(into, "f\0\0!", 4), 0);
	ck_assert_int_eq(env_file_seek(f, UINT64_MAX), -EINVAL);
	assert_said("a: offset 18446744073709551615: seek");
	ck_assert_int_eq(append(f, "?"), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 8, into, 2), 0);
	ck_assert_int_eq(memcmp(into, "!?", 2), 0);
}
CONTRACT_TEST(appends_go_where_seek_says, check_seek)

static void check_allocate(struct fixture *x)
{
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	char into[10];
	uint64_t size = 0;

	ck_assert_int_eq(append(f, "abc"), 0);
	ck_assert_int_eq(env_file_allocate(f, 0, 10), 0);
	ck_assert_int_eq(env_file_size(f, &size), 0);
	ck_assert_uint_eq(size, 10);
	ck_assert_int_eq(append(f, "d"), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 0, into, 10), 0);
	ck_assert_int_eq(memcmp(into, "abcd\0\0\0\0\0\0", 10), 0);
	ck_assert_int_eq(env_file_allocate(f, 2, 3), 0);
	ck_assert_int_eq(env_file_allocate(f, 100, 0), 0);
	ck_assert_int_eq(env_file_size(f, &size), 0);
	ck_assert_uint_eq(size, 10);
	ck_assert_int_eq(env_file_allocate(f, UINT64_MAX - 2, 10), -EFBIG);
	assert_said("a: offset 18446744073709551613: allocate");
}
CONTRACT_TEST(allocated_space_is_zeros_and_keeps_what_was_there, check_allocate)

static void check_truncate(struct fixture *x)
{
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	char into[8];

	ck_assert_int_eq(append(f, "abcdef"), 0);
	ck_assert_int_eq(env_file_truncate(f, 2), 0);
	ck_assert(holds(x->dir, "a", "ab"));
	ck_assert_int_eq(env_file_truncate(f, 5), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 0, into, 5), 0);
	ck_assert_int_eq(memcmp(into, "ab\0\0\0", 5), 0);
	ck_assert_int_eq(env_file_truncate(f, UINT64_MAX), -EFBIG);
	assert_said("a: offset");
}
CONTRACT_TEST(a_cut_file_grows_back_in_zeros, check_truncate)

static void check_names(struct fixture *x)
{
	struct env_dir *other = NULL;
	uint64_t size = 0;

	put(x->dir, "a", "one");
	put(x->dir, "b", "two");
	ck_assert_int_eq(env_dir_rename(x->dir, "a", "b"), 0);
	ck_assert(holds(x->dir, "a", NULL));
	ck_assert(holds(x->dir, "b", "one"));
	ck_assert_int_eq(env_dir_rename(x->dir, "a", "c"), -ENOENT);
	assert_said("a: rename to c");
	ck_assert_int_eq(env_dir_file_size(x->dir, "b", &size), 0);
	ck_assert_uint_eq(size, 3);
	ck_assert_int_eq(env_dir_file_size(x->dir, "a", &size), -ENOENT);
	ck_assert_int_eq(env_open_dir(x->env, x->other, true, &other), 0);
	ck_assert_int_eq(env_dir_link(x->dir, "b", other, "d"), 0);
	ck_assert_int_eq(env_dir_link(x->dir, "b", other, "d"), -EEXIST);
	assert_said("b: link to d");
	ck_assert_int_eq(env_dir_link(x->dir, "a", other, "e"), -ENOENT);
	ck_assert_int_eq(env_dir_unlink(x->dir, "b"), 0);
	ck_assert_int_eq(env_dir_unlink(x->dir, "b"), -ENOENT);
	assert_said("b: unlink");
	ck_assert(holds(other, "d", "one"));
	ck_assert_int_eq(names(other), 1);
	ck_assert_int_eq(env_dir_sync(x->dir), 0);
	env_dir_close(other);
}
CONTRACT_TEST(names_are_changed_linked_and_removed, check_names)

static bool holds_path(struct env_dir *d, const char *path, const char *more)
{
	char text[PATH_MAX];
	bool held = false;
	int err;

	(void)snprintf(text, sizeof(text), "%s%s", path, more);
	err = env_dir_holds_path(d, text, &held);
	if (err)
		ck_abort_msg("%s: %d %s", text, err, fail_text());
	return held;
}

static void check_held_paths(struct fixture *x)
{
	struct env_dir *other = NULL;

	ck_assert(holds_path(x->dir, x->path, ""));
	ck_assert(holds_path(x->dir, x->path, "/"));
	ck_assert(holds_path(x->dir, x->path, "/absent"));
	ck_assert(holds_path(x->dir, x->path, "/absent/"));
	ck_assert(!holds_path(x->dir, x->path, "absent"));
	ck_assert(!holds_path(x->dir, "/", ""));
	/* `other` lies in it */
	ck_assert_int_eq(env_open_dir(x->env, x->other, true, &other), 0);
	ck_assert(holds_path(x->dir, x->other, ""));
	ck_assert(holds_path(x->dir, x->other, "/absent"));
	ck_assert(holds_path(other, x->other, ""));
	ck_assert(holds_path(other, x->other, "/absent"));
	ck_assert(!holds_path(other, x->path, ""));
	env_dir_close(other);
}
CONTRACT_TEST(a_folder_knows_the_paths_below_it, check_held_paths)

static void check_bad_names(struct fixture *x)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "/etc/passwd"};
	char longest[ENV_NAME_MAX + 2];
	struct env_file *f = NULL;

	for (size_t i = 0; i < array_size(bad); i++) {
		ck_assert_int_eq(env_dir_open(x->dir, bad[i], ENV_REPLACE, &f), -EINVAL);
		ck_assert_int_eq(env_dir_unlink(x->dir, bad[i]), -EINVAL);
		ck_assert_int_eq(env_dir_rename(x->dir, "a", bad[i]), -EINVAL);
	}
	memset(longest, 'n', sizeof(longest));
	longest[ENV_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(env_dir_open(x->dir, longest, ENV_CREATE, &f), -ENAMETOOLONG);
	longest[ENV_NAME_MAX] = '\0';
	put(x->dir, longest, "fits");
	ck_assert(holds(x->dir, longest, "fits"));
	ck_assert_int_eq(env_dir_write_small(x->dir, longest, slice_str("x")), -ENAMETOOLONG);
	ck_assert(holds(x->dir, longest, "fits"));
}
CONTRACT_TEST(names_that_are_no_single_component_are_refused, check_bad_names)

static void check_unlinked(struct fixture *x)
{
	cleanup_file struct env_file *f = open_file(x->dir, "a", ENV_CREATE);
	char into[8];

	ck_assert_int_eq(append(f, "abc"), 0);
	ck_assert_int_eq(env_dir_unlink(x->dir, "a"), 0);
	ck_assert_int_eq(append(f, "def"), 0);
	ck_assert_int_eq(env_file_read_exact(f, "a", 0, into, 6), 0);
	ck_assert_int_eq(memcmp(into, "abcdef", 6), 0);
	ck_assert_int_eq(names(x->dir), 0);
}
CONTRACT_TEST(an_unlinked_file_lives_while_it_is_open, check_unlinked)

static int stop_at_second(void *arg, const char *name)
{
	(void)name;
	return ++*(int *)arg == 2 ? -ECANCELED : 0;
}

struct unlinking {
	struct env_dir *dir;
	int seen;
};

static int unlink_each(void *arg, const char *name)
{
	struct unlinking *u = arg;

	u->seen++;
	return env_dir_unlink(u->dir, name);
}

static void check_list(struct fixture *x)
{
	struct unlinking u = {.dir = x->dir};
	int seen = 0;

	put(x->dir, "a", "1");
	put(x->dir, "b", "2");
	put(x->dir, "c", "3");
	ck_assert_int_eq(names(x->dir), 3);
	ck_assert_int_eq(names(x->dir), 3);
	ck_assert_int_eq(env_dir_list(x->dir, stop_at_second, &seen), -ECANCELED);
	ck_assert_int_eq(seen, 2);
	ck_assert_int_eq(env_dir_list(x->dir, unlink_each, &u), 0);
	ck_assert_int_eq(u.seen, 3);
	ck_assert_int_eq(names(x->dir), 0);
}
CONTRACT_TEST(a_listing_can_be_ended_and_may_change_the_folder, check_list)

static void check_lock(struct fixture *x)
{
	struct env_dir *again = NULL;
	struct env_lock *lock = NULL;
	struct env_lock *second = NULL;

	ck_assert_int_eq(env_dir_lock(x->dir, "LOCK", "pid=12345 program=first", &lock), 0);
	ck_assert(holds(x->dir, "LOCK", "pid=12345 program=first\n"));
	ck_assert_int_eq(env_open_dir(x->env, x->path, false, &again), 0);
	ck_assert_int_eq(env_dir_lock(again, "LOCK", "pid=2", &second), -EWOULDBLOCK);
	ck_assert_str_eq(fail_text(), "pid=12345 program=first");
	ck_assert_ptr_null(second);
	env_dir_unlock(x->dir, lock);
	ck_assert_int_eq(env_dir_lock(again, "LOCK", "pid=2", &second), 0);
	ck_assert(holds(x->dir, "LOCK", "pid=2\n"));
	env_dir_unlock(again, second);
	env_dir_close(again);
}
CONTRACT_TEST(a_second_lock_is_refused_and_names_the_holder, check_lock)

static void check_odd_holder(struct fixture *x)
{
	char longest[400];
	struct env_lock *lock = NULL;
	struct env_lock *second = NULL;

	memset(longest, 'h', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "a\x1b[31m\xff", 7);
	ck_assert_int_eq(env_dir_lock(x->dir, "LOCK", longest, &lock), 0);
	ck_assert_int_eq(env_dir_lock(x->dir, "LOCK", "b", &second), -EWOULDBLOCK);
	ck_assert_uint_eq(strlen(fail_text()), ENV_HOLDER_MAX - 1);
	ck_assert_int_eq(strncmp(fail_text(), "a?[31m?hhh", 10), 0);
	env_dir_unlock(x->dir, lock);
	ck_assert_int_eq(env_dir_lock(x->dir, "LOCK", "", &lock), 0);
	ck_assert_int_eq(env_dir_lock(x->dir, "LOCK", "b", &second), -EWOULDBLOCK);
	assert_said("LOCK: locked");
	env_dir_unlock(x->dir, lock);
}
CONTRACT_TEST(a_holders_line_is_made_short_and_printable, check_odd_holder)

static void check_folder(struct fixture *x)
{
	struct env_dir *d = NULL;
	struct env_space space;

	ck_assert_int_eq(env_open_dir(x->env, x->other, false, &d), -ENOENT);
	assert_said(x->other);
	ck_assert_ptr_null(d);
	ck_assert_int_eq(env_open_dir(x->env, x->other, true, &d), 0);
	put(d, "a", "x");
	env_dir_close(d);
	ck_assert_int_eq(env_open_dir(x->env, x->other, true, &d), 0);
	ck_assert(holds(d, "a", "x"));
	ck_assert(holds(x->dir, "a", NULL));
	ck_assert_int_eq(env_dir_space(d, &space), 0);
	ck_assert_uint_gt(space.total_bytes, space.free_bytes);
	ck_assert_uint_gt(space.free_bytes, 0);
	ck_assert_uint_gt(space.block_bytes, 0);
	env_dir_close(d);
	ck_assert_uint_gt(env_real_ns(x->env), (uint64_t)1600000000 * 1000000000);
	ck_assert_uint_gt(env_mono_ns(x->env), 0);
}
CONTRACT_TEST(a_folder_is_made_once_and_found_again, check_folder)

static void check_small(struct fixture *x)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	ck_assert_int_eq(env_dir_write_small(x->dir, "CURRENT", slice_str("MANIFEST-000001\n")), 0);
	ck_assert(holds(x->dir, "CURRENT", "MANIFEST-000001\n"));
	ck_assert_int_eq(env_dir_write_small(x->dir, "CURRENT", slice_str("")), 0);
	ck_assert(holds(x->dir, "CURRENT", ""));
	ck_assert_int_eq(names(x->dir), 1);
	put(x->dir, "big", "12345");
	ck_assert_int_eq(env_dir_read_small(x->dir, "big", 4, &bytes, &len), -EFBIG);
	assert_said("big: 5 bytes");
	ck_assert_ptr_null(bytes);
	ck_assert_int_eq(env_dir_read_small(x->dir, "big", 5, &bytes, &len), 0);
	ck_assert_uint_eq(len, 5);
	free(bytes);
}
CONTRACT_TEST(small_files_are_written_and_read_whole, check_small)

static const TTest *const *const tests[] = {
	&parts_are_appended_in_order,
	&more_parts_than_one_system_call_takes_are_written,
	&reads_end_where_the_file_ends,
	&open_modes_make_reuse_and_empty,
	&appends_go_where_seek_says,
	&allocated_space_is_zeros_and_keeps_what_was_there,
	&a_cut_file_grows_back_in_zeros,
	&names_are_changed_linked_and_removed,
	&a_folder_knows_the_paths_below_it,
	&names_that_are_no_single_component_are_refused,
	&an_unlinked_file_lives_while_it_is_open,
	&a_listing_can_be_ended_and_may_change_the_folder,
	&a_second_lock_is_refused_and_names_the_holder,
	&a_holders_line_is_made_short_and_printable,
	&a_folder_is_made_once_and_found_again,
	&small_files_are_written_and_read_whole,
};

UNIT_ROUNDS("lsm/env/env_contract", tests, NULL, NULL, 0, KINDS)
