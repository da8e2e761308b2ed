/*
 * An input taken apart: numbers and byte strings off its front. At its end there are zeros and
 * empty strings, so every input means something.
 *
 * Thread rule: a plain value.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/coding.h"
#include "tests/support/expect.h"

struct feed {
	struct slice rest;
};

static inline struct feed feed_of(const uint8_t *bytes, size_t len)
{
	return (struct feed){.rest = slice_of(bytes, len)};
}

static inline bool feed_is_empty(const struct feed *f)
{
	return f->rest.len == 0;
}

static inline uint8_t feed_byte(struct feed *f)
{
	uint8_t byte = 0;

	ignore_result(byte_take(&f->rest, &byte)); /* at the end it stays 0 */
	return byte;
}

static inline uint16_t feed_16(struct feed *f)
{
	uint8_t low = feed_byte(f);

	return (uint16_t)(low | feed_byte(f) << 8);
}

static inline uint64_t feed_64(struct feed *f)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)feed_byte(f) << 8 * i;
	return v;
}

/* Up to len bytes, as many as are left. */
static inline struct slice feed_bytes(struct feed *f, size_t len)
{
	struct slice taken = slice_of(f->rest.ptr, min_of(len, f->rest.len));

	f->rest = slice_skip(f->rest, taken.len);
	return taken;
}

/* Two bytes of length, then the bytes: what feed_put_sized wrote. */
static inline struct slice feed_sized(struct feed *f)
{
	size_t len = feed_16(f);

	return feed_bytes(f, len);
}

/* ---- the other way, for seeds ---- */

static inline void feed_put_byte(struct buf *out, uint8_t byte)
{
	expect(buf_append_byte(out, byte) == 0);
}

static inline void feed_put(struct buf *out, struct slice bytes)
{
	expect(buf_append_slice(out, bytes) == 0);
}

static inline void feed_put_16(struct buf *out, uint16_t v)
{
	feed_put_byte(out, (uint8_t)v);
	feed_put_byte(out, (uint8_t)(v >> 8));
}

static inline void feed_put_64(struct buf *out, uint64_t v)
{
	expect(buf_append_fixed64(out, v) == 0);
}

static inline void feed_put_sized(struct buf *out, struct slice bytes)
{
	expect(bytes.len <= UINT16_MAX);
	feed_put_16(out, (uint16_t)bytes.len);
	feed_put(out, bytes);
}
