#include "fs/ops/ops_count.h"

#include <errno.h>

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

static struct ops_counters *counters;

static void setup(void)
{
	ck_assert_int_eq(ops_counters_new(&counters), 0);
}

static void teardown(void)
{
	ops_counters_free(counters);
}

START_TEST(a_request_that_is_alone_has_a_number)
{
	setup();
	ck_assert_uint_eq(ops_count_alone(NULL), 0);
	ck_assert_uint_eq(ops_count_alone(counters), 0); /* there is none */
	for (uint64_t n = 1; n < 100; n++) {
		ops_count_begin(counters, n % 2 ? OPS_LOOKUP : OPS_READ);
		ck_assert_uint_eq(ops_count_alone(counters), n);
		ops_count_end(counters, n % 3 ? 0 : -ENOENT);
		ops_count_end(counters, 0); /* of no request */
		ops_count_forgets(counters, 7);
	}
	teardown();
}
END_TEST

static void begin_and_leave(void *arg)
{
	(void)arg;
	ops_count_begin(counters, OPS_WRITE);
}

static void begin_and_end(void *arg)
{
	(void)arg;
	ops_count_begin(counters, OPS_WRITE);
	ops_count_end(counters, 0);
}

static void in_a_thread(void (*body)(void *arg))
{
	struct thread t = {0};

	ck_assert_int_eq(thread_start(&t, "other", body, NULL), 0);
	thread_join(&t);
}

START_TEST(a_request_beside_another_has_none)
{
	setup();
	ops_count_begin(counters, OPS_LOOKUP);
	ck_assert_uint_eq(ops_count_alone(counters), 1);
	in_a_thread(begin_and_end);
	ck_assert_uint_eq(ops_count_alone(counters), 2);
	in_a_thread(begin_and_leave);
	ck_assert_uint_eq(ops_count_alone(counters), 0);
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&a_request_that_is_alone_has_a_number,
	&a_request_beside_another_has_none,
};

UNIT_SUITE("fs/ops/ops_count", tests)
