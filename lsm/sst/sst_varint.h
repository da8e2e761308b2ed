/*
 * Varints at memory speed, for the decoding of entries: the same bytes as lsm/base/coding.h's, read
 * through a cursor and a limit. And zigzag, which makes small numbers of small differences.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/coding.h"

/*
 * Up to eight bytes at once: find the stop bit, drop the bytes after it, close the gaps between the
 * groups of seven bits in three steps of doubling width.
 */
static inline const uint8_t *sst_varint_read_long(const uint8_t *p, const uint8_t *limit,
						  uint64_t *ret_v)
{
	if (likely(limit - p >= 8)) {
		uint64_t v = fixed64_get(p);
		uint64_t stop = ~v & UINT64_C(0x8080808080808080);

		if (likely(stop)) {
			p += (__builtin_ctzll(stop) + 1) / 8;
			v &= stop ^ (stop - 1);
			v &= UINT64_C(0x7f7f7f7f7f7f7f7f);
			v = (v & UINT64_C(0x007f007f007f007f)) |
			    (v & UINT64_C(0x7f007f007f007f00)) >> 1;
			v = (v & UINT64_C(0x00003fff00003fff)) |
			    (v & UINT64_C(0x3fff00003fff0000)) >> 2;
			*ret_v = (v & UINT64_C(0x000000000fffffff)) |
				 (v & UINT64_C(0x0fffffff00000000)) >> 4;
			return p;
		}
	}

	struct slice rest = slice_of(p, (size_t)(limit - p));

	return varint_take(&rest, ret_v) ? NULL : rest.ptr;
}

/* The value at p and the byte after it; NULL when it is cut off by limit or over 64 bits. */
static inline const uint8_t *sst_varint_read(const uint8_t *p, const uint8_t *limit,
					     uint64_t *ret_v)
{
	if (likely(p < limit && *p < 0x80)) {
		*ret_v = *p;
		return p + 1;
	}
	return sst_varint_read_long(p, limit, ret_v);
}

/* The difference a - b, modulo 2^64, as an unsigned number that is small when the difference is. */
static inline uint64_t zigzag_difference(uint64_t a, uint64_t b)
{
	uint64_t d = a - b;

	return d << 1 ^ (d >> 63 ? UINT64_MAX : 0);
}

/* b + the difference. */
static inline uint64_t zigzag_add(uint64_t b, uint64_t zigzag)
{
	return b + (zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0));
}
