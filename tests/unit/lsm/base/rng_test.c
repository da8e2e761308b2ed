#include "lsm/base/rng.h"

#include <string.h>

#include "tests/unit/unit.h"

/* From the definition: rotl(1 * 5 ...) of the state {1, 2, 3, 4}, as in xoshiro256starstar.c. */
START_TEST(numbers_are_those_of_xoshiro256starstar)
{
	struct rng r = {.state = {1, 2, 3, 4}};

	ck_assert_uint_eq(rng_next(&r), 11520);
	ck_assert_uint_eq(rng_next(&r), 0);
	ck_assert_uint_eq(rng_next(&r), 1509978240);
	ck_assert_uint_eq(rng_next(&r), 1215971899390074240);
}
END_TEST

START_TEST(one_seed_gives_one_sequence)
{
	struct rng a, b, c;

	rng_seed(&a, 0);
	rng_seed(&b, 0);
	rng_seed(&c, 1);
	/* splitmix64 from 0: the first number of its published sequence */
	ck_assert_uint_eq(a.state[0], 0xe220a8397b1dcdaf);
	for (int i = 0; i < 100; i++) {
		uint64_t drawn = rng_next(&a);

		ck_assert_uint_eq(drawn, rng_next(&b));
		ck_assert_uint_ne(drawn, rng_next(&c));
	}
}
END_TEST

START_TEST(below_stays_below_and_reaches_everything)
{
	struct rng r;
	unsigned int counts[10] = {0};

	rng_seed(&r, 42);
	for (int i = 0; i < 100000; i++)
		counts[rng_below(&r, array_size(counts))]++;
	for (size_t i = 0; i < array_size(counts); i++) {
		ck_assert_uint_gt(counts[i], 9500);
		ck_assert_uint_lt(counts[i], 10500);
	}
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(rng_below(&r, 1), 0);
		ck_assert_uint_lt(rng_below(&r, ((uint64_t)1 << 63) + 1), ((uint64_t)1 << 63) + 1);
	}
}
END_TEST

START_TEST(fill_writes_all_bytes_and_no_more)
{
	struct rng r;
	uint8_t bytes[32];

	rng_seed(&r, 7);
	for (size_t len = 0; len <= 24; len++) {
		memset(bytes, 0, sizeof(bytes));
		for (int round = 0; len > 0 && bytes[len - 1] == 0; round++) {
			ck_assert_int_lt(round, 20);
			rng_fill(&r, bytes, len);
		}
		for (size_t i = len; i < sizeof(bytes); i++)
			ck_assert_uint_eq(bytes[i], 0);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&numbers_are_those_of_xoshiro256starstar,
	&one_seed_gives_one_sequence,
	&below_stays_below_and_reaches_everything,
	&fill_writes_all_bytes_and_no_more,
};

UNIT_SUITE("lsm/base/rng", tests)
