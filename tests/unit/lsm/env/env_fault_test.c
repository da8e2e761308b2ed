#include "lsm/env/env_fault.h"

#include "lsm/env/env_mem.h"
#include "tests/unit/lsm/env/env_testing.h"

static struct env *mem;
static struct env *env;

static void setup(void)
{
	mem = env_mem_new();
	env = env_fault_new(mem);
	ck_assert_ptr_nonnull(env);
}

static void teardown(void)
{
	env_free(env);
	env_free(mem);
}

static struct env_dir *open_store(void)
{
	struct env_dir *d = NULL;

	ck_assert_int_eq(env_open_dir(env, "/store", true, &d), 0);
	return d;
}

/* Every call there is that can fail, once; ends at the first failure. */
static int all_file_calls(struct env_dir *d, struct env_file *f)
{
	char into[4];
	uint64_t size;
	size_t len;
	int rc = append(f, "abcd");

	if (!rc)
		rc = env_file_seek(f, 4);
	if (!rc)
		rc = env_file_read(f, 0, into, 4, &len);
	if (!rc)
		rc = env_file_size(f, &size);
	if (!rc)
		rc = env_file_allocate(f, 0, 8);
	if (!rc)
		rc = env_file_truncate(f, 4);
	if (!rc)
		rc = env_file_sync(f);
	if (!rc)
		rc = env_dir_file_size(d, "a", &size);
	return rc;
}

static int all_dir_calls(struct env_dir *d)
{
	struct env_lock *lock = NULL;
	struct env_space space;
	int n = 0;
	int rc = env_dir_link(d, "a", d, "b");

	if (!rc)
		rc = env_dir_rename(d, "b", "c");
	if (!rc)
		rc = env_dir_sync(d);
	if (!rc)
		rc = env_dir_list(d, count_name, &n);
	if (!rc)
		rc = env_dir_unlink(d, "c");
	if (!rc)
		rc = env_dir_space(d, &space);
	if (!rc)
		rc = env_dir_lock(d, "LOCK", "me", &lock);
	env_dir_unlock(d, lock);
	return rc;
}

static int scenario(void)
{
	struct env_dir *d = NULL;
	struct env_file *f = NULL;
	int rc = env_open_dir(env, "/store", true, &d);

	if (!rc)
		rc = env_dir_open(d, "a", ENV_REPLACE, &f);
	if (!rc)
		rc = all_file_calls(d, f);
	if (!rc)
		rc = all_dir_calls(d);
	env_file_close(f);
	env_dir_close(d);
	return rc;
}

enum {
	SCENARIO_CALLS = 17,
	SCENARIO_WRITES = 11,
};

START_TEST(each_call_of_a_scenario_can_be_made_to_fail)
{
	static const int errors[] = {-EIO, -ENOSPC};

	for (size_t k = 0; k < array_size(errors); k++) {
		struct env_fault_plan plan = {.error = errors[k]};

		for (plan.at_call = 0; plan.at_call < SCENARIO_CALLS; plan.at_call++) {
			teardown();
			setup();
			env_fault_set(env, &plan);
			ck_assert_int_eq(scenario(), errors[k]);
			assert_said("injected: ");
			ck_assert(env_fault_struck(env));
			ck_assert_uint_eq(env_fault_calls(env), plan.at_call + 1);
		}
		env_fault_set(env, &plan);
		ck_assert_int_eq(scenario(), 0);
		ck_assert(!env_fault_struck(env));
		ck_assert_uint_eq(env_fault_calls(env), SCENARIO_CALLS);
	}
}
END_TEST

START_TEST(calls_that_leave_the_disk_alone_may_be_left_out)
{
	struct env_fault_plan plan = {.error = -EIO, .writes_only = true};

	for (; plan.at_call < SCENARIO_WRITES; plan.at_call++) {
		teardown();
		setup();
		env_fault_set(env, &plan);
		ck_assert_int_eq(scenario(), -EIO);
	}
	env_fault_set(env, &plan);
	ck_assert_int_eq(scenario(), 0);
	ck_assert_uint_eq(env_fault_calls(env), SCENARIO_WRITES);
}
END_TEST

START_TEST(a_sticky_plan_fails_until_it_is_changed)
{
	struct env_fault_plan plan = {.at_call = 1, .sticky = true, .error = -ENOSPC};
	struct env_dir *d = open_store();
	struct env_file *f = open_file(d, "a", ENV_CREATE);

	env_fault_set(env, &plan);
	ck_assert_int_eq(append(f, "1"), 0);
	ck_assert_int_eq(append(f, "2"), -ENOSPC);
	ck_assert_int_eq(append(f, "3"), -ENOSPC);
	ck_assert_int_eq(env_file_sync(f), -ENOSPC);
	env_fault_set(env, NULL);
	ck_assert(!env_fault_struck(env));
	ck_assert_int_eq(append(f, "4"), 0);
	ck_assert_uint_eq(env_fault_calls(env), 1);
	ck_assert(holds(d, "a", "14"));
	env_file_close(f);
	env_dir_close(d);
}
END_TEST

