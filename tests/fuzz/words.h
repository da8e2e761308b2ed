/*
 * The rest of an input as C strings, cut at its NULs: what a command line or an environment is made
 * of.
 */
#pragma once

#include <stdlib.h>

#include "tests/fuzz/feed.h"

enum {
	WORDS_MAX = 24, /* what follows is left out */
};

struct words {
	char *at[WORDS_MAX + 1]; /* each owned; NULL-terminated */
	size_t count;
};

static inline void words_add(struct words *w, struct slice text)
{
	char *copy = malloc(text.len + 1);

	expect(copy && w->count < WORDS_MAX);
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	w->at[w->count++] = copy;
	w->at[w->count] = NULL;
}

static inline struct words words_of(struct feed *f)
{
	struct words w = {0};

	while (!feed_is_empty(f) && w.count < WORDS_MAX) {
		const uint8_t *end = memchr(f->rest.ptr, 0, f->rest.len);
		size_t len = end ? (size_t)(end - f->rest.ptr) : f->rest.len;

		words_add(&w, feed_bytes(f, len));
		(void)feed_byte(f);
	}
	return w;
}

static inline void words_done(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->at[i]);
	*w = (struct words){0};
}

/* For seeds. */
static inline void words_put(struct buf *out, const char *word)
{
	feed_put(out, slice_of(word, strlen(word) + 1));
}
