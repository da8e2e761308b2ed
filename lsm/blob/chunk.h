/*
 * One chunk of a value as it is stored: as it is, or as one raw LZ4 block, with a CRC32C over what
 * is stored. Which of the two it is, the lengths say (lsm/blob/blob_format.h).
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/blob/blob_format.h"

struct chunk {
	struct slice stored; /* borrowed */
	uint32_t raw_len;    /* unpacked; more than stored: it is LZ4 */
	uint32_t crc;        /* of `stored` */
};

/*
 * Pack raw (1 to BLOB_CHUNK_MAX bytes). With `compress` and where it saves at least min_saving_pct:
 * into `room`, whose memory is used again from call to call. Else ret_chunk->stored is raw itself.
 * -ENOMEM.
 */
must_check int chunk_pack(struct slice raw, bool compress, unsigned min_saving_pct,
			  struct buf *room, struct chunk *ret_chunk);

bool chunk_crc_is_right(const struct chunk *c);

/*
 * Unpack into raw_len bytes. -EUCLEAN: the lengths make no sense, or it does not unpack to exactly
 * that many; then what `into` holds is undefined.
 */
must_check int chunk_unpack(const struct chunk *c, uint8_t *into);
