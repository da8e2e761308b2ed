/*
 * The header of a blob file: coding and decoding (lsm/blob/blob_format.h has the bytes).
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/blob/blob_format.h"

void blob_header_encode(uint64_t number, uint8_t ret_bytes[BLOB_HEADER_SIZE]);

/*
 * Check the header that file `name` begins with. -EUCLEAN: no blob file, another version, or the
 * file of another number; -EBADMSG: the checksum is wrong. With a sentence.
 */
must_check int blob_header_check(const uint8_t bytes[BLOB_HEADER_SIZE], const char *name,
				 uint64_t number);
