/*
 * Reads one log file record by record, and finds the next good one behind a bad one.
 *
 * Nothing from the file is trusted: lengths are held against the file's size, memory for a payload
 * is taken only after its header's CRC was right. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/env/env.h"
#include "lsm/wal/wal_record.h"

struct wal_reader;

enum {
	WAL_READ_BYTES = 256 * 1024, /* read at once: small records cost no system call each */
};

/*
 * Open log `number`. -ENOENT; -EUCLEAN or -EBADMSG when its file header is wrong (it was synced
 * before any record was written, so that is damage).
 */
must_check int wal_reader_open(struct env_dir *dir, uint64_t number,
			       struct wal_reader **ret_reader);
/* As wal_reader_open, to be read in pieces of that size, or of a record's. */
must_check int wal_reader_open_sized(struct env_dir *dir, uint64_t number, uint32_t read_bytes,
				     struct wal_reader **ret_reader);
/*
 * As wal_reader_open, for a damaged log: with a salt (NULL: none known) that takes the place of a
 * file header that is wrong; and bytes that the disk cannot read (-EIO) count as zeros, which
 * wal_reader_unreadable then counts.
 */
must_check int wal_reader_open_damaged(struct env_dir *dir, uint64_t number, const uint64_t *salt,
				       struct wal_reader **ret_reader);
void wal_reader_close(struct wal_reader *r);

/* How many bytes the disk could not read so far; some may be counted twice. */
uint64_t wal_reader_unreadable(const struct wal_reader *r);
/* Whether the file header was right. */
bool wal_reader_has_header(const struct wal_reader *r);

/*
 * The next record, good until the next call. 0; -ENODATA: the end, clean; -EBADMSG: the bytes at
 * wal_reader_offset are no whole, right record; or the env's error, -ENOMEM.
 */
must_check int wal_reader_next(struct wal_reader *r, struct wal_record *ret_rec);

/*
 * After -EBADMSG, or after -ENODATA (zeros may be a hole): go to the next place (multiple of
 * WAL_ALIGN) where a valid record stands, for wal_reader_next. -ENODATA: there is none, and the
 * reader stays where it was.
 */
must_check int wal_reader_resync(struct wal_reader *r);

/* Where the next record is expected (after -EBADMSG or -ENODATA: where the bad one or the end is).
 */
uint64_t wal_reader_offset(const struct wal_reader *r);

/* Whether bytes of an older log (lsm/wal/wal_format.h) may stand behind the reader's place: then
 * only a search tells whether it is the end. */
bool wal_reader_has_old_bytes(const struct wal_reader *r);

/*
 * How many bytes there are from offset on to the last that is not zero; 0: none. Where an older log
 * has left its bytes only the records found so far count, whole or torn ones.
 */
must_check int wal_reader_bytes_after(struct wal_reader *r, uint64_t offset, uint64_t *ret_bytes);
