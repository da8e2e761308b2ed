/*
 * The bytes of MANIFEST-NNNNNN and CURRENT. All integers little-endian; "varint" is
 * lsm/base/coding.h's.
 *
 * CURRENT, one line of text: "MANIFEST-000005 crc32c=0123abcd\n", the CRC32C (hex) of the bytes
 * before " crc32c". It is replaced by rename, with a sync of the folder.
 *
 * Manifest header, 32 bytes:
 *
 *	 0  u64  magic "apexman\n"
 *	 8  u32  version (1)
 *	12  u32  zero
 *	16  u64  store id, random, made with the store
 *	24  u32  zero
 *	28  u32  CRC32C of bytes 0..27
 *
 * Then edits, each:
 *
 *	 0  u32  CRC32C of store id (8 bytes), file offset of the edit (8), length (4), payload
 *	 4  u32  payload length, at least 1
 *	 8       payload: fields, see below
 *
 * The first edit of a manifest is the whole state. Each edit is synced before anything relies on
 * it, so a bad last edit is a crash's and is ignored: the files that it would have made needless
 * are all still there, and if they are not, opening says so. A valid edit behind a bad one is
 * damage.
 *
 * A state of many tables, too long for one edit, is several: the first has all of it but tables,
 * each of them adds tables, and all are synced before CURRENT names the manifest. To lack the last
 * of them is damage, and readers see it so: the next file number is 1 in the first edit, below
 * those in use, and the true one in the last.
 *
 * Fields: u8 id, then
 *
 *	1 next file number   varint, 1..MANIFEST_COUNT_MAX
 *	2 flushed seqno      varint, up to MANIFEST_COUNT_MAX: every change up to it is in tables
 *	3 log added          varint number
 *	4 logs dropped       varint: all logs with lower numbers are needed no more
 *	5 table added        varint level, number, id, size, entries, tombstones, smallest and
 *	                     largest seqno; sized smallest and largest user key. Its run is 0.
 *	                     Read, but no longer written
 *	6 table removed      varint level, number
 *	7 cursor             varint level, sized user key
 *	8 table added to     varint level, run, then as 5 from the number on. Runs are numbered like
 *	  a run              files, higher is newer; in level 0 the run is 0, and each table is one
 *	9 durable seqno      varint, up to MANIFEST_COUNT_MAX: every change up to it was on the
 *	                     disk, in tables or logs, when this was written (a log that ends
 *	                     before it is damaged)
 *	10 blobs of a table  varint number of the table, which the field just before (8) added;
 *	                     varint count, at least 1; then for each blob file that its records
 *	                     name, by ascending numbers: varint number, bytes named (about), and
 *	                     end of the last chunk named. A table without the field names none
 *	11 separator         u8: the byte that splits keys into folders and names, for whoever
 *	                     shows them so. A store that was never told has none
 *	12 snapshot named    sized name of 1..255 bytes, varint seqno, up to MANIFEST_COUNT_MAX:
 *	                     what its reader sees, which is known to be on the disk (2 or 9 is
 *	                     as high); varint time in ns since 1970. At most SNAPSHOT_NAMES_MAX
 *	                     (lsm/tree/snapshot_list.h), no name twice
 *	13 snapshot dropped  sized name, of one that is there. In an edit with both, these come
 *	                     first, wherever they stand
 *	14 note              sized, up to MANIFEST_NOTE_MAX: bytes that a program keeps with the
 *	                     store, instead of what there was. A store without any has none
 *
 * Version rule: a reader refuses any other version, and any unknown field.
 */
#pragma once

#include <stdint.h>

enum {
	MANIFEST_VERSION = 1,
	MANIFEST_HEADER_SIZE = 32,
	MANIFEST_EDIT_HEADER_SIZE = 8,
	MANIFEST_EDIT_MAX = 64 << 20,
	MANIFEST_NOTE_MAX = 64 << 10,
	MANIFEST_NEXT_FILE_LATER = 1, /* in the first edit of several that are the state */
};

#define MANIFEST_MAGIC UINT64_C(0x0a6e616d78657061) /* "apexman\n" */

/*
 * Half of what file numbers and seqnos may be. No store ever counts to there; one that says so is
 * refused, so that those counted on from what a manifest says never leave their range.
 */
#define MANIFEST_COUNT_MAX (UINT64_C(1) << 55)

/* Stable numbers: they stand in files. */
enum manifest_field {
	FIELD_NEXT_FILE = 1,
	FIELD_FLUSHED_SEQNO = 2,
	FIELD_LOG_ADDED = 3,
	FIELD_LOGS_DROPPED = 4,
	FIELD_TABLE_ADDED = 5,
	FIELD_TABLE_REMOVED = 6,
	FIELD_CURSOR = 7,
	FIELD_RUN_TABLE_ADDED = 8,
	FIELD_DURABLE_SEQNO = 9,
	FIELD_TABLE_BLOBS = 10,
	FIELD_SEPARATOR = 11,
	FIELD_SNAPSHOT_NAMED = 12,
	FIELD_SNAPSHOT_DROPPED = 13,
	FIELD_NOTE = 14,
};
