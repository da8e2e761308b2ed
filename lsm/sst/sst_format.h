/*
 * The bytes of a table file, NNNNNN.sst. Fixed-width integers are little-endian; "varint" and
 * "sized" (a varint length, then the bytes) are lsm/base/coding.h's, "zigzag" maps 0, -1, 1, -2 ...
 * to 0, 1, 2, 3 ...
 *
 *	value blocks and data blocks    in the order in which they were filled
 *	filter block
 *	properties block
 *	index block
 *	footer, 64 bytes
 *
 * Blocks follow each other without gaps. The value blocks that a data block's entries name stand
 * right before it, in the order of the entries, so a file is read through from front to back.
 *
 * Block on disk, n + 5 bytes:
 *
 *	0      payload, n bytes
 *	n      u8   codec of the payload, enum sst_codec
 *	n + 1  u32  CRC32C of: u64 table id, u64 file offset of the block, u8 codec, payload
 *
 * Id and offset are in the CRC, so a block at a wrong place, or of another table, is not taken for
 * the right one. An LZ4 payload is a varint uncompressed length, then one raw LZ4 block. What
 * follows describes the uncompressed bytes.
 *
 * Handle of a block: varint file offset, varint length n of the payload as stored.
 *
 * Data block:
 *
 *	entries, in record order (lsm/mem/record.h)
 *	u32 x r  where in the block each restart point begins; the first is 0, ascending
 *	u32      r, at least 1
 *
 * At a restart point the previous key counts as empty and the previous seqno and time as 0. Entry:
 *
 *	varint  bytes of the key shared with the previous entry's key
 *	varint  bytes of the key that follow
 *	varint  zigzag of seqno - previous seqno
 *	varint  zigzag of time_ns - previous time_ns (both modulo 2^64)
 *	u8      kind in the low 7 bits; SST_VALUE_OUTSIDE: the value has a block of its own
 *	bytes   the rest of the key
 *	sized   meta
 *	varint  value length
 *	        then the value, or with SST_VALUE_OUTSIDE the handle of its value block
 *
 * So everything but a long value can be read without touching the value. Value block: one value, no
 * more.
 *
 * Index block: laid out as a data block, with one entry for each data block in their order. Its key
 * and seqno are a separator: in record order not before the last entry of its data block, and
 * before the first entry of the next data block. Its value is the data block's handle; kind 1, time
 * 0, no meta. When the user key changes between two blocks the separator is a short key with seqno
 * 0 (after every version of that key); when one key's versions go on in the next block it is the
 * last entry's key and seqno. So the first separator not before (key, seqno) names the one block
 * where the newest version of key up to seqno is, if there is one, however many blocks the versions
 * of key fill.
 *
 * Filter block:
 *
 *	 0  u32     number of hashes put in (saturating; for people, not for the reader)
 *	 4  u32     number of lines; 0: no filter, the answer is always "maybe"
 *	 8  u8      probes, 1..SST_PROBES_MAX; 0 with no lines
 *	 9  u8 x 3  0
 *	12  lines of 64 bytes
 *
 * A blocked Bloom filter (F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient
 * Bloom Filters", 2007) over hash64(user key, 0), sized by the real number of hashes;
 * lsm/sst/bloom.h says which bits a hash sets. With a filter separator (SST_FILTER_SEPARATOR) every
 * prefix of a key that ends in that byte is put in too, as hash64(prefix, 1), so "is anything below
 * this folder here?" has an answer without a read.
 *
 * Properties block: pairs (varint id, varint number) in ascending id, see enum sst_property; varint
 * 0; sized smallest user key; sized largest user key. Absent ids are 0, unknown ids are skipped.
 *
 * Footer:
 *
 *	 0  u64 x 2  index block: file offset, length of the payload as stored
 *	16  u64 x 2  filter block: the same
 *	32  u64 x 2  properties block: the same
 *	48  u64      table id
 *	56  u16      version (SST_VERSION)
 *	58  u16      magic (SST_MAGIC)
 *	60  u32      CRC32C of bytes 0..59
 *
 * Version rule: a reader refuses any version but its own. Later versions keep the last 8 bytes
 * where they are, so that an older reader says so instead of "damaged". Sizes are 64 bit
 * everywhere; a reader holds every offset and length against the file's size before it uses them.
 */
#pragma once

#include <stdint.h>

enum {
	SST_VERSION = 1,
	SST_MAGIC = 0x5ab1,
	SST_FOOTER_SIZE = 64,
	SST_FOOTER_TABLE_ID_AT = 48,
	SST_TRAILER_SIZE = 5,
	SST_VALUE_OUTSIDE = 0x80,
	SST_KIND_MASK = 0x7f,
	SST_FILTER_HEADER_SIZE = 12,
	SST_FILTER_LINE_SIZE = 64,
	SST_PROBES_MAX = 24,
	SST_KEY_HASH_SEED = 0,
	SST_PREFIX_HASH_SEED = 1,
};

/*
 * Caps that writer and reader hold to, so a damaged or hostile length is refused before memory is
 * taken for it: the uncompressed bytes of one block, and all separators of an index together. One
 * value of RECORD_VALUE_MAX, with its key and meta, fits a block. LZ4 cannot shrink anything below
 * 1/255, which caps the claim of a small payload.
 */
#define SST_BLOCK_MAX      ((UINT64_C(1) << 30) + (UINT64_C(16) << 20))
#define SST_INDEX_KEYS_MAX (UINT64_C(1) << 30)
#define SST_LZ4_RATIO_MAX  255

_Static_assert(SST_TRAILER_SIZE == sizeof(uint8_t) + sizeof(uint32_t), "codec and CRC");
_Static_assert(SST_FOOTER_SIZE == 3 * 2 * sizeof(uint64_t) + sizeof(uint64_t) +
					  2 * sizeof(uint16_t) + sizeof(uint32_t),
	       "handles, id, version, magic, CRC");
_Static_assert(SST_FILTER_HEADER_SIZE == 2 * sizeof(uint32_t) + 4, "counts, probes, padding");
_Static_assert(SST_BLOCK_MAX < UINT32_MAX, "restart points are 32 bit");
_Static_assert((SST_VALUE_OUTSIDE & SST_KIND_MASK) == 0, "kind and flag share a byte");

/* Stable numbers: they stand in files. */
enum sst_codec {
	SST_STORED = 0,
	SST_LZ4 = 1,
};

enum sst_property {
	SST_PROPERTY_END = 0,
	SST_ENTRIES = 1,
	SST_TOMBSTONES = 2,
	SST_SMALLEST_SEQNO = 3,
	SST_LARGEST_SEQNO = 4,
	SST_KEY_BYTES = 5,   /* user keys, uncompressed */
	SST_VALUE_BYTES = 6, /* metas and values, uncompressed */
	SST_DATA_BLOCKS = 7,
	SST_VALUE_BLOCKS = 8,
	SST_FILTER_SEPARATOR = 9, /* byte + 1; 0: no prefixes in the filter */
	SST_NEWEST_NS = 10,       /* the latest commit time of a record */
	SST_PROPERTY_COUNT,       /* of those this version knows, SST_PROPERTY_END among them */
};
