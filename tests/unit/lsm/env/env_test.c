#include "lsm/env/env.h"

#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "tests/unit/lsm/env/env_testing.h"

/* One attempt to replace the content, with the n-th call failing; whether the plan struck. */
static bool write_small_under_fault(uint64_t n, enum env_fault_how how, bool sticky, bool cut)
{
	struct env_fault_plan plan = {.at_call = n, .sticky = sticky, .error = -EIO, .how = how};
	struct env *mem = env_mem_new();
	struct env *e = env_fault_new(mem);
	struct env_dir *d = NULL;
	bool struck;
	int rc;

	ck_assert_int_eq(env_open_dir(e, "/store", true, &d), 0);
	ck_assert_int_eq(env_dir_write_small(d, "CURRENT", slice_str("old content")), 0);
	env_fault_set(e, &plan);
	rc = env_dir_write_small(d, "CURRENT", slice_str("new"));
	struck = env_fault_struck(e);
	ck_assert_int_eq(rc, struck ? -EIO : 0);
	if (struck)
		assert_said("injected");
	env_fault_set(e, NULL);
	if (cut)
		env_mem_power_cut(mem);
	if (rc == 0)
		ck_assert(holds(d, "CURRENT", "new"));
	else
		ck_assert(holds(d, "CURRENT", "old content") || holds(d, "CURRENT", "new"));
	ck_assert_int_eq(env_dir_write_small(d, "CURRENT", slice_str("next")), 0);
	env_mem_power_cut(mem);
	ck_assert(holds(d, "CURRENT", "next"));
	env_dir_close(d);
	env_free(e);
	env_free(mem);
	return struck;
}

START_TEST(a_small_file_is_old_or_new_after_every_fault)
{
	for (enum env_fault_how how = ENV_FAULT_ERROR; how <= ENV_FAULT_TORN; how++)
		for (int variant = 0; variant < 4; variant++) {
			uint64_t n = 0;

			while (write_small_under_fault(n, how, variant & 1, variant & 2))
				n++;
			ck_assert_uint_eq(n,
					  5); /* open, append, sync, rename, sync of the folder */
		}
}
END_TEST

START_TEST(the_first_faults_sentence_survives_the_clearing_up)
{
	struct env_fault_plan plan = {.at_call = 2, .sticky = true, .error = -EIO};
	struct env *mem = env_mem_new();
	struct env *e = env_fault_new(mem);
	struct env_dir *d = NULL;

	ck_assert_int_eq(env_open_dir(e, "/store", true, &d), 0);
	env_fault_set(e, &plan);
	ck_assert_int_eq(env_dir_write_small(d, "CURRENT", slice_str("new")), -EIO);
	ck_assert_uint_eq(env_fault_calls(e), 4);
	assert_said("CURRENT.tmp: sync");
	env_dir_close(d);
	env_free(e);
	env_free(mem);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_small_file_is_old_or_new_after_every_fault,
	&the_first_faults_sentence_survives_the_clearing_up,
};

UNIT_SUITE("lsm/env/env", tests)
