/*
 * liblsm: an embedded, ordered, persistent key-value store (a log-structured merge tree).
 *
 *	struct lsm *db;
 *	if (lsm_open("store", NULL, &db) < 0)
 *		errx(1, "%s", lsm_error_text());
 *	lsm_put(db, slice_str("user:1"), slice_str("Ada"), NULL);
 *	lsm_close(db);
 *
 * Errors: every int function returns 0 or a negative errno, and on failure leaves its ret_x
 *parameters untouched; lsm_error_text then is a sentence for people. The usual ones: -ENOENT not
 *found; -EBADMSG a checksum did not match and -EUCLEAN bytes on disk make no sense (damage is
 *reported, never served); -EROFS the store was opened read-only, or has become read-only because
 *its log could not be written or synced (only reopening ends that); -ENOMEM; -ENOSPC; -EIO.
 *
 * Thread rule: a struct lsm may be used by any number of threads. A batch, an iterator, a watch or
 *a pinned record belongs to one thread at a time.
 *
 * Durability: a write that returned 0 is in the store's log file (it survives the death of the
 *process); it survives a power cut once it was synced: see enum lsm_sync_mode and lsm_sync. After a
 *crash the store holds a prefix of the history of writes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"
#include "lsm/base/long_work.h"
#include "lsm/base/slice.h"
#include "lsm/stats.h"

struct buf;
struct env;
struct lsm;
struct lsm_batch;
struct lsm_iter;
struct lsm_patch;
struct lsm_snapshot;
struct lsm_watch;

enum {
	LSM_KEY_MAX = 65535,      /* bytes of a key; at least 1 */
	LSM_META_MAX = 64 * 1024, /* bytes of a record's meta */
	/* bytes that one write has in the log beside its value, at most */
	LSM_RECORD_OVERHEAD_MAX = LSM_KEY_MAX + LSM_META_MAX + 64,
	LSM_EXPECT_MAX = 1024,       /* preconditions of a batch */
	LSM_SNAPSHOTS_MAX = 1024,    /* that have a name */
	LSM_SNAPSHOT_NAME_MAX = 255, /* bytes; at least 1 */
	LSM_NOTE_MAX = 64 * 1024,
};

#define LSM_VALUE_MAX (UINT64_C(1) << 46) /* bytes of a value, whatever value_max says */
/* Bytes of a value that lsm_get and lsm_iter_value hand out in one piece; above: -EFBIG. */
#define LSM_WHOLE_MAX (UINT64_C(1) << 30)

/* When the log is brought to the disk without anyone asking. */
enum lsm_sync_mode {
	LSM_SYNC_ALWAYS,   /* before each write returns; concurrent writers share one sync */
	LSM_SYNC_BATCH,    /* in the background, after sync_batch_records or sync_batch_delay_us */
	LSM_SYNC_INTERVAL, /* in the background, every sync_interval_ms */
	LSM_SYNC_MANUAL,   /* only by lsm_sync, and before a table replaces a log */
};

enum lsm_compression {
	LSM_COMPRESSION_NONE,
	LSM_COMPRESSION_LZ4,
};

/*
 * How compaction keeps the tables in order; another one may be chosen at each open of a store.
 * Sorted runs are what a read has to look into; merging them is what writes cost.
 */
enum lsm_strategy {
	LSM_LEVELED,       /* one run a level: least space, fastest reads, most rewriting */
	LSM_TIERED,        /* up to runs_max runs a level: least rewriting, most space */
	LSM_LAZY_LEVELING, /* tiered, but the last level, which has most of the data, is one run */
};

/* What opening does with the end of the logs (lsm/README.md, "Torn or damaged?"). */
enum lsm_recovery {
	LSM_RECOVER_WHOLE, /* anything but a whole end is refused: -EUCLEAN */
	LSM_RECOVER_TAIL,  /* a torn end is cut off, damage is refused */
	/* ... and damage is cut off with all that follows it: what was before it is kept, the rest
	 * is lost for good (lsm_salvage would save more of it). An error in the log and
	 * lsm_stats.recovery_damaged tell. A missing log or blob file is refused all the same */
	LSM_RECOVER_PREFIX,
};

