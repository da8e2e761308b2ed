/*
 * What a damaged file allows a store to answer, from the pristine and the damaged bytes alone.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "tests/rot/rot_check.h"

/*
 * File `file` of the store has these bytes instead of its own. By kind:
 *
 * LOCK: nobody reads it: no answer changes.
 * CURRENT: it is a checksum of itself: the store does not open.
 * Table: every byte is under a checksum: lsm_verify notices; reads are right or fail.
 * A log that the manifest does not name: nobody reads it: no answer changes.
 * Manifest: its header and each edit are under a checksum. A bad edit before a good one: the store
 *	does not open. Bad edits at the end are what a crash leaves: the files that they name or
 *	dropped tell, so it is an error or nothing has changed; lsm_verify reports them.
 * Log: the first record that is not whole ends the history before it (lsm/wal/wal_format.h),
 *	unless a later whole record or the manifest proves that it was on the disk: an error. The
 *	header is an error always. The zeros behind hold nothing: no answer changes, though
 *	lsm_verify reports what stands there in the newest log. Of the bytes of an older log, of
 *	which it may have been made, and of what stands behind the records of all but the newest,
 *	nothing is said at all (rot_is_dead).
 * Blob file: a chunk is under the checksum of what names it, the header is read before any. A
 *	chunk that tables name must lie within the file, or the store does not open; else, and if a
 *	log names it that is known to have been on the disk, reads of it fail and lsm_verify
 *	notices. One that a later record of a log names ends the history before that record. What
 *	nothing names is dead (rot_is_dead).
 */
struct rot_expect rot_expect_bytes(const struct rot_store *s, size_t file, struct slice bytes);

/*
 * The same when the store is opened with another recovery mode; `tail` is what is expected with
 * LSM_RECOVER_TAIL, `bytes` what it was made of (.ptr NULL: the file is missing).
 *
 * WHOLE: the same, or an error: of a torn end, and always if a record has become bytes that
 *	are none.
 * PREFIX: where TAIL fails because of what stands in a log the history ends before the first
 *	bad record, or before the log whose header is bad. This is told. All else is the same.
 */
struct rot_expect rot_expect_mode(const struct rot_store *s, size_t file, struct slice bytes,
				  const struct rot_expect *tail, enum lsm_recovery recovery);

/*
 * Nobody looks at this byte of the file: it stands behind the last record of a log with which a
 * newer one goes on, or an older log left it, behind the records and the zeros that end them; or no
 * record of a table or log names it in a blob file.
 */
bool rot_is_dead(const struct rot_store *s, size_t file, uint64_t offset);

/*
 * The file has the bytes of another of its kind, or of an older state. As rot_expect_bytes, but an
 * older manifest is whole in itself: if the files it names are all there the store is what it was.
 */
struct rot_expect rot_expect_other(const struct rot_store *s, size_t file, struct slice bytes);

/* The file is missing. */
struct rot_expect rot_expect_missing(const struct rot_store *s, size_t file);
