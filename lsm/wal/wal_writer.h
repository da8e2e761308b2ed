/*
 * Appends records to one log file.
 *
 * Thread rule: append and reserve by one thread at a time (the commit order); sync beside them,
 * by one thread at a time.
 */
#pragma once

#include "lsm/env/env.h"
#include "lsm/wal/wal_record.h"

struct wal_writer;

/*
 * Make log `number`: the file with its header, synced, its name synced. So a log that may hold
 * acknowledged changes can never be lost itself. Errors: the env's, -ENOMEM; then no file is left
 * (if it can be removed).
 */
must_check int wal_writer_create(struct env_dir *dir, uint64_t number, uint64_t salt,
				 struct wal_writer **ret_writer);

/*
 * Make log `number` of the file of log `old`, whose changes are in tables and which nothing names
 * any more; the promise is that of wal_writer_create, and the file keeps its blocks. A crash
 * meanwhile leaves a file with either name and either header, which nothing names either. After a
 * failure there is no new log (if its file can be removed), and the old one may be gone too.
 */
must_check int wal_writer_recycle(struct env_dir *dir, uint64_t old, uint64_t number, uint64_t salt,
				  struct wal_writer **ret_writer);

/*
 * Go on in an existing log after recovery: cut it at `offset` (a multiple of WAL_ALIGN that
 * wal_recover answered), durably, so that nothing beyond can ever come back.
 */
must_check int wal_writer_resume(struct env_dir *dir, uint64_t number, uint64_t offset,
				 struct wal_writer **ret_writer);

/*
 * Give back the space taken ahead, or left by an older log: for others on a full disk, and so that
 * the next open has nothing to search. Not synced: until the next sync a power cut may undo it,
 * which does no harm. False: there was none, or it failed, and all is as before. Thread rule: as
 * append.
 */
bool wal_writer_trim(struct wal_writer *w);

/* The caller has synced if it cares. NULL is allowed. */
void wal_writer_close(struct wal_writer *w);

/*
 * Take disk space ahead, in steps of step_bytes while the disk has that much, so that the next
 * append of a record with payload_len bytes finds room and seldom makes the file grow. An error,
 * -ENOSPC above all, costs nothing: the writer is as before. The space is zeros at the end of the
 * file, which readers know as the end; a recycled log has its space already.
 */
must_check int wal_writer_reserve(struct wal_writer *w, uint64_t payload_len, uint64_t step_bytes);

/*
 * Append one record; payload_crc is the caller's, so that it can be computed outside the commit
 * lock. -E2BIG: payload over WAL_PAYLOAD_MAX, nothing done. Any other error: part of it may be in
 * the file; the writer refuses every later call with -EIO.
 */
must_check int wal_writer_append(struct wal_writer *w, const struct wal_record *rec);

/* All records appended before this call are durable. A failure is final, as for append. */
must_check int wal_writer_sync(struct wal_writer *w);

uint64_t wal_writer_number(const struct wal_writer *w);
/* Bytes of the file so far, reserved ones not counted; may be read by any thread. */
uint64_t wal_writer_size(const struct wal_writer *w);

/* "000012.wal" into a buffer of ENV_NAME_MAX + 1 bytes. */
void wal_file_name(uint64_t number, char *ret_name);