/* Get the defaults from lsm_options_init, then change what you like. */
struct lsm_options {
	struct env *env;    /* borrowed; NULL: the kernel's file system */
	const char *holder; /* a line about this program for others who find the store locked; NULL:
			       the pid */
	bool create;        /* make the store if the folder is absent or empty (default true) */
	bool read_only; /* no LOCK, no change to any file; beside a running writer it sees the store
			   as of now, until that one replaces a table that is not open here: then
			   reads of it answer -ESTALE, and the store has to be opened again */
	bool verify_on_open; /* lsm_verify before it is opened, whose errors are lsm_open's */
	unsigned key_max;    /* bytes of a key; writing a longer one: -ENAMETOOLONG */

	uint64_t memtable_bytes; /* a memtable is handed over for its flush at this size */
	unsigned memtables_max;  /* full ones waiting for their flush before writers wait */
	/* What ended memtables leave is kept for the next one, up to so much; 0: nothing. */
	uint64_t memtable_pool_bytes;
	/* A write that has to wait for the background longer fails with -ETIMEDOUT, and nothing has
	 * happened; 0: it waits as long as it takes. */
	unsigned stall_timeout_ms;

	enum lsm_sync_mode sync_mode;
	unsigned sync_interval_ms;
	unsigned sync_batch_records;
	unsigned sync_batch_delay_us;
	uint64_t log_record_max;    /* bytes of one write or batch in the log; above: -E2BIG */
	uint64_t log_segment_bytes; /* a log of this size ends, and so does its memtable; 0: of any
				     */
	uint32_t log_read_bytes;    /* read at once when logs are replayed */
	enum lsm_recovery recovery;

	uint32_t block_bytes;
	unsigned index_interval; /* at most so many records in a block, which has one entry in the
				    index; 0: block_bytes alone says */
	unsigned restart_interval;
	enum lsm_compression compression;
	unsigned min_saving_pct;     /* a block that LZ4 shrinks by less is stored as it is */
	uint32_t value_inline_max;   /* longer values have blocks of their own in a table */
	unsigned bloom_bits_per_key; /* 0: no filters */
	/*
	 * The CRC of what is read for lsm_get and iterators is checked. Without it damage may be
	 * served; compaction, flush, opening and lsm_verify check always.
	 */
	bool verify_reads;
	/*
	 * The byte that splits keys into folders and names, where they are shown so: filters also
	 * answer for prefixes that end in it. The store notes it, and refuses another one later
	 * (-EINVAL) unless change_separator is set. -1: filters for keys only. LSM_SEPARATOR_NOTED.
	 */
	int filter_separator;
	bool change_separator;

	/*
	 * Values longer than large_value_threshold are kept in blob files, in chunks of at most
	 * chunk_bytes, so that they are written once, read in parts and changed in place.
	 */
	uint32_t large_value_threshold;
	uint32_t chunk_bytes;
	uint64_t value_max;       /* writing a longer value: -EFBIG */
	unsigned blob_gc_pct;     /* a blob file of which less than this is in use is emptied by
				     compaction; 0: never */
	uint64_t blob_file_bytes; /* a blob file that has reached this is complete */

	uint64_t cache_bytes; /* of uncompressed blocks */
	unsigned cache_shards;
	unsigned max_open_tables; /* at most; the process's RLIMIT_NOFILE may leave fewer, and then
				     lower the limits of level 0 too */

	enum lsm_strategy strategy;
	unsigned runs_max; /* runs that a level lets pile up before they are merged; not if leveled
			    */
	unsigned garbage_ratio; /* if tiered: the last level is merged when its newer runs are so
				   many times as large as its oldest */
	unsigned max_levels;    /* 2 to LSM_LEVELS, level 0 too; more, where they are in use */
	unsigned compaction_threads; /* 0: compaction only by lsm_compact */
	uint64_t compaction_rate;    /* bytes a second that compactions write, in all; 0: any */
	unsigned l0_threshold;       /* level 0 tables that start a compaction */
	unsigned l0_slowdown;        /* ... from which writes are delayed */
	unsigned l0_stop;            /* ... from which they wait */
	unsigned size_ratio;         /* a level's target in units of the one above */
	uint64_t base_level_bytes;   /* target of level 1 */
	uint64_t target_file_bytes;

	uint32_t
		read_ahead_bytes; /* compaction and lsm_verify read tables in pieces of this size */
	bool map_tables;          /* tables are read through mappings of their files */
	bool direct_tables;       /* flush and compaction write past the page cache */
	unsigned io_threads;      /* that write one large value: 1 or 2 */

