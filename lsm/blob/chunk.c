#include "lsm/blob/chunk.h"

#include <assert.h>
#include <errno.h>
#include <lz4.h>

#include "lsm/base/crc32c.h"

_Static_assert(BLOB_CHUNK_MAX <= LZ4_MAX_INPUT_SIZE, "lengths fit LZ4's int");

/* The most bytes that a packed chunk may have, so that it pays; 0: it never does. */
static size_t packed_limit(size_t raw_len, unsigned min_saving_pct)
{
	uint64_t limit = (uint64_t)raw_len * (100 - min_of(min_saving_pct, 100U)) / 100;

	return (size_t)min_of(limit, (uint64_t)raw_len - 1);
}

/* The room is no larger than what pays: LZ4 gives up as soon as it is full. */
static int compress_into(struct slice raw, size_t limit, struct buf *room)
{
	buf_clear(room);
	int rc = buf_reserve(room, limit);

	if (rc)
		return rc;
	int packed = LZ4_compress_default((const char *)raw.ptr, (char *)room->ptr, (int)raw.len,
					  (int)limit);
	if (packed > 0)
		room->len = (size_t)packed;
	return 0;
}

int chunk_pack(struct slice raw, bool compress, unsigned min_saving_pct, struct buf *room,
	       struct chunk *ret_chunk)
{
	assert(raw.len >= 1 && raw.len <= BLOB_CHUNK_MAX);

	size_t limit = compress ? packed_limit(raw.len, min_saving_pct) : 0;
	struct slice stored = raw;

	if (limit > 0) {
		int rc = compress_into(raw, limit, room);

		if (rc)
			return rc;
		if (room->len > 0)
			stored = buf_slice(room);
	}
	*ret_chunk = (struct chunk){
		.stored = stored,
		.raw_len = (uint32_t)raw.len,
		.crc = crc32c(0, stored.ptr, stored.len),
	};
	return 0;
}

bool chunk_crc_is_right(const struct chunk *c)
{
	return crc32c(0, c->stored.ptr, c->stored.len) == c->crc;
}

int chunk_unpack(const struct chunk *c, uint8_t *into)
{
	struct slice stored = c->stored;

	if (c->raw_len == 0 || c->raw_len > BLOB_CHUNK_MAX || stored.len > c->raw_len ||
	    c->raw_len > (uint64_t)stored.len * BLOB_LZ4_RATIO_MAX)
		return -EUCLEAN;
	if (stored.len == c->raw_len) {
		memcpy(into, stored.ptr, stored.len);
		return 0;
	}

	int got = LZ4_decompress_safe((const char *)stored.ptr, (char *)into, (int)stored.len,
				      (int)c->raw_len);

	return got >= 0 && (uint32_t)got == c->raw_len ? 0 : -EUCLEAN;
}
