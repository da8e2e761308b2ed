/*
 * The picture of `apexkv top`: a pure function of two samples, the history and the size of the
 * screen.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/cli/top_sample.h"

enum {
	TOP_HISTORY = 512, /* seconds that are kept */
	TOP_HEIGHT_MAX = 500,
	TOP_WIDTH_MAX = 1000,
};

enum top_series {
	TOP_READS,
	TOP_WRITES,
	TOP_REQUESTS,
	TOP_SERIES,
};

struct top_view {
	const char *mount;                       /* borrowed */
	bool utf8;                               /* what bars are drawn with */
	double history[TOP_SERIES][TOP_HISTORY]; /* operations a second; a ring */
	size_t seconds;                          /* noted so far */
};

/* What happened between the two samples, a second or so apart. */
void top_view_note(struct top_view *v, const struct top_sample *before,
		   const struct top_sample *now);

/*
 * Append the lines, at most height of at most width columns, each with a \n. before: NULL with the
 * first sample: there are no rates yet. escapes: with colours.
 */
must_check int top_view_render(const struct top_view *v, const struct top_sample *before,
			       const struct top_sample *now, int width, int height, bool escapes,
			       struct buf *out);