	/*
	 * Disk space kept for deletes, and for one flush, on a full disk. 0: none. A store that had
	 * to give it back is degraded and takes only what frees space until it has it again. A
	 * compaction may use it too, but needs room for its outputs: up to a level's size.
	 */
	uint64_t reserve_bytes;

	/*
	 * How far lsm_verify, lsm_compact, lsm_salvage and lsm_load_sorted are, one of them at a
	 * time, in bytes about; with its stop they answer -ECANCELED, and what they had not
	 * finished is as it was. Borrowed until lsm_close; NULL: nobody asks.
	 */
	struct long_work *work;

	/* Operations are counted and timed; else those numbers stay 0, the store's sizes do not. */
	bool stats_enable;
};

/* The separator that the store has noted; '/' where none is. */
#define LSM_SEPARATOR_NOTED (-2)

/* memtable_bytes + 1 MiB, but at most 1/16 of the disk; the default. */
#define LSM_RESERVE_AUTOMATIC UINT64_MAX

void lsm_options_init(struct lsm_options *options);

/*
 * Open the store in the folder `path` (NULL options: the defaults). Replays the log; a torn end of
 * it is cut. -ENOENT: no store there and create is off. -ENOTEMPTY: the folder holds something that
 * is not a store. -EWOULDBLOCK: another process has it open; the sentence is that holder's line.
 * -EINVAL: an option out of range. -EUCLEAN, -EBADMSG: damage.
 */
must_check int lsm_open(const char *path, const struct lsm_options *options, struct lsm **ret_db);

/*
 * Change options of an open store, until it is closed: memtable_bytes, memtables_max,
 * stall_timeout_ms, sync_mode, sync_interval_ms, sync_batch_records, sync_batch_delay_us,
 * log_record_max, log_segment_bytes, key_max, large_value_threshold, value_max, verify_reads,
 * garbage_ratio, max_levels, compaction_rate, blob_gc_pct, cache_bytes, strategy, runs_max,
 * l0_threshold, l0_slowdown, l0_stop, size_ratio, base_level_bytes, target_file_bytes, and how
 * tables are built from now on (block_bytes, index_interval, restart_interval, compression of
 * blocks, min_saving_pct, value_inline_max, bloom_bits_per_key). The others are checked and else
 * not looked at. Writes and jobs under way may end as they began. -EINVAL: one is out of range, or
 * does not go with another; then all is as before.
 */
must_check int lsm_set_options(struct lsm *db, const struct lsm_options *options);

/*
 * Sync the log, stop the background, free everything. Iterators, snapshots, pinned records, and
 * batches with copies (lsm_batch_copy) have been released. An error means that the last writes may
 * not be durable; the store is closed all the same. NULL is allowed.
 */
must_check int lsm_close(struct lsm *db);

/* The sentence that belongs to the calling thread's last failure. */
const char *lsm_error_text(void);

/* ---- writing ---- */

struct lsm_write_options {
	bool sync;         /* be durable before returning, whatever the sync mode */
	struct slice meta; /* for lsm_put: opaque bytes stored with the value */
	bool use_reserve;  /* it frees space in the end, and so may draw on the reserve of a full
			      disk; lsm_delete and batches of deletes alone always may */
	bool past_freeze;  /* also while the store is frozen (lsm_freeze) */
};

/*
 * NULL options: no sync, no meta, no reserve. Visible to every read that begins after it returned.
 *
 * -ENAMETOOLONG: a key over key_max; -E2BIG: over log_record_max; -ETIMEDOUT: stall_timeout_ms are
 * over: then nothing has happened.
 *
 * -ENOSPC (-EDQUOT): the disk (the user's part) is full; nothing has happened, and it is over when
 * there is space. -EROFS: the store takes no writes, since its log or manifest could not be written
 * or synced. Any other error of the disk has just made it so: the change may be there or not.
 */
must_check int lsm_put(struct lsm *db, struct slice key, struct slice value,
		       const struct lsm_write_options *options);
/* Deleting what is not there is no error. */
must_check int lsm_delete(struct lsm *db, struct slice key,
			  const struct lsm_write_options *options);
