/*
 * Values that say themselves what they are, so that a wrong one can be told from a half one.
 *
 *	offset  bytes
 *	0       8      VALUE_MAGIC
 *	8       4      writer
 *	12      4      file that it was made for
 *	16      8      generation: each value of a writer has its own
 *	24      4      length of the whole value
 *	28      4      CRC-32C of the whole value with this field zero
 *	32      ...    filler
 *
 * A file holds one value, or several after one another.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include <stdint.h>

#include "lsm/base/buf.h"

#define VALUE_MAGIC "apexkill"

enum {
	VALUE_HEAD_BYTES = 32,
	VALUE_FILLER_MIN = 1,
	VALUE_FILLER_MAX = 64 * 1024,
	VALUE_TEXT_MAX = 200,
};

struct value_name {
	uint32_t writer;
	uint32_t file;
	uint64_t generation;
	uint32_t len; /* of the whole value */
};

/* Append its first `kept` bytes (at most its length), the same ones for the same name. -ENOMEM. */
must_check int value_append(const struct value_name *name, uint32_t kept, struct buf *bytes);

/* What bytes are, for people: "a whole value (...), then 12 bytes that are none". */
void value_describe(struct slice bytes, char ret_text[VALUE_TEXT_MAX]);