START_TEST(a_plan_strikes_once)
{
	struct env_fault_plan plan = {.at_call = 0, .error = -EIO};
	struct env_dir *d = open_store();
	struct env_file *f = open_file(d, "a", ENV_CREATE);

	env_fault_set(env, &plan);
	ck_assert_int_eq(append(f, "1"), -EIO);
	assert_said("a: append");
	ck_assert_int_eq(append(f, "2"), 0);
	ck_assert(env_fault_struck(env));
	ck_assert(holds(d, "a", "2"));
	env_file_close(f);
	env_dir_close(d);
}
END_TEST

START_TEST(a_short_append_writes_half_and_can_be_done_again)
{
	struct env_fault_plan plan = {.error = -ENOSPC, .how = ENV_FAULT_SHORT};
	struct env_dir *d = open_store();
	struct env_file *f = open_file(d, "a", ENV_CREATE);
	struct slice parts[] = {slice_str("abc"), slice_str(""), slice_str("defgh"),
				slice_str("ij")};

	ck_assert_int_eq(append(f, "head:"), 0);
	env_fault_set(env, &plan);
	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), -ENOSPC);
	ck_assert(holds(d, "a", "head:abcde"));
	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), 0);
	ck_assert_int_eq(append(f, "!"), 0);
	ck_assert(holds(d, "a", "head:abcdefghij!"));
	env_fault_set(env, &plan);
	ck_assert_int_eq(env_file_append(f, NULL, 0), -ENOSPC);
	env_fault_set(env, &plan);
	ck_assert_int_eq(env_file_truncate(f, 0), -ENOSPC);
	ck_assert(holds(d, "a", "head:abcdefghij!"));
	env_file_close(f);
	env_dir_close(d);
}
END_TEST

/* An append of len bytes at the cursor, torn: what is right, and where garbage begins. */
static void check_torn(uint64_t cursor, size_t len, size_t right)
{
	struct env_fault_plan plan = {.error = -EIO, .how = ENV_FAULT_TORN};
	struct env_dir *d = open_store();
	struct env_file *f = open_file(d, "a", ENV_REPLACE);
	uint8_t *bytes = malloc(len);
	struct slice parts[2];
	struct slice on_disk;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7);
	parts[0] = slice_of(bytes, len / 3);
	parts[1] = slice_of(bytes + len / 3, len - len / 3);
	ck_assert_int_eq(env_file_seek(f, cursor), 0);
	env_fault_set(env, &plan);
	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), -EIO);
	ck_assert_int_eq(env_mem_file(mem, "/store", "a", &on_disk), 0);
	ck_assert_uint_eq(on_disk.len, cursor + len);
	ck_assert_int_eq(memcmp(on_disk.ptr + cursor, bytes, right), 0);
	for (size_t i = right; i < len; i++)
		ck_assert_uint_ne(on_disk.ptr[cursor + i], bytes[i]);
	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), 0);
	ck_assert_int_eq(env_mem_file(mem, "/store", "a", &on_disk), 0);
	ck_assert(slice_eq(slice_skip(on_disk, cursor), slice_of(bytes, len)));
	free(bytes);
	env_file_close(f);
	env_dir_close(d);
}

START_TEST(a_torn_append_leaves_garbage_in_its_last_sector)
{
	check_torn(0, 1, 0);
	check_torn(0, 512, 0);
	check_torn(0, 513, 512);
	check_torn(0, 2048, 1536);
	check_torn(500, 12, 0);
	check_torn(500, 13, 12);
	check_torn(100, 3000, 2972);
}
END_TEST

START_TEST(clocks_and_clearing_up_are_not_counted)
{
	struct env_dir *d = open_store();
	struct env_file *f = open_file(d, "a", ENV_CREATE);
	struct env_lock *lock = NULL;

	ck_assert_int_eq(env_dir_lock(d, "LOCK", "me", &lock), 0);
	env_fault_set(env, NULL);
	ck_assert_uint_gt(env_real_ns(env), 0);
	ck_assert_uint_gt(env_mono_ns(env), 0);
	env_file_read_ahead(f, 0, 1);
	env_dir_unlock(d, lock);
	env_file_close(f);
	env_dir_close(d);
	ck_assert_uint_eq(env_fault_calls(env), 0);
}
END_TEST

static const TTest *const *const tests[] = {
	&each_call_of_a_scenario_can_be_made_to_fail,
	&calls_that_leave_the_disk_alone_may_be_left_out,
	&a_sticky_plan_fails_until_it_is_changed,
	&a_plan_strikes_once,
	&a_short_append_writes_half_and_can_be_done_again,
	&a_torn_append_leaves_garbage_in_its_last_sector,
	&clocks_and_clearing_up_are_not_counted,
};

UNIT_ROUNDS("lsm/env/env_fault", tests, setup, teardown, 0, 1)
