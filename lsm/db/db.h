/*
 * The store as its own modules see it. lsm/README.md draws how they work together.
 */
#pragma once

#include <stdatomic.h>

#include "lsm/base/arena.h"
#include "lsm/base/error.h"
#include "lsm/base/mutex.h"
#include "lsm/base/shared_slot.h"
#include "lsm/base/tally.h"
#include "lsm/base/thread.h"
#include "lsm/env/env.h"
#include "lsm/lsm.h"
#include "lsm/mem/batch.h"
#include "lsm/mem/memtable.h"
#include "lsm/tree/tree.h"
#include "lsm/wal/wal_writer.h"

enum {
	DB_FULL_MEMTABLES_MAX = 16, /* cap of lsm_options.memtables_max */
	DB_RECOVERED_LOGS_MAX =
		1024, /* logs without a writer, kept until their changes are in tables */
	DB_RECOVERED_LOGS_FLUSH = 32, /* opening does not leave more of them than this */
	DB_LOGS_MAX = DB_RECOVERED_LOGS_MAX + DB_FULL_MEMTABLES_MAX + 2,
	DB_MANIFEST_ROLL_BYTES = 8 << 20, /* at most, before a new manifest begins */
	DB_LOG_STEP_BYTES = 1 << 20,      /* logs take disk space in steps, before they need it */
	DB_CLOSE_FLUSH_BYTES =
		4
		<< 20, /* closing leaves at most this much in the log for the next open to replay */
	DB_BLOB_PER_MEMTABLE = 512 << 20, /* at most, before a memtable counts as full: what it lets
					     go of is freed by its flush */
	DB_COMPACTION_THREADS_MAX = 16,
};

/* A memtable that takes no more changes and waits for its flush. */
struct full_memtable {
	struct memtable *table; /* a reference */
	uint64_t last_seqno;    /* of its changes */
	uint64_t keep_log;      /* once it is in a table, logs below this one are needed no more */
};

/*
 * Everything a read looks at, newest first: the memtable being written, the full ones, the tables.
 * Immutable; replaced as a whole (db_state_replace). A reader takes the state first and the visible
 * seqno second: then no version that it may see has been compacted away in a newer state.
 */
struct db_state {
	struct shared shared;
	struct lsm *db;
	struct memtable *memtable;
	struct full_memtable full[DB_FULL_MEMTABLES_MAX]; /* oldest first */
	size_t full_count;
	struct version *version;
};

/* Counted by callers' threads, each thread in its own shard (lsm/base/tally.h). */
struct db_counters {
	_Alignas(64) _Atomic uint64_t ops[LSM_OP_COUNT]; /* but sync, flush and compact */
	_Atomic uint64_t gets_missed;
	_Atomic uint64_t read_bytes;
	_Atomic uint64_t records_written;
	_Atomic uint64_t written_bytes;
	_Atomic uint64_t patches;
	_Atomic uint64_t iterators;
};

/* A log that still holds changes which no table has. */
struct db_log {
	uint64_t number;
	uint64_t bytes; /* of a log without a writer: where its records end; of the newest ones of a
			   read-only store the file's size */
	struct wal_writer
		*writer; /* owned; NULL for one that was replayed at open and is complete */
	bool synced;     /* guarded by sync_mu; never true for the one being written */
};

enum spare_log_state {
	SPARE_WANTED,
	SPARE_MAKING,
	SPARE_READY,
	SPARE_FAILED, /* not tried again until one has been made by the writer that needs it */
};

struct db_folds;
struct feed;

struct lsm_snapshot {
	uint64_t seqno;
	unsigned references; /* guarded by snapshots_mu: holders; a name is one */
	struct lsm_snapshot *newer,
		*older; /* ring through lsm.snapshots; ascending seqno towards newer */
};

/* The kinds of background jobs that fail and are tried again. */
enum db_job_kind {
	DB_JOB_FLUSH,
	DB_JOB_COMPACTION,
	DB_JOB_KINDS,
};

struct db_job_record {
	int error;                 /* of the last one; 0 when it worked */
	unsigned in_a_row;         /* failures since one worked */
	uint64_t failures;         /* so far */
	char text[ERROR_TEXT_MAX]; /* about the error */
};

/* Why the store is not well; shared so that reading it takes no lock. */
struct db_health {
	struct shared shared;
	enum lsm_health kind;
	char text[ERROR_TEXT_MAX];
};

/* Room for a full disk (lsm/db/reserve.h). */
struct db_reserve {
	struct mutex mu;       /* one giving or taking at a time, with its I/O and its log line */
	uint64_t want_bytes;   /* immutable after open; 0: none */
	struct env_file *file; /* guarded by mu; owned; NULL: not there */
	uint64_t next_try_ns;  /* guarded by mu */
	/* Stored under mu, relaxed: each is one fact. `low` is looked at under write_mu where it
	 * must not change meanwhile. */
	_Atomic uint64_t held_bytes;
	_Atomic uint64_t releases;
	_Atomic bool low;
	_Atomic bool freed; /* any thread: something was freed since the last try */
	_Atomic uint64_t lent_bytes[DB_JOB_KINDS]; /* any thread, relaxed */
};

/* What lsm_set_options changes (lsm/db/live.h). */
struct db_live {
	_Atomic uint64_t memtable_bytes, value_max, log_record_max, log_segment_bytes;
	_Atomic unsigned memtables_max, key_max, stall_timeout_ms;
	_Atomic enum lsm_sync_mode sync_mode;
	_Atomic unsigned sync_interval_ms, sync_batch_records, sync_batch_delay_us;
	_Atomic uint32_t large_value_threshold;
	_Atomic unsigned l0_slowdown, l0_stop;
};