/* As a batch of one lsm_batch_patch, with options.meta. */
must_check int lsm_write_patch(struct lsm *db, struct slice key, const struct lsm_patch *patch,
			       const struct lsm_write_options *options);

/* Several changes, applied all or not at all, in their order. NULL when out of memory. */
struct lsm_batch *lsm_batch_new(void);
void lsm_batch_free(struct lsm_batch *batch);
/* Forget changes and preconditions. */
void lsm_batch_clear(struct lsm_batch *batch);
/* The bytes are copied. -EINVAL: empty key; -ENAMETOOLONG; -E2BIG: meta or batch too large; -EFBIG:
 * value too large. */
must_check int lsm_batch_put(struct lsm_batch *batch, struct slice key, struct slice meta,
			     struct slice value);
must_check int lsm_batch_delete(struct lsm_batch *batch, struct slice key);

/*
 * A change of a part of a value. First the value is cut to `size`, or grows to it by zeros, then
 * `bytes`, or instead of them so many `zeros`, take their place at offset. An absent key counts as
 * an empty value. What stays is not written again, however much it is, and is not read either; so
 * `size` is the caller's to know (lsm_stat), with lsm_batch_expect if others write too.
 */
struct lsm_patch {
	uint64_t size;
	uint64_t offset;
	struct slice bytes; /* offset + len <= size */
	uint64_t zeros;     /* 0 when there are bytes; offset + zeros <= size */
};
/* meta replaces the record's. -EFBIG: size over LSM_VALUE_MAX (lsm_write: over value_max). -EINVAL:
 * a change beyond size. */
must_check int lsm_batch_patch(struct lsm_batch *batch, struct slice key, struct slice meta,
			       const struct lsm_patch *patch);
/*
 * Give `to` the value that `from` has now, without copying what lies in blob files; with the
 * precondition that `from` still has it when the batch is written. The batch is for this store
 * alone from now on. -ENOENT: `from` is absent. (lsm_write: -EFBIG: over value_max.)
 */
must_check int lsm_batch_copy(struct lsm_batch *batch, struct lsm *db, struct slice from,
			      struct slice to, struct slice to_meta);
/*
 * The same of the value at which the iterator stands, as its snapshot has it, and without a
 * precondition. It is valid.
 */
must_check int lsm_batch_copy_shown(struct lsm_batch *batch, struct lsm_iter *it, struct slice to,
				    struct slice to_meta);
/*
 * As lsm_batch_copy for a part: [from_offset, from_offset + len) of the value of `from`, which
 * reaches that far, takes its place at to_offset of `to`, whose size is then to_size.
 */
struct lsm_range_copy {
	struct slice from;
	uint64_t from_offset, len;
	struct slice to;
	struct slice to_meta;
	uint64_t to_offset, to_size;
};
must_check int lsm_batch_copy_range(struct lsm_batch *batch, struct lsm *db,
				    const struct lsm_range_copy *copy);
/* Changes; preconditions do not count. */
uint32_t lsm_batch_count(const struct lsm_batch *batch);

/*
 * A precondition: the newest version of key is the one with this seqno (struct lsm_record tells
 * it), or, with seqno 0, the key is absent. lsm_write applies the batch only if all of them hold at
 * its place in the order of commits, as things stand before the batch itself; else it answers
 * -ESTALE (the key has another seqno, or is gone) or -EEXIST (it was to be absent), and has done
 * nothing. One key may have several. The bytes are copied. Errors as lsm_batch_put; -E2BIG: over
 * LSM_EXPECT_MAX.
 *
 *	read a record; compute; lsm_batch_expect(batch, key, record.seqno); lsm_batch_put(...);
 *	lsm_write: on -ESTALE begin again
 */
must_check int lsm_batch_expect(struct lsm_batch *batch, struct slice key, uint64_t seqno);

/* What a commit was given; for callers that keep times or versions. */
struct lsm_commit {
	uint64_t seqno;   /* of the batch's last change */
	uint64_t time_ns; /* since 1970 */
};
/*
 * The batch stays the caller's and unchanged. A batch without changes is none (with sync:
 * lsm_sync): its preconditions are checked all the same, also of a store that takes no writes, and
 * its commit is the seqno of the last change before the check, and no time. ret_commit may be NULL.
 * When a precondition does not hold or cannot be read, nothing was done.
 */
must_check int lsm_write(struct lsm *db, const struct lsm_batch *batch,
			 const struct lsm_write_options *options, struct lsm_commit *ret_commit);

