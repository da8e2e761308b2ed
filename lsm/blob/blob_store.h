/*
 * The blob files of a store: writing chunks, reading them, knowing which files are wanted.
 *
 * A file is wanted as long as somebody holds a reference: a table (in any version that a reader
 * holds) whose records name it, a memtable whose records do, a batch on its way, the writer that
 * appends to it. When the last one goes the file is obsolete, and blob_store_purge removes it from
 * the disk. So no count of live records is kept anywhere, and none can be wrong.
 *
 * Durability: chunks are durable once blob_store_sync has returned, which log and tables wait for
 * before they are synced themselves. A chunk that a record names, and that is not there or not
 * right, was never synced (the record is a torn end), or is damage: the caller knows which.
 *
 * Thread rule: any thread. Mutex RANK_BLOB, held for a few steps; no I/O under it.
 */
#pragma once

#include <stdatomic.h>

#include "lsm/blob/extent.h"
#include "lsm/blob/ring.h"
#include "lsm/env/env.h"

struct blob_store;
struct helper;

enum {
	BLOB_WRITERS_MAX = 16,
};

struct blob_options {
	uint32_t chunk_bytes; /* values are cut into chunks of at most this; up to BLOB_CHUNK_MAX */
	uint64_t file_bytes;  /* a file that has reached this is complete */
	bool compress;        /* LZ4, where it pays */
	unsigned min_saving_pct; /* it pays from here on */
	unsigned max_open;       /* files open for reading, unless more are being read; and of those
				    complete and not yet synced */
	bool alone;              /* a large value is written by its writer's thread alone */
	unsigned writers;        /* files written side by side, up to BLOB_WRITERS_MAX */
	bool beside_writer;      /* the folder is another one's, who may remove files: a missing one
				    is -ESTALE to who reads it */
	bool any_header;         /* read files whatever their headers say: each chunk has a checksum
				    of its own */
};

/* What the store asks of its owner. */
struct blob_owner {
	uint64_t (*next_number)(void *arg); /* of a new file, never used before; takes no lock */
	/* A file descriptor is wanted: close some of the owner's. False: there are none. RANK_CACHE
	 * at least. NULL: never. */
	bool (*make_way)(void *arg);
	void *arg; /* borrowed */
};

/* A file that is there; a reference keeps it on the disk. */
struct blob_file {
	struct blob_store *store; /* borrowed */
	uint64_t number;
	_Atomic uint64_t bytes; /* of it, header too: where the next chunk goes, or its size. The
				   writer stores it with release. */
	uint64_t attached; /* the caller's mark, guarded by the caller's lock: which memtable holds
			      a reference already */

	/* The rest is the store's, guarded by its mutex. */
	uint64_t references;       /* 0: obsolete */
	struct env_file *reader;   /* owned; NULL: not open for reading */
	unsigned readers;          /* reads under way */
	struct env_file *appender; /* owned; until all that went through it is synced */
	bool appending;            /* a writer has it */
	bool syncing;
	struct ring_link idle;     /* open for reading, and nobody reads */
	struct ring_link dirty;    /* appended to since its last sync */
	struct ring_link obsolete; /* to be removed from the disk */
};

/* dir and owner.arg are borrowed. -ENOMEM. */
must_check int blob_store_new(struct env_dir *dir, const struct blob_options *options,
			      struct blob_owner owner, struct blob_store **ret_store);
/* Files still held must not be used any more. Removes nothing. NULL is allowed. */
void blob_store_free(struct blob_store *s);

const struct blob_options *blob_store_options(const struct blob_store *s);

/*
 * Take note of a file that was found in the folder at open, with a reference for the caller, so
 * that it stays until everybody who names it has been asked. -ENOMEM. One of that number that is
 * known already: another reference to it.
 */
must_check int blob_store_add(struct blob_store *s, uint64_t number, uint64_t bytes,
			      struct blob_file **ret_file);
