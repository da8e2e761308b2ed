#include "lsm/sst/block_codec.h"

#include <errno.h>
#include <lz4.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"

_Static_assert(SST_BLOCK_MAX <= LZ4_MAX_INPUT_SIZE, "lengths fit LZ4's int");

static bool saves_enough(size_t packed_len, size_t raw_len, unsigned min_saving_pct)
{
	uint64_t wanted = (uint64_t)raw_len * (100 - min_of(min_saving_pct, 100U)) / 100;

	return packed_len < raw_len && packed_len <= wanted;
}

int block_compress(struct slice raw, enum sst_codec codec, unsigned min_saving_pct,
		   struct buf *room, struct block_payload *ret_payload)
{
	*ret_payload = (struct block_payload){.bytes = raw, .codec = SST_STORED};
	if (codec != SST_LZ4 || raw.len == 0 || raw.len > SST_BLOCK_MAX)
		return 0;

	int bound = LZ4_compressBound((int)raw.len);

	buf_clear(room);
	int rc = buf_reserve(room, VARINT_MAX_BYTES + (size_t)bound);

	if (rc)
		return rc;
	buf_add_varint(room, raw.len);

	int packed = LZ4_compress_default((const char *)raw.ptr, (char *)room->ptr + room->len,
					  (int)raw.len, bound);

	if (packed <= 0)
		return 0;
	room->len += (size_t)packed;
	if (saves_enough(room->len, raw.len, min_saving_pct))
		*ret_payload = (struct block_payload){.bytes = buf_slice(room), .codec = SST_LZ4};
	return 0;
}

int block_unpacked_len(struct block_payload payload, size_t *ret_len)
{
	struct slice rest = payload.bytes;
	uint64_t claimed;

	switch (payload.codec) {
	case SST_STORED:
		*ret_len = payload.bytes.len;
		return 0;
	case SST_LZ4:
		if (varint_take(&rest, &claimed) || claimed == 0 || claimed > SST_BLOCK_MAX ||
		    claimed > (uint64_t)rest.len * SST_LZ4_RATIO_MAX)
			return -EUCLEAN;
		*ret_len = (size_t)claimed;
		return 0;
	}
	return -EUCLEAN;
}

int block_unpack(struct block_payload payload, uint8_t *into, size_t len)
{
	struct slice rest = payload.bytes;
	uint64_t claimed;

	if (payload.codec == SST_STORED) {
		if (len)
			memcpy(into, rest.ptr, len);
		return 0;
	}
	if (varint_take(&rest, &claimed) || claimed != len)
		return -EUCLEAN;

	int got =
		LZ4_decompress_safe((const char *)rest.ptr, (char *)into, (int)rest.len, (int)len);

	return got >= 0 && (size_t)got == len ? 0 : -EUCLEAN;
}

uint32_t block_crc(uint64_t table_id, uint64_t offset, struct block_payload payload)
{
	uint8_t place[2 * sizeof(uint64_t) + 1];

	fixed64_put(place, table_id);
	fixed64_put(place + sizeof(uint64_t), offset);
	place[2 * sizeof(uint64_t)] = (uint8_t)payload.codec;
	return crc32c(crc32c(0, place, sizeof(place)), payload.bytes.ptr, payload.bytes.len);
}
