/*
 * One file per module, a few programs for all of them (meson.build). The tests of a file are listed
 * once, at its end:
 *
 *	START_TEST(torn_tail_is_cut_off) { ... } END_TEST
 *
 *	static const TTest *const *const tests[] = {
 *		&torn_tail_is_cut_off,
 *	};
 *
 *	UNIT_SUITE("lsm/wal/wal_reader", tests)
 *
 * `engine_test lsm/wal/wal_reader` runs these, `engine_test` all of the program's.
 */
#pragma once

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"

#undef fail /* an old macro of check's; here it is lsm/base/error.h's function */

/* check's own notes each assertion that holds in a file, so that it knows where a test crashed.
 * That is two system calls each, and not safe in two threads. */
#define _mark_point(file, line) ((void)0)

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

/* The tests of a file, each in a process of its own and with a time limit of 300 s (with CK_FORK=no
 * neither). */
struct unit_suite {
	const char *name;
	const TTest *const *const *tests;
	size_t test_count;
	void (*setup)(void), (*teardown)(void); /* of each test; NULL for none */
	int first, end; /* each is run for each _i from first on, below end */
	struct unit_suite *next;
};

/* Before main. */
void unit_enlist(struct unit_suite *suite);

#define UNIT_ROUNDS(suite_name, suite_tests, suite_setup, suite_teardown, first_round, end_round)  \
	__attribute__((constructor)) static void enlist(void)                                      \
	{                                                                                          \
		static struct unit_suite suite = {                                                 \
			.name = (suite_name),                                                      \
			.tests = (suite_tests),                                                    \
			.test_count = array_size(suite_tests),                                     \
			.setup = (suite_setup),                                                    \
			.teardown = (suite_teardown),                                              \
			.first = (first_round),                                                    \
			.end = (end_round),                                                        \
		};                                                                                 \
                                                                                                   \
		unit_enlist(&suite);                                                               \
	}

#define UNIT_SUITE(suite_name, suite_tests) UNIT_ROUNDS(suite_name, suite_tests, NULL, NULL, 0, 1)
