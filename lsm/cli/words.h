/*
 * A line taken apart into words, as a shell does it: blanks between them; 'as it is'; "with \"
 * escapes"; a backslash takes the next quote, blank or # as it is and else begins an escape
 * (lsm/base/escape.h); a # at the start of a word begins a comment.
 *
 * Zero-initialise, end with words_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"

struct words {
	struct buf bytes; /* owned; a NUL behind each word */
	size_t *starts;   /* owned; count + 1 of them */
	size_t count, cap;
};

void words_done(struct words *w);

/* Replace the words by those of the line. -EINVAL, with a sentence: an open quote, a bad escape.
 * -ENOMEM. After an error there are none. */
must_check int words_parse(struct words *w, struct slice line);

/* Word i, good until the next words_parse; any bytes may be in it. */
struct slice words_at(const struct words *w, size_t i);
