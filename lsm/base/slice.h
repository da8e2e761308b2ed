/*
 * A borrowed range of bytes. A slice never owns what it points to; the header that
 * returns one says how long it stays good.
 *
 * Thread rule: a plain value.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *ptr; /* may be NULL only when len is 0 */
	size_t len;
};

static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){.ptr = (const uint8_t *)ptr, .len = len};
}

/* The bytes of a C string, without its terminator. */
static inline struct slice slice_str(const char *text)
{
	return slice_of(text, strlen(text));
}

/* Byte order, shorter first on a tie: < 0, 0 or > 0, as memcmp. */
static inline int slice_cmp(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_starts_with(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* An empty text is in every slice. */
bool slice_contains(struct slice s, struct slice text);

/* The slice without its first n bytes; n <= s.len. */
static inline struct slice slice_skip(struct slice s, size_t n)
{
	/* C leaves NULL + 0 undefined. */
	return slice_of(n > 0 ? s.ptr + n : s.ptr, s.len - n);
}

/* The length of the common prefix of a and b. Keys that follow each other have much in common, so
 * it is looked for in words. */
static inline size_t slice_common(struct slice a, struct slice b)
{
	size_t limit = a.len < b.len ? a.len : b.len;
	size_t n = 0;

	for (; limit - n >= sizeof(uint64_t); n += sizeof(uint64_t)) {
		uint64_t x, y;

		memcpy(&x, a.ptr + n, sizeof(x));
		memcpy(&y, b.ptr + n, sizeof(y));
		if (x != y)
			return n + (size_t)__builtin_ctzll(le64toh(x ^ y)) / 8;
	}
	while (n < limit && a.ptr[n] == b.ptr[n])
		n++;
	return n;
}