/* The separator that the store has noted; -1: none. */
int lsm_separator(const struct lsm *db);

/* 0, or the -EROFS that every write answers now, with its sentence: also while it is frozen. Costs
 * next to nothing. */
must_check int lsm_check_writable(struct lsm *db);

/* Every write that returned before this call is durable when it returns 0. */
must_check int lsm_sync(struct lsm *db);

/* ---- reading ---- */

struct lsm_read_options {
	const struct lsm_snapshot *snapshot; /* NULL: what is there now */
	struct slice prefix; /* iterators: only keys that begin with it; empty: all */
	/* Iterators: blocks that the cache does not have are read past it, so that a long scan
	 * displaces nothing and takes no memory that stays. (A record whose value lies in blob
	 * files is looked up by way of the cache when that is asked for.) */
	bool no_cache_fill;
};

/* A record read. Its slices are good until lsm_record_release. */
struct lsm_record {
	struct slice key;   /* lsm_get and lsm_stat: the caller's own slice */
	struct slice value; /* lsm_stat: ptr NULL */
	struct slice meta;
	uint64_t value_len;
	uint64_t seqno;   /* grows with every change in the store */
	uint64_t time_ns; /* of its commit, since 1970; orders nothing */
	struct lsm_pin {
		void (*release)(void *owner);
		void *owner;
	} pins[2]; /* internal: what keeps the slices in memory */
};

/*
 * Not copied: the record points into a memtable or a cached block, kept there until it is released.
 * A value that has been patched or lies in blob files is put together in memory of its own;
 * -EFBIG: it is over LSM_WHOLE_MAX (lsm_read has no such limit). -ENOENT.
 */
must_check int lsm_get(struct lsm *db, struct slice key, const struct lsm_read_options *options,
		       struct lsm_record *ret_record);
/* As lsm_get without the value, which is not read from the disk. */
must_check int lsm_stat(struct lsm *db, struct slice key, const struct lsm_read_options *options,
			struct lsm_record *ret_record);
void lsm_record_release(struct lsm_record *record);
/*
 * Where the record is that a read of key finds, now: compaction moves it. For people who look into
 * a store. -ENOENT.
 */
struct lsm_place {
	bool in_memory; /* in a memtable; else: */
	unsigned level; /* ... from 0 */
	uint64_t table; /* ... number of the file, NNNNNN.sst */
};
must_check int lsm_locate(struct lsm *db, struct slice key, const struct lsm_read_options *options,
			  struct lsm_place *ret_place);
/*
 * Read [offset, offset + len) of a value, as far as it goes; *ret_len is less only at its end.
 * ret_record may be NULL; else it is filled as by lsm_stat, and to be released.
 */
struct lsm_range {
	uint64_t offset;
	void *into;
	size_t len;
};
must_check int lsm_read(struct lsm *db, struct slice key, const struct lsm_read_options *options,
			const struct lsm_range *range, size_t *ret_len,
			struct lsm_record *ret_record);
/*
 * Where the next data of a value begins, or its next hole, at offset or behind it; as lseek(2) has
 * it. A hole is what was never written, or made zeros by a patch; it reads as zeros, and the end of
 * the value is one. Data may be zeros, too: what is a hole now may be data later, though it reads
 * the same. Reads none of the value's bytes that lie in blob files. -ENXIO: offset is at the end or
 * behind it, or no data follows. -ENOENT.
 */
enum lsm_stretch {
	LSM_DATA,
	LSM_HOLE,
};
must_check int lsm_seek(struct lsm *db, struct slice key, const struct lsm_read_options *options,
			uint64_t offset, enum lsm_stretch wanted, uint64_t *ret_offset);
/* A hint that this part of the value will be read soon. */
void lsm_read_ahead(struct lsm *db, struct slice key, uint64_t offset, uint64_t len);

/*
 * 0 when some key begins with prefix, -ENOENT when none does. Filters answer most of the latter
 * without a read if prefix ends in the option filter_separator.
 */
must_check int lsm_prefix_exists(struct lsm *db, struct slice prefix,
				 const struct lsm_read_options *options);

/* An iterator over the store as it is now, or as the snapshot has it. Options are copied. */
must_check int lsm_iter_new(struct lsm *db, const struct lsm_read_options *options,
			    struct lsm_iter **ret_iter);
