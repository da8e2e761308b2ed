/*
 * The sentence behind an errno.
 *
 * Functions return 0 or a negative errno. Where a bare number would not tell a person what is wrong
 * (which file, which offset, which option), the place that finds the fault also leaves one line
 * here, for its own thread. Whoever reports the error to a person reads the line; a background
 * thread's line is copied into the store's health by the code that catches its error.
 */
#pragma once

#include "lsm/base/compiler.h"

enum {
	ERROR_TEXT_MAX = 256, /* longer lines are cut */
};

/*
 * Leave the line and return `code` (a negative errno), so that one can write
 *	return fail(-EUCLEAN, "%s: offset %llu: bad magic", name, off);
 * Lower case, no full stop, no value of a user's record.
 */
int fail(int code, const char *fmt, ...) printf_like(2, 3);

/* The line that this thread left last, "" if none; good until the thread's next fail(). */
const char *fail_text(void);

/* Forget the line, so that an old one is not taken for a new one's. */
void fail_clear(void);
