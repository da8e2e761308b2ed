#include "lsm/base/clock.h"

#include <time.h>

#include "tests/unit/unit.h"

START_TEST(real_clock_counts_from_1970)
{
	time_t before = time(NULL);
	uint64_t now_ns = clock_real_ns();

	ck_assert_uint_ge(now_ns / 1000000000, (uint64_t)before);
	ck_assert_uint_le(now_ns / 1000000000, (uint64_t)time(NULL) + 1);
}
END_TEST

START_TEST(mono_clock_goes_on_and_never_back)
{
	uint64_t first = clock_mono_ns();
	uint64_t last = first;

	while (last - first < 1000000) {
		uint64_t now = clock_mono_ns();

		ck_assert(now >= last);
		last = now;
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&real_clock_counts_from_1970,
	&mono_clock_goes_on_and_never_back,
};

UNIT_SUITE("lsm/base/clock", tests)