void lsm_iter_free(struct lsm_iter *it);
/* Moves; it then stands on a record (valid), or nowhere: at an end, or after a failure (status). */
void lsm_iter_first(struct lsm_iter *it);
void lsm_iter_last(struct lsm_iter *it);
/* To the first key >= key. */
void lsm_iter_seek(struct lsm_iter *it, struct slice key);
/* To the last key <= key. */
void lsm_iter_seek_back(struct lsm_iter *it, struct slice key);
/* It is valid. */
void lsm_iter_next(struct lsm_iter *it);
void lsm_iter_prev(struct lsm_iter *it);
bool lsm_iter_valid(const struct lsm_iter *it);
must_check int lsm_iter_status(const struct lsm_iter *it);
/* Where it stands, good until the next move; value.ptr NULL (see lsm_iter_value). It is valid. */
const struct lsm_record *lsm_iter_record(const struct lsm_iter *it);
/* The value there, read now, good until the next move. -EFBIG: as of lsm_get. */
must_check int lsm_iter_value(struct lsm_iter *it, struct slice *ret_value);
/* A part of the value there, as lsm_read. */
must_check int lsm_iter_read(struct lsm_iter *it, const struct lsm_range *range, size_t *ret_len);
/* Whether the value there contains the text, in bounded memory. -EINVAL: the text is over
 * LSM_KEY_MAX; -ENOMEM. */
must_check int lsm_iter_value_contains(struct lsm_iter *it, struct slice text, bool *ret_found);

/* The store as it is now, for as long as the snapshot lives. -ENOMEM. */
must_check int lsm_snapshot_new(struct lsm *db, struct lsm_snapshot **ret_snapshot);
void lsm_snapshot_release(struct lsm *db, struct lsm_snapshot *snapshot);
uint64_t lsm_snapshot_seqno(const struct lsm_snapshot *snapshot);

/*
 * Snapshots with a name, any bytes, stay in the store until they are dropped: over a reopening and
 * over a crash. What they show takes space, as other snapshots' does. lsm_checkpoint copies them,
 * but for those made meanwhile; lsm_salvage cannot keep them, and tells their names.
 *
 * Making one syncs the log. When that has returned 0 the name is durable, and every change that it
 * shows is. A crash before leaves the whole snapshot, or no such name: never one that shows less
 * than it did, or a later change. Dropping one is durable when 0 is returned.
 *
 * Any thread. Making and dropping wait for each other, and for the disk; the others do not wait.
 */

/* -EEXIST. -EINVAL: no name; -ENAMETOOLONG. -EMLINK: there are LSM_SNAPSHOTS_MAX. -ENOSPC, -ENOMEM:
 * nothing has happened; any other error of the disk has made the store take no writes, and the
 * name may be there at the next open. -EROFS. */
must_check int lsm_snapshot_make(struct lsm *db, struct slice name);
/* Who has it open may go on. -ENOENT; else as above. */
must_check int lsm_snapshot_drop(struct lsm *db, struct slice name);
/* For reading; to be given back by lsm_snapshot_release. Works of a read-only store, too. -ENOENT.
 */
must_check int lsm_snapshot_open(struct lsm *db, struct slice name,
				 struct lsm_snapshot **ret_snapshot);
struct lsm_snapshot_info {
	struct slice name;
	uint64_t seqno;   /* of the last change that it shows; 0: it shows an empty store */
	uint64_t time_ns; /* when it was made, since 1970 */
};
/* info.name is the caller's own slice. -ENOENT. */
must_check int lsm_snapshot_find(struct lsm *db, struct slice name,
				 struct lsm_snapshot_info *ret_info);
/* Hand all of them to visit, in the order of their names' bytes, until it answers other than 0,
 * which is the answer then. It is called by this thread, without a lock; info is good during the
 * call. -ENOMEM. */
must_check int lsm_snapshot_list(struct lsm *db,
				 int (*visit)(void *arg, const struct lsm_snapshot_info *info),
				 void *arg);

/* ---- following changes ---- */

enum lsm_change_kind {
	LSM_CHANGE_PUT,
	LSM_CHANGE_PATCH, /* of a part of a value */
	LSM_CHANGE_DELETE,
};

