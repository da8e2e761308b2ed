/*
 * The headers of a log, encoded and decoded: the only code that knows the bytes of
 * lsm/wal/wal_format.h. Private to lsm/wal and its tests.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/wal/wal_record.h"

/* Zeros behind a payload of this length. */
static inline size_t wal_padding(uint64_t payload_len)
{
	return (size_t)(-payload_len & (WAL_ALIGN - 1));
}

void wal_file_header_encode(uint64_t number, uint64_t salt,
			    uint8_t ret_bytes[WAL_FILE_HEADER_SIZE]);

/*
 * Check the header of the file `name`, which is to be log `number`, and answer its salt. -EBADMSG:
 * failed checksum; -EUCLEAN: no log, another log, or another version; with a sentence.
 */
must_check int wal_file_header_decode(const uint8_t bytes[WAL_FILE_HEADER_SIZE], const char *name,
				      uint64_t number, uint64_t *ret_salt);

/* What the CRC of every record header of a log begins with. */
uint32_t wal_crc_seed(uint64_t number, uint64_t salt);

/* rec: all but payload.ptr. */
void wal_record_header_encode(const struct wal_record *rec, uint32_t crc_seed,
			      uint8_t ret_bytes[WAL_RECORD_HEADER_SIZE]);

/*
 * Check a record header that has `room` bytes of file behind it. NULL and *ret_rec (with
 * payload.ptr NULL) when it is right, else what is wrong with it. Cheap fields come first: a search
 * tries this at every eighth byte.
 */
must_check const char *wal_record_header_decode(const uint8_t bytes[WAL_RECORD_HEADER_SIZE],
						uint32_t crc_seed, uint64_t room,
						struct wal_record *ret_rec);
