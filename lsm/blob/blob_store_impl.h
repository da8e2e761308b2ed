/*
 * Inside of the blob store, for its own files and their tests.
 *
 * A file's life:
 *
 *	found at open, or made by a writer        in `files`
 *	appended to                               in `dirty` until a sync has taken it out
 *	complete, and all of it synced            its appender is closed
 *	read                                      its reader is open; in `idle` while nobody reads
 *	last reference gone                       out of `files` and `dirty`; in `obsolete`
 *	purged                                    descriptors closed, unlinked, freed
 *
 * Reads and syncs under way have a reference, so what is in `obsolete` is at rest.
 */
#pragma once

#include <errno.h>
#include <inttypes.h>

#include "lsm/base/error.h"
#include "lsm/base/helper.h"
#include "lsm/base/mutex.h"
#include "lsm/blob/blob_store.h"

enum {
	BLOB_SPARES_MAX = 8,            /* buffers kept for the next to need one */
	BLOB_SPARE_BYTES_MAX = 1 << 20, /* larger ones are not kept */
};

/* One file being appended to. */
struct blob_writer {
	struct mutex mu;        /* RANK_BLOB_WRITER: one append at a time, with its I/O */
	struct blob_file *file; /* a reference; NULL: the next chunk makes one; guarded by mu */
};

/* As struct blob_stats. */
struct blob_counters {
	_Atomic uint64_t files, bytes;
	_Atomic uint64_t written_bytes, written_raw_bytes;
	_Atomic uint64_t chunks_written, chunks_read;
	_Atomic uint64_t read_bytes;
	_Atomic uint64_t checksum_errors;
	_Atomic uint64_t checksums;
	_Atomic uint64_t syncs;
	_Atomic uint64_t open_files;
};

struct blob_store {
	/* Immutable. */
	struct env_dir *dir; /* borrowed */
	struct blob_options options;
	struct blob_owner owner;
	struct blob_writer writers[BLOB_WRITERS_MAX]; /* options.writers of them */

	struct helper helper;
	_Atomic bool trust; /* relaxed: of reads that begin later */

	struct mutex sync_mu; /* RANK_BLOB_SYNC: one sync at a time, with its I/O */

	struct mutex mu; /* RANK_BLOB */
	/* Guarded by mu. */
	struct blob_file **files; /* owned; those that are wanted, by ascending numbers */
	size_t file_count, file_cap;
	struct ring idle, dirty, obsolete;
	bool names_dirty;                   /* files were made since the folder was last synced */
	bool sync_failed;                   /* false -> true */
	struct buf spares[BLOB_SPARES_MAX]; /* owned */
	unsigned spare_count;
	struct blob_counters counters; /* kept up to date at each step, and read without mu */
};

/* The caller holds mu, which makes the two steps one. Relaxed: numbers for people. */
static inline void blob_count_locked(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

static inline void blob_uncount_locked(_Atomic uint64_t *counter, uint64_t n)
{
	blob_count_locked(counter, UINT64_C(0) - n);
}

/* A new file of that number in `files`, with one reference, for the caller. -ENOMEM; -EEXIST. */
must_check int blob_file_new_locked(struct blob_store *s, uint64_t number, uint64_t bytes,
				    struct blob_file **ret_file);
/* The file of that number, or NULL. */
struct blob_file *blob_find_locked(const struct blob_store *s, uint64_t number);
/* Without a reference left it becomes obsolete. */
void blob_unref_locked(struct blob_file *f);

/* Whether it was for want of a file descriptor, and there is one now. */
bool blob_make_way_for(struct blob_store *s, int error);

/* Complete the files being written in which everything is dead. */
void blob_complete_dead(struct blob_store *s);

/* The appender, for the caller to close, once nobody needs it any more; else NULL. */
struct env_file *blob_take_appender_locked(struct blob_file *f);

/*
 * A file that something names is not there: -EUCLEAN with a sentence. Beside a writer that is no
 * sign of damage, but of a value that has had its time: -ESTALE; if it is damage all the same,
 * opening the store again says so.
 */
static inline int blob_missing(const struct blob_store *s, uint64_t number)
{
	/* Constants, not fail's answers: so every checker sees that it is an error. */
	if (s->options.beside_writer) {
		(void)fail(-ESTALE,
			   "%06" PRIu64 ".blob: the writer has replaced it; open the store again",
			   number);
		return -ESTALE;
	}
	(void)fail(-EUCLEAN, "%06" PRIu64 ".blob: missing", number);
	return -EUCLEAN;
}

/* A buffer with memory of an earlier use, if there is one. */
struct buf blob_spare_take(struct blob_store *s);
/* Keep its memory for the next, or free it. */
void blob_spare_give(struct blob_store *s, struct buf *b);
