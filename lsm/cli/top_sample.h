/*
 * The lines `name value` of a mount's .stats at one moment. Nothing is taken for granted: a daemon
 * of another version may have other lines.
 *
 * Zero-initialise, end with top_sample_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"

enum {
	TOP_TEXT_MAX = 1 << 20, /* a longer .stats is none */
};

struct top_line {
	const char *name, *value; /* into the text */
};

struct top_sample {
	struct buf text;        /* owned */
	struct top_line *lines; /* owned */
	size_t count, cap;
	uint64_t time_ns; /* clock_mono_ns */
};

void top_sample_done(struct top_sample *s);

/* Take the text apart; lines that are not `name value` are passed over. -ENOMEM. */
must_check int top_sample_parse(struct top_sample *s, struct slice text);
/* Read the file. Its errno, with a sentence; -EFBIG. */
must_check int top_sample_read(struct top_sample *s, const char *path);

/* The value of a line; NULL: there is none of that name. */
const char *top_text(const struct top_sample *s, const char *name);
/* No statistic is larger: what claims to be is no number. It fits 64 bits, also times a few. */
#define TOP_NUMBER_MAX 0x1p60

/* ... as a number, fractions too; false: there is none. */
bool top_number(const struct top_sample *s, const char *name, double *ret_number);
