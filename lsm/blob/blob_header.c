#include "lsm/blob/blob_header.h"

#include <errno.h>
#include <inttypes.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"

enum {
	MAGIC_AT = 0,
	VERSION_AT = 8,
	ZERO_AT = 12,
	NUMBER_AT = 16,
	ZERO_2_AT = 24,
	CRC_AT = 28,
};

_Static_assert(CRC_AT + sizeof(uint32_t) == BLOB_HEADER_SIZE, "the CRC is last");

void blob_header_encode(uint64_t number, uint8_t ret_bytes[BLOB_HEADER_SIZE])
{
	fixed64_put(ret_bytes + MAGIC_AT, BLOB_MAGIC);
	fixed32_put(ret_bytes + VERSION_AT, BLOB_VERSION);
	fixed32_put(ret_bytes + ZERO_AT, 0);
	fixed64_put(ret_bytes + NUMBER_AT, number);
	fixed32_put(ret_bytes + ZERO_2_AT, 0);
	fixed32_put(ret_bytes + CRC_AT, crc32c(0, ret_bytes, CRC_AT));
}

int blob_header_check(const uint8_t bytes[BLOB_HEADER_SIZE], const char *name, uint64_t number)
{
	uint32_t version = fixed32_get(bytes + VERSION_AT);
	uint64_t own = fixed64_get(bytes + NUMBER_AT);

	if (fixed64_get(bytes + MAGIC_AT) != BLOB_MAGIC)
		return fail(-EUCLEAN, "%s: offset 0: no blob file header (bad magic)", name);
	if (fixed32_get(bytes + CRC_AT) != crc32c(0, bytes, CRC_AT))
		return fail(-EBADMSG, "%s: offset 0: header checksum is wrong", name);
	if (version != BLOB_VERSION)
		return fail(-EUCLEAN, "%s: offset 0: blob file version %" PRIu32 ", expected %d",
			    name, version, BLOB_VERSION);
	if (fixed32_get(bytes + ZERO_AT) != 0 || fixed32_get(bytes + ZERO_2_AT) != 0)
		return fail(-EUCLEAN, "%s: offset 0: unknown fields in the header", name);
	if (own != number)
		return fail(-EUCLEAN, "%s: offset 0: the header is that of file %" PRIu64, name,
			    own);
	return 0;
}
