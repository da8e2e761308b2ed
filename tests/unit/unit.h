/*
 * One test program per module: the tests are listed once, in main.
 *
 *	START_TEST(torn_tail_is_cut_off) { ... } END_TEST
 *
 *	int main(void)
 *	{
 *		static const TTest *const *tests[] = { &torn_tail_is_cut_off, ... };
 *		return unit_run("wal_reader", tests, array_size(tests));
 *	}
 */
#pragma once

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"

#undef fail /* an old macro of check's; here it is lsm/base/error.h's function */

/*
 * ck_assert for hot loops and for other threads: check's own tells the parent of every single pass
 * through a file, which costs microseconds and is not safe in two threads.
 */
#define unit_expect(condition)                                                                     \
	do {                                                                                       \
		if (unlikely(!(condition)))                                                        \
			ck_abort_msg("%s", #condition);                                            \
	} while (0)

/* How many times longer a loop takes in a build with a sanitizer, about: random tests do with fewer
 * rounds there. */
#ifdef LSM_DEBUG
#define UNIT_SLOWNESS 8
#else
#define UNIT_SLOWNESS 1
#endif

/* The seed for a random test: APEX_SEED where it is set, else from the clock. Prints it. */
static inline uint64_t unit_seed(void)
{
	const char *given = getenv("APEX_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : clock_real_ns();

	printf("APEX_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/* Run them all, each in a process of its own and with a time limit of 300 s (with CK_FORK=no
 * neither); returns the exit status for main. */
static inline int unit_run(const char *name, const TTest *const *const *tests, size_t test_count)
{
	Suite *suite = suite_create(name);
	TCase *cases = tcase_create(name);
	int failed;

	for (size_t i = 0; i < test_count; i++)
		tcase_add_test(cases, *tests[i]);
	tcase_set_timeout(cases, 300);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
