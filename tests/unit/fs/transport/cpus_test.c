#include "fs/transport/cpus.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/unit/unit.h"

static bool set[CPUS_MAX];

static unsigned end_of(const char *list)
{
	unsigned end = 0;

	ck_assert_int_eq(cpus_parse(list, set, &end), 0);
	return end;
}

static int parse(const char *list)
{
	unsigned end;

	return cpus_parse(list, set, &end);
}

START_TEST(lists_are_as_the_kernel_writes_them)
{
	ck_assert_uint_eq(end_of("0\n"), 1);
	ck_assert_uint_eq(end_of("0-1\n"), 2);
	ck_assert_uint_eq(end_of("0-3,8,10-11"), 12);
	ck_assert(set[3] && !set[4] && set[8] && !set[9] && set[10] && set[11]);
	ck_assert_uint_eq(end_of("4095\n"), CPUS_MAX);
	ck_assert(!set[0]);
}
END_TEST

START_TEST(other_texts_are_refused)
{
	ck_assert_int_eq(parse(""), -EINVAL);
	ck_assert_int_eq(parse("\n"), -EINVAL);
	ck_assert_int_eq(parse("0-"), -EINVAL);
	ck_assert_int_eq(parse("3-1"), -EINVAL);
	ck_assert_int_eq(parse("1,"), -EINVAL);
	ck_assert_int_eq(parse("-1"), -EINVAL);
	ck_assert_int_eq(parse("0 1"), -EINVAL);
	ck_assert_int_eq(parse("0x1"), -EINVAL);
}
END_TEST

START_TEST(more_than_the_maximum_is_refused)
{
	ck_assert_int_eq(parse("4096"), -E2BIG);
	ck_assert_int_eq(parse("0-99999999999999999999"), -E2BIG);
}
END_TEST

START_TEST(cpus_with_a_gap_are_refused)
{
	ck_assert_int_eq(cpus_check(set, end_of("0-3\n")), 0);
	ck_assert_int_eq(cpus_check(set, end_of("0\n")), 0);
	ck_assert_int_eq(cpus_check(set, end_of("0-1,4-5\n")), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(fail_text(), "no CPU 2 of 6"));
	ck_assert_int_eq(cpus_check(set, end_of("1-3\n")), -EOPNOTSUPP);
}
END_TEST

START_TEST(this_machine_has_some)
{
	static struct cpus cpus;

	int rc = cpus_read(&cpus);

	ck_assert(rc == 0 || rc == -EOPNOTSUPP);
	ck_assert_uint_ge(cpus.possible, 1);
}
END_TEST

static const TTest *const *const tests[] = {
	&lists_are_as_the_kernel_writes_them,
	&other_texts_are_refused,
	&more_than_the_maximum_is_refused,
	&cpus_with_a_gap_are_refused,
	&this_machine_has_some,
};

UNIT_SUITE("fs/transport/cpus", tests)
