/*
 * The bytes of a log file, NNNNNN.wal. All integers little-endian.
 *
 * File header, 48 bytes:
 *
 *	 0  u64  magic "apexwal\n"
 *	 8  u32  version (1; 2 for a log made of an older one)
 *	12  u32  zero
 *	16  u64  number: the log's own, as in its name
 *	24  u64  salt: differs for every log of every store, and no user of the store can know it
 *	32  u64  version 1: zero. version 2: old end, the size of the file that this log was made of
 *	40  u32  zero
 *	44  u32  CRC32C of bytes 0..43
 *
 * Then records, each at a multiple of 8:
 *
 *	 0  u32  header CRC: CRC32C of salt (8 bytes), number (8), then bytes 4..47 of the record
 *	 4  u32  payload CRC: CRC32C of the payload
 *	 8  u64  payload length (low 56 bits), type (high 8 bits)
 *	16  u64  first seqno
 *	24  u64  commit time, ns since 1970
 *	32  u64  durable seqno: every change up to it was on the disk when this was written
 *	40  u32  count: the record's changes have the seqnos first .. first + count - 1
 *	44  u32  zero
 *	48       payload, then zeros up to a multiple of 8
 *
 * Length, type, log number and payload are all under the CRCs (the payload through its own CRC,
 * which the header CRC covers), so neither an old record in recycled space nor a record copied
 * into a value ever replays. The zeros behind a payload are checked one by one.
 *
 * Types: BATCH, whose payload is a write batch (lsm/mem/batch_format.h); MARK, without payload and
 * changes (count 0, first seqno = next seqno), which only says what is durable: written at a clean
 * close. A durable seqno is below the record's own first seqno.
 *
 * The end: a record header that is all zeros (allocated space), or the end of the file.
 *
 * A log made of an older one (wal_writer_recycle) is that one's file under a new name with a new
 * header: a sync then writes to blocks that the file has had all along, which is cheaper, and a
 * full disk need not be asked for more. Behind its last record stand, up to the old end, not zeros
 * but the older log's bytes. None of them is ever valid here (number and salt), so they could be
 * left to the rule below; but then nobody could tell them from a torn record. Therefore, before the
 * old end, each record is followed by the zeros of a record header (or of what is left up to the
 * old end), written with it by one system call; the next record overwrites them. It costs 48 bytes
 * a record and no call. So below the old end, too, a place that is neither a record nor zeros is
 * torn (be it that the zeros were lost and the record was not), zeros are the end, and whatever is
 * behind them is the older log's or lost beyond recognition, and not counted as torn, unless it is
 * a valid record.
 *
 * Torn or damaged? The first record that is not whole and right, at seqno S, ends the history,
 * unless the next log that holds a record begins with S: then this log had ended, and what stands
 * there was never a record. The end is the torn one of a crash unless something proves that S had
 * been on the disk: a later valid record, in this log or a newer one, whose durable seqno is S or
 * more, or the manifest's durable seqno. That proof makes it damage.
 * (Later valid records alone prove nothing: the kernel writes pages back in any order, and a power
 * cut keeps any of those that no sync has covered.)
 *
 * Version rule: a reader refuses any other version.
 */
#pragma once

#include <stdint.h>

enum {
	WAL_VERSION = 1,
	WAL_VERSION_RECYCLED = 2,
	WAL_FILE_HEADER_SIZE = 48,
	WAL_RECORD_HEADER_SIZE = 48,
	WAL_ALIGN = 8,
};

#define WAL_MAGIC       UINT64_C(0x0a6c617778657061)      /* "apexwal\n" */
#define WAL_PAYLOAD_MAX ((UINT64_C(1) << 30) + (1 << 20)) /* the largest batch */

enum wal_type {
	WAL_BATCH = 1,
	WAL_MARK = 2,
};
