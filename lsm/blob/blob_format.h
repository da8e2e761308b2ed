/*
 * The bytes of a blob file, NNNNNN.blob, and those by which a record names what is in it. All
 * integers little-endian; "varint" is lsm/base/coding.h's.
 *
 * Blob file header, 32 bytes:
 *
 *	 0  u64  magic "apexblb\n"
 *	 8  u32  version (1)
 *	12  u32  zero
 *	16  u64  number: the file's own, as in its name
 *	24  u32  zero
 *	28  u32  CRC32C of bytes 0..27
 *
 * Then chunks, one behind the other: nothing but their bytes, as they are or as one raw LZ4 block.
 * What a chunk is stands in the extents that name it, so a read is one read, straight to where its
 * bytes are wanted. What no extent names is dead, whatever it holds: a chunk of a write that failed
 * or was never logged, or one whose value is gone. A file is written once, front to back, by one
 * process, and never again after a reopen.
 *
 * Extent, 48 bytes: where a part of a value is.
 *
 *	 0  u64  offset of the part in the value
 *	 8  u64  number of the blob file
 *	16  u64  where in it the chunk begins
 *	24  u32  bytes of the chunk as stored
 *	28  u32  bytes of the chunk unpacked, up to BLOB_CHUNK_MAX; more than stored: it is LZ4
 *	32  u32  where in the unpacked chunk the part begins
 *	36  u32  bytes of the part, at least 1
 *	40  u32  CRC32C of the chunk as stored
 *	44  u32  zero
 *
 * Extents have one size, so that the one wanted is found in a long list by bisection.
 *
 * RECORD_LARGE, a whole value (lsm/mem/record.h has the kinds):
 *
 *	meta   varint size of the value, then the caller's meta
 *	value  extents, ascending and apart from each other; what lies between and behind them up to
 *	       the size is zeros
 *
 * RECORD_PATCH, a change of the value that the versions below it make (none: an empty one):
 *
 *	meta   varint size of the value from now on, then the caller's meta (which replaces the old)
 *	value  u8 enum patch_op, then
 *		PATCH_RESIZE   nothing
 *		PATCH_BYTES    varint offset, the bytes
 *		PATCH_ZEROS    varint offset, varint length
 *		PATCH_EXTENTS  extents as of a RECORD_LARGE, which replace what was there, but not
 *		               what lies between them
 *
 * First the value is cut to the new size, or grows to it by zeros; then the change is made, which
 * lies within that size. So what was cut off once never comes back.
 *
 * The bytes of records have no checksum of their own: log records and table blocks have.
 *
 * Version rule: a reader refuses any other version of a blob file, and any op that it does not
 * know.
 */
#pragma once

#include <stdint.h>

enum {
	BLOB_VERSION = 1,
	BLOB_HEADER_SIZE = 32,
	BLOB_EXTENT_SIZE = 48,
	BLOB_CHUNK_MAX = 16 << 20, /* unpacked */
	/* LZ4 cannot shrink anything below 1/255: caps what a small chunk may claim to unpack to.
	 */
	BLOB_LZ4_RATIO_MAX = 255,
};

#define BLOB_MAGIC UINT64_C(0x0a626c6278657061) /* "apexblb\n" */

/* Of file numbers; as of all files of a store (lsm/tree/manifest_format.h). */
#define BLOB_NUMBER_MAX (UINT64_C(1) << 55)
/* Of a file's size, so that sums never overflow. */
#define BLOB_OFFSET_MAX (UINT64_C(1) << 56)
/* Of a value's size. */
#define BLOB_VALUE_MAX (UINT64_C(1) << 46)

/* Stable numbers: they stand in files. */
enum patch_op {
	PATCH_RESIZE = 0,
	PATCH_BYTES = 1,
	PATCH_ZEROS = 2,
	PATCH_EXTENTS = 3,
};