/* The known file of that number, with a reference for the caller; -ENOENT. */
must_check int blob_store_find(struct blob_store *s, uint64_t number, struct blob_file **ret_file);
struct blob_file *blob_file_ref(struct blob_file *f);
/* NULL is allowed. A short lock; no I/O. */
void blob_file_unref(struct blob_file *f);
/* How many there are at this moment, of all holders; the writer that appends to the file is one. */
uint64_t blob_file_references(struct blob_file *f);

struct blob_write {
	uint64_t lane;    /* any number, a hash of the key: writers of one lane share a file one
			     after the other, so what belongs together lies together */
	struct slice raw; /* 1 to chunk_bytes */
	bool as_it_is;    /* packing it is not worth a try */
};

/*
 * Write one chunk; fills *ret_extent (offset 0, the whole chunk). The file's reference is the
 * caller's. Syncs first when too many files wait for it. After an error nothing has happened;
 * -ENOSPC, -EIO...
 */
must_check int blob_store_write(struct blob_store *s, const struct blob_write *write,
				struct extent *ret_extent, struct blob_file **ret_file);

/* The thread that takes a part of a large write (lsm/blob/value_writer.h); NULL: `alone`. */
struct helper *blob_store_helper(struct blob_store *s);

/*
 * Read the part of a chunk that an extent names: its len bytes, whose chunk's CRC was checked. The
 * caller knows that something keeps the file, and that the extent makes sense (extent_list_get).
 * -EBADMSG: the checksum of the chunk or of the file's header is wrong. -EUCLEAN: it ends too
 * early, does not unpack, is missing, or has another header. -ESTALE: it is missing, and another
 * one's (beside_writer). Sentences name file and offset. After an error what `into` holds is
 * undefined.
 */
must_check int blob_store_read(struct blob_store *s, const struct extent *e, void *into);
/* As blob_store_read, but the chunk's CRC is not checked while blob_store_trust says so. */
must_check int blob_store_fetch(struct blob_store *s, const struct extent *e, void *into);
/* Whether blob_store_fetch takes chunks for right as they are; false at the start. */
void blob_store_trust(struct blob_store *s, bool trust);
/* Hint that this chunk will be read soon. */
void blob_store_read_ahead(struct blob_store *s, const struct extent *e);

/*
 * All chunks written before this call, and the names of their files, are on the disk. One that is
 * under way is waited for (RANK_BLOB_SYNC). A failure is final: each later call fails, too, as
 * nobody knows what the disk holds.
 */
must_check int blob_store_sync(struct blob_store *s);
/* A found file's bytes are on the disk, and what is read of them comes from there
 * (env_file_resync); before they are relied on. The folder is the caller's. -EUCLEAN: it is
 * missing. */
must_check int blob_file_resync(struct blob_file *f);

/* Complete the files being written: later chunks go to new ones. */
void blob_store_seal(struct blob_store *s);

/* Remove obsolete files from the disk, and those being written in which nothing is wanted any more,
 * which are completed first. One that cannot be removed is tried again by the next call;
 * the next open finds it, too. */
void blob_store_purge(struct blob_store *s);

/* A file descriptor is wanted elsewhere: close idle ones. True when it did. */
bool blob_store_make_way(struct blob_store *s);

struct blob_stats {
	uint64_t files, bytes;  /* on the disk, obsolete ones not */
	uint64_t written_bytes; /* chunks as stored */
	uint64_t written_raw_bytes;
	uint64_t chunks_written, chunks_read;
	uint64_t read_bytes; /* chunks as stored */
	uint64_t checksum_errors;
	uint64_t checksums;  /* checked, right or not */
	uint64_t syncs;      /* of files */
	uint64_t open_files; /* for reading */
};
/* No lock. */
void blob_store_stats(struct blob_store *s, struct blob_stats *ret_stats);

/* "000012.blob" into a buffer of ENV_NAME_MAX + 1 bytes. */
void blob_file_name(uint64_t number, char *ret_name);