struct lsm_change {
	uint64_t seqno;
	uint64_t time_ns; /* of its commit */
	enum lsm_change_kind kind;
	struct slice key; /* good until the next call about this watch */
	uint64_t lost;    /* changes right before this one that the window has no more */
};

enum {
	LSM_WATCH_BYTES_MIN = 128 << 10,
	LSM_WATCH_BYTES_MAX = 1 << 30,
};

/*
 * Follow the changes that are committed from now on, in their order. They are read from a window of
 * the latest ones in memory, of about window_bytes (32 and the key for each): that of the first of
 * those who watch at the same time serves all. Nobody who writes waits for a watch: who reads too
 * slowly loses changes, and is told how many. A change that is seen here can be read; whether it is
 * durable, lsm_sync tells. While nobody watches nothing is noted, and it costs nothing.
 *
 * A watch belongs to one thread at a time, and is closed before the store. -EINVAL: window_bytes
 * out of range. -ENOMEM.
 */
must_check int lsm_watch_open(struct lsm *db, uint64_t window_bytes, struct lsm_watch **ret_watch);
/* NULL is allowed. */
void lsm_watch_close(struct lsm_watch *watch);
/* Go on with the change of that seqno, forward or back, as far as the window has it: what lies
 * between it and the next one that is there counts as lost. */
void lsm_watch_seek(struct lsm_watch *watch, uint64_t seqno);
/* The next change. -EAGAIN: there is none yet. -ENOMEM: it is still the next. Changes that one
 * batch made come one by one, but all of them are there when the first is. */
must_check int lsm_watch_next(struct lsm_watch *watch, struct lsm_change *ret_change);

/* ---- upkeep ---- */

/* Bring what is in memory into tables; returns when that is durable. */
must_check int lsm_flush(struct lsm *db);
/* Compact the keys in [from, to] (empty `to`: no end) down to the last level; flushes first. */
must_check int lsm_compact(struct lsm *db, struct slice from, struct slice to);
/* Compact all tables of a level into the next one; flushes first. The last level with tables is
 * merged in its place. -EINVAL: there is no such level. */
must_check int lsm_compact_level(struct lsm *db, unsigned level);

/* Compaction that nobody asked for (lsm_compact) begins no more, until it is resumed; a job under
 * way ends as it would. Meanwhile level 0 stalls no writer, and reads get slower. Until the store
 * is closed. Any thread. */
void lsm_pause_compaction(struct lsm *db);
void lsm_resume_compaction(struct lsm *db);
bool lsm_compaction_is_paused(const struct lsm *db);

/* From when this returns every change is answered -EROFS and does not happen, named snapshots among
 * them, but for those with past_freeze and the note; until lsm_thaw, or the store is closed. All
 * else goes on: reads, syncs, flushes, compactions, checkpoints. The statistics say so: read-only.
 * Any thread. */
void lsm_freeze(struct lsm *db);
void lsm_thaw(struct lsm *db);
bool lsm_is_frozen(const struct lsm *db);

/* Forget all blocks of tables that no reader holds at the moment; the memory goes back. */
void lsm_drop_cache(struct lsm *db);

/*
 * A note that a program keeps with the store, beside the keys: at most LSM_NOTE_MAX bytes, replaced
 * as a whole. When 0 is returned it is durable; a crash before leaves the old or the new one.
 * Checkpoints copy it, salvage does not. -E2BIG. -ENOSPC: nothing has happened. -EROFS.
 */
must_check int lsm_set_note(struct lsm *db, struct slice note);
/* Append it to *ret_note; nothing, if there never was one. -ENOMEM. */
must_check int lsm_note(struct lsm *db, struct buf *ret_note);

/*
 * Copy the store into the folder `path`, which is absent (made, one level) or empty, while writing
 * goes on: hard links to the tables, so it costs little time and no space until the stores diverge.
 * The copy is a store of its own, that lsm_open opens. It holds a prefix of the history of writes,
 * with at least every write that returned before this call; it is durable when this returns.
 *
 * A crash meanwhile leaves the whole copy there, or no store: a folder that lsm_open takes for an
 * empty one or refuses with -EUCLEAN. After a failure the folder may stay, with nothing but a LOCK
 * file in it, and does for another try. The store itself is never harmed.
 *
 * -ENOTEMPTY. -EINVAL: path is the store's own folder or below it. -ENOENT: no folder to make it
 * in. -EXDEV: on another file system. -EWOULDBLOCK: somebody else is making a store there. -EROFS:
 * the store takes no writes, so that its log cannot be brought into tables.
 */
