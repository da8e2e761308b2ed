#include "lsm/sst/block_handle.h"

#include <errno.h>

#include "lsm/sst/sst_varint.h"

_Static_assert(BLOCK_HANDLE_MAX_BYTES == 2 * VARINT_MAX_BYTES, "two varints");

uint8_t *block_handle_put(uint8_t *p, struct block_handle h)
{
	return varint_put(varint_put(p, h.offset), h.stored_len);
}

int block_handle_take(struct slice *s, struct block_handle *ret_handle)
{
	const uint8_t *limit = s->ptr + s->len;
	const uint8_t *p = s->ptr;
	struct block_handle h;

	if (!(p = sst_varint_read(p, limit, &h.offset)) ||
	    !(p = sst_varint_read(p, limit, &h.stored_len)))
		return -EUCLEAN;
	*s = slice_of(p, (size_t)(limit - p));
	*ret_handle = h;
	return 0;
}
