#include "lsm/base/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "lsm/base/rng.h"
#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

static const uint64_t value_max = ((uint64_t)1 << HISTOGRAM_MAX_BITS) - 1;

static void check_quantile(uint64_t reported, uint64_t true_value)
{
	ck_assert(reported >= true_value);
	ck_assert(reported <= true_value + true_value / 16);
}

START_TEST(empty_histogram_is_all_zero)
{
	static struct histogram h;
	struct histogram_summary summary;
	struct histogram_summary zero = {0};

	memset(&summary, 1, sizeof(summary));
	histogram_summarise(&h, &summary);
	ck_assert_mem_eq(&summary, &zero, sizeof(zero));
}
END_TEST

/* One value many times, below a larger one, so that the maximum does not hide the bucket's top. */
static void check_single_value(uint64_t value)
{
	static struct histogram h;
	struct histogram_summary summary;

	memset(&h, 0, sizeof(h));
	for (int i = 0; i < 199; i++)
		histogram_record(&h, value);
	histogram_record(&h, value_max);
	histogram_summarise(&h, &summary);
	check_quantile(summary.p50, value);
	check_quantile(summary.p99, value);
	ck_assert(value >= 32 || summary.p50 == value); /* one value a bucket down there */
	ck_assert(summary.count == 200);
	ck_assert(summary.sum == 199 * value + value_max);
	ck_assert(summary.max == value_max);
}

START_TEST(one_value_can_stand_for_several)
{
	static struct histogram h;
	struct histogram_summary summary;

	histogram_record_many(&h, 10, 98);
	histogram_record_many(&h, 12, 2);
	histogram_summarise(&h, &summary);
	ck_assert_uint_eq(summary.count, 100);
	ck_assert_uint_eq(summary.sum, 10 * 98 + 12 * 2);
	ck_assert_uint_eq(summary.p95, 10);
	ck_assert_uint_eq(summary.p99, 12);
	ck_assert_uint_eq(summary.max, 12);
}
END_TEST

START_TEST(small_and_edge_values_are_within_a_sixteenth)
{
	for (uint64_t value = 0; value < 1100; value++)
		check_single_value(value);
	for (unsigned int bit = 10; bit < HISTOGRAM_MAX_BITS; bit++) {
		uint64_t lowest = (uint64_t)1 << bit;

		check_single_value(lowest - 1);
		check_single_value(lowest);
		check_single_value(lowest + lowest / 16 - 1);
		check_single_value(lowest + lowest / 16);
		check_single_value(2 * lowest - 1);
	}
}
END_TEST

START_TEST(larger_values_count_as_the_largest)
{
	static struct histogram h;
	struct histogram_summary summary;

	histogram_record(&h, value_max + 1);
	histogram_record(&h, UINT64_MAX);
	histogram_summarise(&h, &summary);
	ck_assert_uint_eq(summary.count, 2);
	ck_assert_uint_eq(summary.sum, 2 * value_max);
	ck_assert_uint_eq(summary.p50, value_max);
	ck_assert_uint_eq(summary.max, value_max);
}
END_TEST

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

START_TEST(quantiles_of_random_values_are_within_a_sixteenth)
{
	static uint64_t values[5000];
	static struct histogram h;
	struct histogram_summary summary;
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int round = 0; round < 30; round++) {
		size_t count = 1 + (size_t)rng_below(&rng, array_size(values));
		uint64_t sum = 0;

		memset(&h, 0, sizeof(h));
		for (size_t i = 0; i < count; i++) {
			/* every magnitude alike */
			values[i] = rng_next(&rng) >> (24 + rng_below(&rng, 40));
			sum += values[i];
			histogram_record(&h, values[i]);
		}
		qsort(values, count, sizeof(values[0]), compare_values);
		histogram_summarise(&h, &summary);
		check_quantile(summary.p50, values[(count * 50 + 99) / 100 - 1]);
		check_quantile(summary.p95, values[(count * 95 + 99) / 100 - 1]);
		check_quantile(summary.p99, values[(count * 99 + 99) / 100 - 1]);
		ck_assert_uint_eq(summary.max, values[count - 1]);
		ck_assert_uint_eq(summary.sum, sum);
		ck_assert_uint_eq(summary.count, count);
	}
}
END_TEST

enum {
	RECORDERS = 3,
	RECORDS = 20000,
};

static void record_many(void *arg)
{
	for (uint64_t i = 1; i <= RECORDS; i++)
		histogram_record(arg, i);
}

START_TEST(no_record_of_any_thread_is_lost)
{
	static struct histogram h;
	struct thread threads[RECORDERS] = {0};
	struct histogram_summary summary;

	for (size_t i = 0; i < RECORDERS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "recorder", record_many, &h), 0);
	histogram_summarise(&h, &summary);
	ck_assert_uint_le(summary.count, (uint64_t)RECORDERS * RECORDS);
	for (size_t i = 0; i < RECORDERS; i++)
		thread_join(&threads[i]);
	histogram_summarise(&h, &summary);
	ck_assert_uint_eq(summary.count, (uint64_t)RECORDERS * RECORDS);
	ck_assert_uint_eq(summary.sum, (uint64_t)RECORDERS * RECORDS * (RECORDS + 1) / 2);
	ck_assert_uint_eq(summary.max, RECORDS);
	check_quantile(summary.p50, RECORDS / 2);
}
END_TEST

static const TTest *const *const tests[] = {
	&empty_histogram_is_all_zero,
	&one_value_can_stand_for_several,
	&small_and_edge_values_are_within_a_sixteenth,
	&larger_values_count_as_the_largest,
	&quantiles_of_random_values_are_within_a_sixteenth,
	&no_record_of_any_thread_is_lost,
};

UNIT_SUITE("lsm/base/histogram", tests)