struct lsm {
	/* Immutable after open. */
	struct lsm_options options; /* of those in `live`: as they were at open */
	struct env *env;
	struct env_dir *dir;    /* owned */
	struct env_lock *lock;  /* owned; NULL when read-only */
	struct cache *blocks;   /* owned */
	struct tree *tree;      /* owned */
	struct db_folds *folds; /* owned */
	struct arena_pool pool; /* of the memtables */
	bool damaged; /* the logs were, at open: all that was replayed is to be flushed first */
	uint64_t recovered_records, recovered_bytes, recovery_torn_bytes, recovery_damaged;
	uint64_t recovery_ns;
	uint64_t recovery_torn_log, recovery_torn_offset; /* where that was; 0: nowhere */

	struct db_live live; /* stored under work_mu, relaxed */

	/* Lock-free for readers; replaced under work_mu. */
	struct shared_slot state;
	struct shared_slot health;
	/* The last seqno whose change is applied. Stored (release) by the committer, loaded
	 * (acquire) by readers. */
	_Atomic uint64_t visible_seqno;
	/* The last seqno known to be on the disk. Stored under sync_mu. */
	_Atomic uint64_t durable_seqno;
	/*
	 * Each set once, to the errno: when no change can be taken any more, for whatever reason;
	 * when the log could not be written or synced; when the tree is broken. `failed` is set
	 * before the other two.
	 */
	_Atomic int failed;
	_Atomic int log_failed;
	_Atomic int tree_failed;
	/* Changes are refused because somebody says so; written under write_mu, relaxed. */
	_Atomic bool frozen;

	/* One sync of the log at a time; whoever waits for it finds its own work done. */
	struct mutex sync_mu;

	/* The order of commits. */
	struct mutex write_mu;
	struct memtable *memtable;       /* guarded by write_mu: the state's, borrowed */
	struct db_log logs[DB_LOGS_MAX]; /* guarded by write_mu, removal by sync_mu too; oldest
					    first, the last is written */
	size_t log_count;
	uint64_t last_seqno;      /* guarded by write_mu */
	uint64_t memtable_serial; /* guarded by write_mu: of the memtable written, from 1; marks the
				     blob files that it holds on to */
	uint64_t memtable_blob_bytes; /* guarded by write_mu: what its records name in them */
	struct feed *feed; /* guarded by write_mu, as a pointer; owned; NULL: nobody watches */
	unsigned watchers; /* guarded by write_mu */
	bool unmarked;     /* guarded by write_mu: a record was appended since the last MARK */
	_Atomic uint64_t log_written_bytes;
	_Atomic uint64_t log_bytes; /* of all logs that are still needed */
	_Atomic uint64_t log_files;

	/* Background work. */
	struct mutex work_mu;
	struct cond work_wanted; /* to the background threads */
	struct cond work_done;   /* to those who wait for them: memtable flushed, table compacted,
				    spare log ready, failure */
	struct wal_writer *spare_log; /* guarded by work_mu */
	enum spare_log_state spare_state;
	uint64_t kept_log; /* guarded by work_mu: an old log's number, whose file the next log is
			      made of; 0: none */
	_Atomic uint64_t flushed_seqno;          /* written under work_mu */
	struct db_job_record jobs[DB_JOB_KINDS]; /* guarded by work_mu */
	bool compaction_wanted; /* guarded by work_mu: the version changed since a picker found
				   nothing */
	bool stopping;          /* guarded by work_mu */
	_Atomic bool compaction_paused; /* set under work_mu; relaxed, a wish */
	struct thread flush_thread;
	struct thread compaction_threads[DB_COMPACTION_THREADS_MAX];
	/* What writers hold against the stall limits; written under work_mu, read relaxed. */
	_Atomic unsigned l0_files;
	_Atomic unsigned full_memtables;

	/* The sync thread of modes BATCH and INTERVAL. */
	struct mutex timer_mu;
	struct cond timer_wanted;
	bool timer_stopping; /* guarded by timer_mu */
	bool timer_due;      /* guarded by timer_mu: BATCH has its n records */
	_Atomic bool dirty;  /* something was logged since the timer's last sync */
	_Atomic uint64_t unsynced_records;
	struct thread timer_thread;

	struct db_reserve reserve;
	_Atomic uint64_t space_next_ns; /* db_want_space does nothing before */
	_Atomic uint64_t space_seqno;   /* when changes up to this are flushed, what they delete is
					   to be dropped; 0: no such wish */
	bool low_on_space;      /* guarded by work_mu: what the health says of the reserve */
	_Atomic bool disk_full; /* stored under work_mu: the last batch with puts found no room */

	/* Live snapshots. */
	struct mutex naming_mu; /* one naming or dropping at a time, with its I/O */
	struct mutex snapshots_mu;
	struct lsm_snapshot snapshots; /* the ring's head; no seqno is there twice */
	struct snapshot_list named; /* guarded by snapshots_mu; changes with naming_mu held too. As
				       in the tree; each has a reference to its snapshot */
	/* written under snapshots_mu, for the statistics */
	_Atomic uint64_t snapshot_count;  /* holders */
	_Atomic uint64_t oldest_snapshot; /* 0: none */
	_Atomic uint64_t named_count;

	/* Counters; relaxed, but for those in shards. */
	struct db_counters counters[TALLY_SLOTS];
	struct histogram ops[LSM_OP_COUNT];
	_Atomic uint64_t log_syncs;
	_Atomic uint64_t checkpoints;
	_Atomic uint64_t stalls[LSM_STALL_COUNT], stalls_ns[LSM_STALL_COUNT];
	_Atomic uint64_t stalled_writers;
	_Atomic uint64_t compactions_running;
	_Atomic uint64_t job_failures[DB_JOB_KINDS];
};
