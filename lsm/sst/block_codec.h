/*
 * Compression and checksum of a block's payload (LZ4 block format,
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/sst/sst_format.h"

/* The bytes to store, and how they are coded. */
struct block_payload {
	struct slice bytes;
	enum sst_codec codec;
};

/*
 * Choose what to store for raw: raw itself (borrowed), or its compressed form in `room` (borrowed,
 * good until room changes) when codec asks for it and it saves min_saving_pct per cent at least.
 * -ENOMEM.
 */
must_check int block_compress(struct slice raw, enum sst_codec codec, unsigned min_saving_pct,
			      struct buf *room, struct block_payload *ret_payload);

/*
 * What the payload claims to unpack to. -EUCLEAN: an unknown codec, or a length that no honest
 * payload of this size has, or one over SST_BLOCK_MAX. Nothing is allocated before this has said
 * yes.
 */
must_check int block_unpacked_len(struct block_payload payload, size_t *ret_len);

/* Unpack a payload that block_unpacked_len accepted into exactly len bytes. -EUCLEAN. */
must_check int block_unpack(struct block_payload payload, uint8_t *into, size_t len);

/* The CRC of the trailer of a block at `offset`. */
uint32_t block_crc(uint64_t table_id, uint64_t offset, struct block_payload payload);