must_check int lsm_checkpoint(struct lsm *db, const char *path);

struct lsm_verify_report {
	uint64_t tables;
	uint64_t bytes;
	uint64_t log_records;
	/* Of a read-only store: the end of the logs that a crash tore, and that the next opening
	 * for writing cuts off, begins there. torn_log 0: there is none. It is no damage. */
	uint64_t torn_log, torn_offset, torn_bytes;
};
/* Read and check every byte of the store. 0, or the first damage found; the sentence names file and
 * offset. Of a read-only store whose writer replaces a table meanwhile: -ESTALE, as of a read. */
must_check int lsm_verify(struct lsm *db, struct lsm_verify_report *ret_report);

struct lsm_salvage_report {
	uint64_t tables_read;     /* of which something could be read */
	uint64_t tables_damaged;  /* of those: not all, or not in the usual way */
	uint64_t tables_lost;     /* missing, or nothing of them can be read */
	uint64_t blocks_lost;     /* of tables */
	uint64_t chunks_lost;     /* of large values; zeros are written in their place */
	uint64_t bytes_lost;      /* of tables, logs and large values */
	uint64_t logs_read;       /* of which something could be read, or which are empty */
	uint64_t logs_damaged;    /* of those */
	uint64_t logs_lost;       /* missing, or nothing of them can be read */
	uint64_t log_records;     /* changes taken from logs */
	uint64_t records_written; /* keys of the new store */
	uint64_t newest_seqno;    /* the highest seen; the new store goes on behind it */
	uint64_t losses;          /* sentences told */
	/* As lsm_verify's: what a crash tore off is no loss, and is not told. */
	uint64_t torn_log, torn_offset, torn_bytes;
};
/*
 * Write whatever can be read of the store in the folder `from`, damaged or not, into a new store in
 * the folder `to`, which is absent or empty and does not lie in `from`. Seqnos, commit times and
 * metas are kept; of each key the newest readable version is taken. The new store is durable when 0
 * is returned, opens with lsm_open, and is compact. Options: those of the new store, NULL: the
 * defaults; env is that of both.
 *
 * Each loss is told to `lost` (may be NULL) as a sentence naming file and, where there is one, the
 * offset; and the keys concerned, with bytes that do not print as \xHH, long ones cut; never a
 * value. It is called by this thread; the sentence is good during the call. When the newest version
 * of a key cannot be read, the next older one takes its place, which is told too. Named
 * snapshots are not kept: their names are told. When only parts
 * of a large value cannot be read, they become zeros; their byte ranges are told. A change of a
 * part of a value (lsm_write_patch) is made over what can be read of those before it. In a stretch
 * of keys of which records were lost, older values and deleted keys may come back. When the
 * manifest cannot be relied on, all tables and logs in the folder are used, with the same effect
 * for any key.
 *
 * `from` is locked (-EWOULDBLOCK: somebody has it open) and read; no byte of it is changed, but for
 * the line in its LOCK (and none at all on a read-only file system). What its logs hold must fit
 * into memory, as for lsm_open; tables and large values do not.
 *
 * 0 also when something was lost: see losses. -ENOENT: no store at `from`. -ENOTEMPTY: `to` holds
 * something. -EINVAL: `to` lies in `from`, or an option out of range. -ENOSPC, -EIO...: the new
 * store could not be written; then `to` holds no store (or a whole one, if it was only the very
 * last sync that failed and the disk does not let us remove it).
 */
must_check int lsm_salvage(const char *from, const char *to, const struct lsm_options *options,
			   void (*lost)(void *arg, const char *what), void *arg,
			   struct lsm_salvage_report *ret_report);

/*
 * The store is low on space: the reserve has been drawn on, and a write that may not do so is
 * answered -ENOSPC. One load; always false without a reserve.
 */
bool lsm_is_low(const struct lsm *db);

/* Total and free space of the disk under the store. */
struct lsm_space {
	uint64_t total_bytes, free_bytes;
	uint64_t available_bytes; /* of the free ones, to this user */
	uint64_t total_files, free_files;
	uint32_t block_bytes;
};
must_check int lsm_space(struct lsm *db, struct lsm_space *ret_space);
