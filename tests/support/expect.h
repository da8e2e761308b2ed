/*
 * What must hold, for tests whose harness takes the end of the process for a failure: fuzz targets,
 * and what they share with the unit tests.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define expect(condition)                                                                          \
	do {                                                                                       \
		if (__builtin_expect(!(condition), 0)) {                                           \
			fprintf(stderr, "%s:%d: %s: does not hold\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
