#include "tests/kill/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/rng.h"

enum {
	CRC_OFFSET = 28,
};

static void head_put(const struct value_name *name, uint8_t *head)
{
	memcpy(head, VALUE_MAGIC, 8);
	fixed32_put(head + 8, name->writer);
	fixed32_put(head + 12, name->file);
	fixed64_put(head + 16, name->generation);
	fixed32_put(head + 24, name->len);
	fixed32_put(head + CRC_OFFSET, 0);
}

/* Every other value is of a kind that compresses. */
static void filler_put(const struct value_name *name, uint8_t *filler, size_t len)
{
	struct rng rng;

	if (name->generation % 2) {
		memset(filler, 'a' + (int)(name->generation % 26), len);
		return;
	}
	rng_seed(&rng, name->generation * 2 + name->writer);
	rng_fill(&rng, filler, len);
}

int value_append(const struct value_name *name, uint32_t kept, struct buf *bytes)
{
	int rc = buf_reserve(bytes, name->len);

	if (rc)
		return rc;
	uint8_t *value = bytes->ptr + bytes->len;

	head_put(name, value);
	filler_put(name, value + VALUE_HEAD_BYTES, name->len - VALUE_HEAD_BYTES);
	fixed32_put(value + CRC_OFFSET, crc32c(0, value, name->len));
	bytes->len += kept;
	return 0;
}

/* The CRC as value_append made it, of bytes that may be cut off. */
static uint32_t crc_of(const uint8_t *value, size_t len)
{
	static const uint8_t zero[4] = {0};
	uint32_t crc = crc32c(0, value, CRC_OFFSET);

	crc = crc32c(crc, zero, sizeof(zero));
	return crc32c(crc, value + VALUE_HEAD_BYTES, len - VALUE_HEAD_BYTES);
}

void value_describe(struct slice bytes, char ret_text[VALUE_TEXT_MAX])
{
	const uint8_t *p = bytes.ptr;

	if (bytes.len < VALUE_HEAD_BYTES || memcmp(p, VALUE_MAGIC, 8) != 0) {
		snprintf(ret_text, VALUE_TEXT_MAX, "%zu bytes that begin no value", bytes.len);
		return;
	}
	uint32_t len = fixed32_get(p + 24);
	bool cut = len > bytes.len || len < VALUE_HEAD_BYTES;
	bool good = !cut && crc_of(p, len) == fixed32_get(p + CRC_OFFSET);

	snprintf(ret_text, VALUE_TEXT_MAX,
		 "%zu bytes, first a value %s (writer %" PRIu32 " file %" PRIu32
		 " generation %" PRIu64 " length %" PRIu32 ")",
		 bytes.len,
		 good  ? "that is whole"
		 : cut ? "that is cut off"
		       : "with a wrong checksum",
		 fixed32_get(p + 8), fixed32_get(p + 12), fixed64_get(p + 16), len);
}
