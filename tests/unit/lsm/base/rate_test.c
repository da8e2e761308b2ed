/* The clock is driven: what is passed as the time. */
#include "lsm/base/rate.h"

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

enum {
	START_S = 1000,
};

START_TEST(without_a_limit_nobody_waits)
{
	struct rate r;

	rate_init(&r, 0);
	ck_assert_uint_eq(rate_take(&r, UINT64_MAX, START_S * S), 0);
	ck_assert_uint_eq(rate_take(&r, UINT64_MAX, START_S * S), 0);
}
END_TEST

START_TEST(units_are_paid_for_in_time)
{
	uint64_t now = START_S * S;
	struct rate r;

	rate_init(&r, 1000);
	/* what was not taken lately is free: RATE_BURST_MS of it */
	ck_assert_uint_eq(rate_take(&r, RATE_BURST_MS, now), 0);
	ck_assert_uint_eq(rate_take(&r, 500, now), 500 * MS);
	/* who takes more waits behind it */
	ck_assert_uint_eq(rate_take(&r, 250, now), 750 * MS);
	now += 750 * MS;
	ck_assert_uint_eq(rate_take(&r, 1, now), 1 * MS);
	/* a long rest is worth no more than the burst */
	now += 3600 * S;
	ck_assert_uint_eq(rate_take(&r, 1100, now), 1 * S);
}
END_TEST

START_TEST(a_new_limit_is_for_what_is_taken_next)
{
	uint64_t now = START_S * S;
	struct rate r;

	rate_init(&r, 1000);
	ck_assert_uint_eq(rate_take(&r, 600, now), 500 * MS);
	rate_set(&r, 10000);
	ck_assert_uint_eq(rate_take(&r, 1000, now), 600 * MS);
	rate_set(&r, 0);
	ck_assert_uint_eq(rate_take(&r, 1000, now), 0);
}
END_TEST

START_TEST(the_longest_waits_do_not_overflow)
{
	struct rate r;

	rate_init(&r, 1);
	ck_assert_uint_gt(rate_take(&r, UINT64_MAX, START_S * S), 3600 * S);
	rate_init(&r, UINT64_MAX);
	ck_assert_uint_eq(rate_take(&r, 1 << 20, START_S * S), 0);
}
END_TEST

static struct rate shared;

static void take_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 10000; i++)
		(void)rate_take(&shared, 1, START_S * S);
}

START_TEST(no_unit_of_several_threads_is_lost)
{
	struct thread threads[3] = {0};

	rate_init(&shared, 1000);
	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "take", take_often, NULL), 0);
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(rate_take(&shared, 100, START_S * S), 30 * S);
}
END_TEST

static const TTest *const *const tests[] = {
	&without_a_limit_nobody_waits,          &units_are_paid_for_in_time,
	&a_new_limit_is_for_what_is_taken_next, &the_longest_waits_do_not_overflow,
	&no_unit_of_several_threads_is_lost,
};

UNIT_SUITE("lsm/base/rate", tests)
