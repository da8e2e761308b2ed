#include "lsm/blob/extent.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"

enum {
	OFFSET_AT = 0,
	FILE_AT = 8,
	PLACE_AT = 16,
	STORED_LEN_AT = 24,
	RAW_LEN_AT = 28,
	FROM_AT = 32,
	LEN_AT = 36,
	CRC_AT = 40,
	ZERO_AT = 44,
};

_Static_assert(ZERO_AT + sizeof(uint32_t) == BLOB_EXTENT_SIZE, "the zero word is last");

uint64_t extent_disk_bytes(const struct extent *e)
{
	/* Lengths are at most BLOB_CHUNK_MAX: the product fits. */
	return ((uint64_t)e->stored_len * e->len + e->raw_len - 1) / e->raw_len;
}

int extent_append(struct buf *list, const struct extent *e)
{
	uint8_t bytes[BLOB_EXTENT_SIZE];

	fixed64_put(bytes + OFFSET_AT, e->offset);
	fixed64_put(bytes + FILE_AT, e->file);
	fixed64_put(bytes + PLACE_AT, e->at);
	fixed32_put(bytes + STORED_LEN_AT, e->stored_len);
	fixed32_put(bytes + RAW_LEN_AT, e->raw_len);
	fixed32_put(bytes + FROM_AT, e->from);
	fixed32_put(bytes + LEN_AT, e->len);
	fixed32_put(bytes + CRC_AT, e->crc);
	fixed32_put(bytes + ZERO_AT, 0);
	return buf_append(list, bytes, sizeof(bytes));
}

static bool chunk_makes_sense(const struct extent *e)
{
	return e->file >= 1 && e->file <= BLOB_NUMBER_MAX && e->stored_len >= 1 &&
	       e->stored_len <= e->raw_len && e->raw_len <= BLOB_CHUNK_MAX &&
	       e->raw_len <= (uint64_t)e->stored_len * BLOB_LZ4_RATIO_MAX &&
	       e->at >= BLOB_HEADER_SIZE && e->at <= BLOB_OFFSET_MAX - e->stored_len;
}

/* Of an extent whose chunk makes sense. */
static bool part_makes_sense(const struct extent *e)
{
	return e->len >= 1 && e->len <= e->raw_len && e->from <= e->raw_len - e->len &&
	       e->offset <= BLOB_VALUE_MAX - e->len;
}

int extent_list_get(struct slice list, size_t i, struct extent *ret_extent)
{
	const uint8_t *bytes = list.ptr + i * BLOB_EXTENT_SIZE;
	struct extent e = {
		.offset = fixed64_get(bytes + OFFSET_AT),
		.file = fixed64_get(bytes + FILE_AT),
		.at = fixed64_get(bytes + PLACE_AT),
		.stored_len = fixed32_get(bytes + STORED_LEN_AT),
		.raw_len = fixed32_get(bytes + RAW_LEN_AT),
		.from = fixed32_get(bytes + FROM_AT),
		.len = fixed32_get(bytes + LEN_AT),
		.crc = fixed32_get(bytes + CRC_AT),
	};

	if (!chunk_makes_sense(&e) || !part_makes_sense(&e) || fixed32_get(bytes + ZERO_AT) != 0)
		return fail(-EUCLEAN, "an extent of a value makes no sense");
	*ret_extent = e;
	return 0;
}

/* Where extent i ends in the value, whatever it says. */
static uint64_t end_of(struct slice list, size_t i)
{
	const uint8_t *bytes = list.ptr + i * BLOB_EXTENT_SIZE;

	return fixed64_get(bytes + OFFSET_AT) + fixed32_get(bytes + LEN_AT);
}

size_t extent_list_find(struct slice list, uint64_t offset)
{
	size_t low = 0, high = extent_list_count(list);

	/* Before `low` all end at offset or earlier, from `high` on all end behind it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end_of(list, middle) > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int extent_list_check(struct slice list, uint64_t size)
{
	uint64_t end = 0;

	if (list.len % BLOB_EXTENT_SIZE)
		return fail(-EUCLEAN, "a list of extents of %zu bytes", list.len);
	for (size_t i = 0; i < extent_list_count(list); i++) {
		struct extent e;
		int rc = extent_list_get(list, i, &e);

		if (rc)
			return rc;
		if (e.offset < end || extent_end(&e) > size)
			return fail(-EUCLEAN, "the extents of a value are out of order");
		end = extent_end(&e);
	}
	return 0;
}
