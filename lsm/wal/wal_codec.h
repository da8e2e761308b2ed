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

/* old_end: of a log made of an older one, else 0. */
void wal_file_header_encode(uint64_t number, uint64_t salt, uint64_t old_end,
			    uint8_t ret_bytes[WAL_FILE_HEADER_SIZE]);

/*
 * Check the header of the file `name`, which is to be log `number`, and answer its salt. -EBADMSG:
 * failed checksum; -EUCLEAN: no log, another log, or another version; with a sentence.
 */
must_check int wal_file_header_decode(const uint8_t bytes[WAL_FILE_HEADER_SIZE], const char *name,
				      uint64_t number, uint64_t *ret_salt);

/* The old end in a checked header; 0 if the log was not made of another. Not to be trusted beyond
 * that: any number is possible. */
uint64_t wal_file_header_old_end(const uint8_t bytes[WAL_FILE_HEADER_SIZE]);

/* What the CRC of every record header of a log begins with. */
uint32_t wal_crc_seed(uint64_t number, uint64_t salt);

/* rec: all but payload.ptr. */
void wal_record_header_encode(const struct wal_record *rec, uint32_t crc_seed,
			      uint8_t ret_bytes[WAL_RECORD_HEADER_SIZE]);

/*
 * False: no right record header begins here. Very cheap, for the search through a whole log: the
 * length has 33 bits to spare, so one word tells nearly every other content apart.
 */
bool wal_record_header_is_possible(const uint8_t bytes[WAL_RECORD_HEADER_SIZE]);

/*
 * Check a record header that has `room` bytes of file behind it. NULL and *ret_rec (with
 * payload.ptr NULL) when it is right, else what is wrong with it. Cheap fields come first: a search
 * tries this at every eighth byte.
 */
must_check const char *wal_record_header_decode(const uint8_t bytes[WAL_RECORD_HEADER_SIZE],
						uint32_t crc_seed, uint64_t room,
						struct wal_record *ret_rec);
