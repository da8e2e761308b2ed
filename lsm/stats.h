/*
 * The statistics of a store; a part of lsm.h, which includes it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lsm/base/histogram.h"

struct lsm;

enum {
	LSM_LEVELS = 7,
};

/*
 * Operations that are counted and timed, as their callers see them. Every one is counted. Flushes,
 * compactions and syncs are all timed; of the others each thread times its first LSM_TIMED_FIRST
 * and then one in LSM_TIMED_EVERY, which stands for all of these.
 */
enum lsm_op {
	LSM_OP_GET, /* lsm_get, lsm_read */
	LSM_OP_STAT,
	LSM_OP_PUT,    /* a write of one change, however it came; only those that were done count */
	LSM_OP_DELETE, /* likewise */
	LSM_OP_PATCH,  /* likewise */
	LSM_OP_BATCH,  /* a write of several changes */
	LSM_OP_SEEK,   /* of an iterator, also to its first and last */
	LSM_OP_ITERATE, /* a step of an iterator */
	LSM_OP_SYNC,    /* of a log */
	LSM_OP_FLUSH,
	LSM_OP_COMPACT,
	LSM_OP_COUNT,
};

enum {
	LSM_TIMED_FIRST = 32,
	LSM_TIMED_EVERY = 32,
};

/* Why a write had to wait for the background. */
enum lsm_stall {
	LSM_STALL_LEVEL0_SLOW, /* level 0 has l0_slowdown tables: a little */
	LSM_STALL_LEVEL0_STOP, /* it has l0_stop: until it has fewer */
	LSM_STALL_MEMTABLES,   /* memtables_max full ones wait for their flush */
	LSM_STALL_COUNT,
};

enum lsm_health {
	LSM_HEALTH_OK,
	LSM_HEALTH_DEGRADED,  /* a background job failed and is retried; or low on space */
	LSM_HEALTH_READ_ONLY, /* the log or the manifest could not be written or synced */
};

struct lsm_level_stats {
	uint64_t files, runs, bytes, entries, tombstones;
	double score;
	uint64_t read_bytes, written_bytes, jobs;
};

/*
 * The members that count begin at 0 when the store is opened, unless they say something else.
 *
 * One reading is of one moment, as far as that can be told apart: what the memtables and tables
 * hold is of one state of the store, and each sum is made of the very numbers that are shown beside
 * it. Of numbers that one event adds to, the cause is never behind its effect: gets_found <= gets,
 * durable_seqno <= last_seqno, and so on.
 */
struct lsm_stats {
	uint64_t memtable_records, memtable_bytes, memtable_max_bytes;
	uint64_t full_memtables, full_memtable_records, full_memtable_bytes;
	uint64_t table_files, table_records, table_bytes;
	uint64_t log_files, log_bytes, log_written_bytes, log_syncs;
	uint64_t last_seqno, durable_seqno, flushed_seqno;
	uint64_t snapshots, oldest_snapshot_seqno; /* the latter 0 when none */
	uint64_t named_snapshots;                  /* of snapshots */
	uint64_t user_written_bytes;               /* of changes as encoded, and of long values */
	uint64_t user_read_bytes;                  /* of values */
	uint64_t gets, gets_found;                 /* gets: ops[LSM_OP_GET].count */
	uint64_t writes;                           /* puts, deletes, patches and batches */
	uint64_t records_written, iterators;
	uint64_t cache_capacity_bytes, cache_bytes, cache_blocks, cache_hits, cache_misses,
		cache_evictions;
	uint64_t blocks_read, block_bytes_read, filter_checks, filter_negatives,
		filter_false_positives;
	uint64_t checksum_errors, table_checksum_errors, blob_checksum_errors; /* sum; of what */
	uint64_t flush_failures, compaction_failures; /* jobs that failed, and were tried again */
	uint64_t flushes, flush_bytes, compactions, compaction_read_bytes, compaction_written_bytes;
	uint64_t compaction_paced_ns; /* waits for compaction_rate */
	uint64_t compactions_running;
	uint64_t trivial_moves, compaction_debt_bytes;
	uint64_t stall_slow, stall_stop, stall_ns; /* sums of the next two */
	uint64_t stalls[LSM_STALL_COUNT], stalls_ns[LSM_STALL_COUNT];
	uint64_t stalled_writers; /* waiting now */
	uint64_t open_tables, table_memory_bytes, manifest_bytes;
	uint64_t disk_free_bytes, disk_total_bytes;
	uint64_t reserve_bytes; /* held now */
	uint64_t recovered_records, recovered_bytes, recovery_torn_bytes, recovery_ns;
	uint64_t recovery_damaged; /* 1: of a damaged log what came before the damage was kept
				      (LSM_RECOVER_PREFIX); else 0 */
	uint64_t checkpoints;
	uint64_t blob_files, blob_bytes; /* on the disk */
	uint64_t blob_live_bytes;        /* of them, named by tables (each name counts), about */
	uint64_t blob_written_bytes;     /* chunks as stored, those that compaction moved too */
	uint64_t blob_moved_bytes;       /* by compaction, out of files mostly dead */
	uint64_t blob_read_bytes;
	uint64_t patches;           /* changes of parts of values, of records_written */
	uint64_t memory_bytes;      /* memtables, block cache, indexes and filters */
	uint64_t used_bytes;        /* tables, blob files, records in logs, manifest, reserve */
	uint64_t takes_no_writes;   /* 1: opened read-only, has become so, or is frozen; else 0 */
	uint64_t compaction_paused; /* 1: lsm_pause_compaction; else 0 */
	enum lsm_health health;
	char health_text[256]; /* why, when not OK */
	struct lsm_level_stats levels[LSM_LEVELS];
	/* ns. count is exact; sum and quantiles are estimates of what was timed (enum lsm_op); max
	 * is the largest that was timed. */
	struct histogram_summary ops[LSM_OP_COUNT];
};

/*
 * Pulled from each module, without a lock (but for a moment where it is the last to let go of a
 * state of the store that was replaced meanwhile) and without I/O, except that the file system is
 * asked for its free space. Works whatever the store's health is.
 */
void lsm_stats_read(struct lsm *db, struct lsm_stats *ret_stats);

/* Takes in statistics one by one; the names are good during the call. */
struct lsm_stats_sink {
	void (*number)(void *arg, const char *name, uint64_t value);
	void (*ratio)(void *arg, const char *name, double value);
	void (*text)(void *arg, const char *name, const char *value);
	void *arg;
};
/*
 * Hand each statistic to the sink, in an order and under names that do not change: eight classic
 * ones (mem_records mem_kb sst_files sst_records sst_kb wal_kb total_records memtable_max_size),
 * the health, the members of struct lsm_stats, what follows from them (write_amplification ...),
 * and of each level (level0_files ...) and operation (get_p99_ns ...).
 */
void lsm_stats_show(const struct lsm_stats *stats, const struct lsm_stats_sink *sink);
/*
 * The same as a table (lsm/base/metric.h) over struct lsm_stats, which also says what each number
 * means and belongs to, and which the forms of text, JSON and Prometheus are made of.
 */
struct metric;
const struct metric *lsm_stats_metrics(size_t *ret_count);
const char *lsm_op_name(enum lsm_op op);
const char *lsm_stall_name(enum lsm_stall stall);
const char *lsm_health_name(enum lsm_health health);
