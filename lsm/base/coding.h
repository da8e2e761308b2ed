/*
 * Integers as bytes: little-endian fixed width, and LEB128 varints (seven bits a byte,
 * least significant group first, the form of Protocol Buffers' encoding guide).
 *
 * Decoders never read past the slice they are given; a varint that is cut off, longer than
 * ten bytes or over 64 bits is -EUCLEAN and leaves the slice as it was.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

enum {
	VARINT_MAX_BYTES = 10,
};

static inline void fixed16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void fixed32_put(uint8_t *p, uint32_t v)
{
	fixed16_put(p, (uint16_t)v);
	fixed16_put(p + 2, (uint16_t)(v >> 16));
}

static inline void fixed64_put(uint8_t *p, uint64_t v)
{
	fixed32_put(p, (uint32_t)v);
	fixed32_put(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t fixed16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t fixed32_get(const uint8_t *p)
{
	return (uint32_t)fixed16_get(p) | (uint32_t)fixed16_get(p + 2) << 16;
}

static inline uint64_t fixed64_get(const uint8_t *p)
{
	return (uint64_t)fixed32_get(p) | (uint64_t)fixed32_get(p + 4) << 32;
}

/* Bytes that varint_put will write: 1..10. */
static inline size_t varint_size(uint64_t v)
{
	size_t size = 1;

	while (v >= 0x80) {
		v >>= 7;
		size++;
	}
	return size;
}

/* Write v at p, which has room for varint_size(v) bytes; returns the byte after it. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* Take a value off the front of *s. 0, or -EUCLEAN with *s and *ret_v untouched. */
must_check int varint_take(struct slice *s, uint64_t *ret_v);
must_check int fixed32_take(struct slice *s, uint32_t *ret_v);
must_check int fixed64_take(struct slice *s, uint64_t *ret_v);
must_check int byte_take(struct slice *s, uint8_t *ret_v);
/* n bytes, borrowed from *s. */
must_check int bytes_take(struct slice *s, uint64_t n, struct slice *ret_bytes);
/* A varint length, then that many bytes, borrowed from *s. */
must_check int sized_take(struct slice *s, struct slice *ret_bytes);
