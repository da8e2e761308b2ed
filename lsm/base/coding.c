#include "lsm/base/coding.h"

#include <errno.h>

int varint_take(struct slice *s, uint64_t *ret_v)
{
	size_t limit = s->len < VARINT_MAX_BYTES ? s->len : VARINT_MAX_BYTES;
	uint64_t v = 0;

	for (size_t i = 0; i < limit; i++) {
		uint64_t byte = s->ptr[i];

		/* Nine bytes give 63 bits: the tenth may only add the last one. */
		if (i == VARINT_MAX_BYTES - 1 && byte > 1)
			return -EUCLEAN;
		v |= (byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*s = slice_skip(*s, i + 1);
			*ret_v = v;
			return 0;
		}
	}
	return -EUCLEAN;
}

int fixed32_take(struct slice *s, uint32_t *ret_v)
{
	if (s->len < 4)
		return -EUCLEAN;
	*ret_v = fixed32_get(s->ptr);
	*s = slice_skip(*s, 4);
	return 0;
}

int fixed64_take(struct slice *s, uint64_t *ret_v)
{
	if (s->len < 8)
		return -EUCLEAN;
	*ret_v = fixed64_get(s->ptr);
	*s = slice_skip(*s, 8);
	return 0;
}

int byte_take(struct slice *s, uint8_t *ret_v)
{
	if (s->len < 1)
		return -EUCLEAN;
	*ret_v = s->ptr[0];
	*s = slice_skip(*s, 1);
	return 0;
}

int bytes_take(struct slice *s, uint64_t n, struct slice *ret_bytes)
{
	if (n > s->len)
		return -EUCLEAN;
	*ret_bytes = slice_of(s->ptr, (size_t)n);
	*s = slice_skip(*s, (size_t)n);
	return 0;
}

int sized_take(struct slice *s, struct slice *ret_bytes)
{
	struct slice rest = *s;
	uint64_t n;
	int rc = varint_take(&rest, &n);

	if (rc)
		return rc;
	rc = bytes_take(&rest, n, ret_bytes);
	if (rc)
		return rc;
	*s = rest;
	return 0;
}
