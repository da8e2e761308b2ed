/*
 * Reading without the lock: a writer may be at work, who removes what the manifest named a moment
 * ago, and the end of whose log moves while it is read. That looks like damage, or, if it is found
 * out, stale; but real damage looks the same when one looks again.
 *
 * Zero-initialise. Thread rule: one thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/error.h"

struct second_look {
	char before[ERROR_TEXT_MAX]; /* what it looked like */
	unsigned looks;
};

/* Whether what failed with `error` and this thread's sentence is to be tried again. */
bool second_look_wanted(struct second_look *look, int error);
