/*
 * What each number of struct lsm_stats is called, means and belongs to: one table, for everything
 * that shows them.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "lsm/base/compiler.h"
#include "lsm/base/metric.h"
#include "lsm/base/version.h"
#include "lsm/lsm.h"

static const struct lsm_stats *of(const void *snapshot)
{
	return snapshot;
}

/* ---- the eight classic numbers: names and units that readers of earlier engines know ---- */

static uint64_t classic_mem_records(const void *s)
{
	return of(s)->memtable_records + of(s)->full_memtable_records;
}

static uint64_t classic_mem_kb(const void *s)
{
	return (of(s)->memtable_bytes + of(s)->full_memtable_bytes) / 1024;
}

static uint64_t classic_sst_files(const void *s)
{
	return of(s)->table_files;
}

static uint64_t classic_sst_records(const void *s)
{
	return of(s)->table_records;
}

static uint64_t classic_sst_kb(const void *s)
{
	return of(s)->table_bytes / 1024;
}

static uint64_t classic_wal_kb(const void *s)
{
	return of(s)->log_bytes / 1024;
}

static uint64_t classic_total_records(const void *s)
{
	return classic_mem_records(s) + classic_sst_records(s);
}

static uint64_t classic_memtable_max_size(const void *s)
{
	return of(s)->memtable_max_bytes;
}

/* ---- words ---- */

static const char *version_text(const void *s)
{
	(void)s;
	return LSM_VERSION;
}

static const char *health_name(const void *s)
{
	return lsm_health_name(of(s)->health);
}

static const char *health_reason(const void *s)
{
	return of(s)->health == LSM_HEALTH_OK ? NULL : of(s)->health_text;
}

static uint64_t health_number(const void *s)
{
	return (uint64_t)of(s)->health;
}

/* ---- what follows from the numbers; 0 where there is nothing to divide by ---- */

static double quotient(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : 0;
}

static double write_amplification(const void *s)
{
	return quotient(of(s)->log_written_bytes + of(s)->flush_bytes +
				of(s)->compaction_written_bytes + of(s)->blob_written_bytes,
			of(s)->user_written_bytes);
}

static double read_amplification(const void *s)
{
	return quotient(of(s)->block_bytes_read + of(s)->blob_read_bytes, of(s)->user_read_bytes);
}

static double space_amplification(const void *s)
{
	uint64_t last = 0;

	for (int level = 0; level < LSM_LEVELS; level++)
		last = of(s)->levels[level].bytes ? of(s)->levels[level].bytes : last;
	return quotient(of(s)->table_bytes + of(s)->blob_bytes, last + of(s)->blob_live_bytes);
}

static uint64_t read_runs(const void *s)
{
	uint64_t runs = 1 + of(s)->full_memtables;

	for (int level = 0; level < LSM_LEVELS; level++)
		runs += of(s)->levels[level].runs;
	return runs;
}

static double cache_hit_ratio(const void *s)
{
	return quotient(of(s)->cache_hits, of(s)->cache_hits + of(s)->cache_misses);
}

static double filter_false_positive_rate(const void *s)
{
	return quotient(of(s)->filter_false_positives,
			of(s)->filter_false_positives + of(s)->filter_negatives);
}

/* ---- levels, operations, reasons ---- */

static void describe_level(size_t i, char *ret_word, char *ret_labels)
{
	(void)snprintf(ret_word, METRIC_WORD_MAX, "%zu", i);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "level=\"%zu\"", i);
}

static void describe_op(size_t i, char *ret_word, char *ret_labels)
{
	const char *name = lsm_op_name((enum lsm_op)i);

	(void)snprintf(ret_word, METRIC_WORD_MAX, "%s", name);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "op=\"%s\"", name);
}

static void describe_stall(size_t i, char *ret_word, char *ret_labels)
{
	const char *name = lsm_stall_name((enum lsm_stall)i);

	(void)snprintf(ret_word, METRIC_WORD_MAX, "%s", name);
	(void)snprintf(ret_labels, METRIC_LABELS_MAX, "reason=\"%s\"", name);
}

static const struct metric_axis levels = {LSM_LEVELS, describe_level};
static const struct metric_axis ops = {LSM_OP_COUNT, describe_op};
static const struct metric_axis stalls = {LSM_STALL_COUNT, describe_stall};

#define CLASSIC(member, in, about)                                                                 \
	{                                                                                          \
		.name = #member, .family = "", .number = classic_##member, .kind = METRIC_GAUGE,   \
		.groups = (in), .help = (about)                                                    \
	}
#define ROW(member, how, in_unit, in, about)                                                       \
	{                                                                                          \
		.name = #member, .kind = METRIC_##how, .unit = METRIC_##in_unit, .groups = (in),   \
		.offset = offsetof(struct lsm_stats, member), .help = (about)                      \
	}
#define TEXT(member, from, shown_as, in, about)                                                    \
	{                                                                                          \
		.name = #member, .family = (shown_as), .kind = METRIC_TEXT, .text = (from),        \
		.groups = (in), .help = (about)                                                    \
	}
#define FACTOR(member, in, about)                                                                  \
	{                                                                                          \
		.name = #member, .kind = METRIC_GAUGE, .unit = METRIC_FACTOR, .factor = (member),  \
		.groups = (in), .help = (about)                                                    \
	}
#define STALL(member, named, shown_as, in_unit, about)                                             \
	{                                                                                          \
		.name = (named), .family = (shown_as), .kind = METRIC_COUNTER,                     \
		.unit = METRIC_##in_unit, .groups = METRIC_STALLS, .axis = &stalls,                \
		.offset = offsetof(struct lsm_stats, member), .stride = sizeof(uint64_t),          \
		.help = (about)                                                                    \
	}
#define LEVEL(member, how, in_unit, about)                                                         \
	{                                                                                          \
		.name = "level*_" #member, .kind = METRIC_##how, .unit = METRIC_##in_unit,         \
		.groups = METRIC_LEVELS, .axis = &levels,                                          \
		.offset = offsetof(struct lsm_stats, levels[0].member),                            \
		.stride = sizeof(struct lsm_level_stats), .help = (about)                          \
	}
#define OP(member, named, in_unit)                                                                 \
	.name = (named), .unit = METRIC_##in_unit, .groups = METRIC_OPS, .axis = &ops,             \
	.offset = offsetof(struct lsm_stats, ops[0].member),                                       \
	.stride = sizeof(struct histogram_summary)
#define DURATION                                                                                   \
	.family = "op_duration_seconds", .kind = METRIC_SUMMARY,                                   \
	.help = "How long operations took, as their callers saw it."

static const struct metric table[] = {
	CLASSIC(mem_records, METRIC_MEMORY, "Records in memtables."),
	CLASSIC(mem_kb, METRIC_MEMORY, "KiB of memtables."),
	CLASSIC(sst_files, METRIC_DISK, "Tables."),
	CLASSIC(sst_records, METRIC_DISK, "Records in tables."),
	CLASSIC(sst_kb, METRIC_DISK, "KiB of tables."),
	CLASSIC(wal_kb, METRIC_DISK | METRIC_WAL, "KiB of records in logs."),
	CLASSIC(total_records, METRIC_DISK | METRIC_MEMORY, "Records in memtables and tables."),
	CLASSIC(memtable_max_size, METRIC_MEMORY, "Bytes at which a memtable is full."),
	TEXT(version, version_text, "version", METRIC_HEALTH, "Version of the program."),
	TEXT(health, health_name, "", METRIC_HEALTH, "ok, degraded or read_only."),
	TEXT(health_text, health_reason, "", METRIC_HEALTH, "Why it is not ok."),
	{.family = "health_state",
	 .kind = METRIC_GAUGE,
	 .groups = METRIC_HEALTH,
	 .number = health_number,
	 .help = "0: ok; 1: degraded; 2: read-only: its log or manifest failed, or it was set so."},
	ROW(takes_no_writes, GAUGE, ITEMS, METRIC_HEALTH,
	    "1: the store is open read-only, has become so, or was set so."),
	ROW(memory_bytes, GAUGE, BYTES, METRIC_MEMORY,
	    "Memtables, block cache, and indexes and filters of open tables."),
	ROW(memtable_records, GAUGE, ITEMS, METRIC_MEMORY,
	    "Records in the memtable that is written."),
	ROW(memtable_bytes, GAUGE, BYTES, METRIC_MEMORY, "Size of the memtable that is written."),
	ROW(memtable_max_bytes, GAUGE, BYTES, METRIC_MEMORY, "Size at which a memtable is full."),
	ROW(full_memtables, GAUGE, ITEMS, METRIC_MEMORY, "Memtables that wait for their flush."),
	ROW(full_memtable_records, GAUGE, ITEMS, METRIC_MEMORY, "Records in full memtables."),
	ROW(full_memtable_bytes, GAUGE, BYTES, METRIC_MEMORY, "Size of full memtables."),
	ROW(table_files, GAUGE, ITEMS, METRIC_DISK, "Tables."),
	ROW(table_records, GAUGE, ITEMS, METRIC_DISK, "Records in tables, deletes among them."),
	ROW(table_bytes, GAUGE, BYTES, METRIC_DISK, "Size of all tables."),
	ROW(log_files, GAUGE, ITEMS, METRIC_WAL | METRIC_DISK, "Logs with changes no table has."),
	ROW(log_bytes, GAUGE, BYTES, METRIC_WAL | METRIC_DISK,
	    "Records in logs whose changes no table has."),
	ROW(log_written_bytes, COUNTER, BYTES, METRIC_WAL | METRIC_AMPLIFICATION,
	    "Bytes written to logs."),
	ROW(log_syncs, COUNTER, ITEMS, METRIC_WAL, "Syncs of a log."),
	ROW(last_seqno, GAUGE, ITEMS, METRIC_WAL, "Number of the last change."),
	ROW(durable_seqno, GAUGE, ITEMS, METRIC_WAL,
	    "Number of the last change known to be on the disk."),
	ROW(flushed_seqno, GAUGE, ITEMS, METRIC_WAL, "Number of the last change that tables hold."),
	ROW(snapshots, GAUGE, ITEMS, METRIC_OPS, "Snapshots held."),
	ROW(named_snapshots, GAUGE, ITEMS, METRIC_OPS, "Snapshots held that have a name."),
	ROW(oldest_snapshot_seqno, GAUGE, ITEMS, METRIC_OPS,
	    "Number of the last change that the oldest snapshot sees; 0: none."),
	ROW(user_written_bytes, COUNTER, BYTES, METRIC_OPS | METRIC_AMPLIFICATION,
	    "Bytes that callers wrote: changes as encoded, and long values."),
	ROW(user_read_bytes, COUNTER, BYTES, METRIC_OPS | METRIC_AMPLIFICATION,
	    "Bytes of values that callers were given."),
	ROW(gets, COUNTER, ITEMS, METRIC_OPS, "Reads of a key."),
	ROW(gets_found, COUNTER, ITEMS, METRIC_OPS, "Reads of a key that found one."),
	ROW(writes, COUNTER, ITEMS, METRIC_OPS, "Writes: puts, deletes, patches and batches."),
	ROW(records_written, COUNTER, ITEMS, METRIC_OPS, "Changes in all writes."),
	ROW(iterators, COUNTER, ITEMS, METRIC_OPS, "Iterators made."),
	ROW(cache_capacity_bytes, GAUGE, BYTES, METRIC_CACHE, "What the block cache may hold."),
	ROW(cache_bytes, GAUGE, BYTES, METRIC_CACHE | METRIC_MEMORY, "What the block cache holds."),
	ROW(cache_blocks, GAUGE, ITEMS, METRIC_CACHE, "Blocks in the block cache."),
	ROW(cache_hits, COUNTER, ITEMS, METRIC_CACHE, "Blocks found in the block cache."),
	ROW(cache_misses, COUNTER, ITEMS, METRIC_CACHE, "Blocks not found in the block cache."),
	ROW(cache_evictions, COUNTER, ITEMS, METRIC_CACHE,
	    "Blocks of the block cache that made way for others."),
	FACTOR(cache_hit_ratio, METRIC_CACHE,
	       "Part of the blocks looked for that the block cache had."),
	ROW(blocks_read, COUNTER, ITEMS, METRIC_CACHE, "Blocks of tables read from the disk."),
	ROW(block_bytes_read, COUNTER, BYTES, METRIC_CACHE | METRIC_AMPLIFICATION,
	    "Bytes of blocks of tables read from the disk."),
	ROW(filter_checks, COUNTER, ITEMS, METRIC_BLOOM, "Questions to Bloom filters."),
	ROW(filter_negatives, COUNTER, ITEMS, METRIC_BLOOM,
	    "Bloom filters said no: a table not read."),
	ROW(filter_false_positives, COUNTER, ITEMS, METRIC_BLOOM,
	    "Bloom filters said maybe, and the table had nothing."),
	FACTOR(filter_false_positive_rate, METRIC_BLOOM,
	       "Part of the questions for what was not there that Bloom filters answered with "
	       "maybe."),
	ROW(checksum_errors, COUNTER, ITEMS, METRIC_ERRORS, "Reads whose checksum was wrong."),
	ROW(table_checksum_errors, COUNTER, ITEMS, METRIC_ERRORS,
	    "Reads of tables whose checksum was wrong."),
	ROW(blob_checksum_errors, COUNTER, ITEMS, METRIC_ERRORS,
	    "Reads of large values whose checksum was wrong."),
	ROW(flush_failures, COUNTER, ITEMS, METRIC_ERRORS, "Flushes that failed and were retried."),
	ROW(compaction_failures, COUNTER, ITEMS, METRIC_ERRORS,
	    "Compactions that failed and were retried."),
	ROW(flushes, COUNTER, ITEMS, METRIC_COMPACTION, "Memtables written out as tables."),
	ROW(flush_bytes, COUNTER, BYTES, METRIC_COMPACTION | METRIC_AMPLIFICATION,
	    "Bytes of tables that flushes wrote."),
	ROW(compactions, COUNTER, ITEMS, METRIC_COMPACTION, "Merges of tables done."),
	ROW(compaction_read_bytes, COUNTER, BYTES, METRIC_COMPACTION,
	    "Bytes of tables that compactions read."),
	ROW(compaction_written_bytes, COUNTER, BYTES, METRIC_COMPACTION | METRIC_AMPLIFICATION,
	    "Bytes of tables that compactions wrote."),
	ROW(compaction_paced_ns, COUNTER, NS, METRIC_COMPACTION,
	    "Time for which compactions waited for their rate limit."),
	ROW(compactions_running, GAUGE, ITEMS, METRIC_COMPACTION, "Merges under way."),
	ROW(trivial_moves, COUNTER, ITEMS, METRIC_COMPACTION,
	    "Tables that went a level down unread."),
	ROW(compaction_paused, GAUGE, ITEMS, METRIC_COMPACTION | METRIC_HEALTH,
	    "1: no compaction begins by itself."),
	ROW(compaction_debt_bytes, GAUGE, BYTES, METRIC_COMPACTION,
	    "What is to be merged until levels have their sizes, about."),
	ROW(stall_slow, COUNTER, ITEMS, METRIC_STALLS, "Writes that were delayed a little."),
	ROW(stall_stop, COUNTER, ITEMS, METRIC_STALLS, "Writes that had to wait."),
	ROW(stall_ns, COUNTER, NS, METRIC_STALLS, "How long writes waited for the background."),
	STALL(stalls, "stall_*_count", "stalls", ITEMS,
	      "Writes that waited, by what they waited for."),
	STALL(stalls_ns, "stall_*_ns", "stalls_seconds", NS,
	      "How long writes waited, by what they waited for."),
	ROW(stalled_writers, GAUGE, ITEMS, METRIC_STALLS, "Writes that wait now."),
	ROW(open_tables, GAUGE, ITEMS, METRIC_CACHE | METRIC_MEMORY, "Tables that are open."),
	ROW(table_memory_bytes, GAUGE, BYTES, METRIC_MEMORY | METRIC_BLOOM,
	    "Indexes and filters of open tables."),
	ROW(manifest_bytes, GAUGE, BYTES, METRIC_DISK, "Size of the manifest."),
	ROW(used_bytes, GAUGE, BYTES, METRIC_DISK,
	    "Tables, blob files, records in logs, manifest and reserve."),
	ROW(disk_free_bytes, GAUGE, BYTES, METRIC_DISK, "Free space for this user."),
	ROW(disk_total_bytes, GAUGE, BYTES, METRIC_DISK, "Size of the disk under the store."),
	ROW(reserve_bytes, GAUGE, BYTES, METRIC_DISK, "Kept for deletes on a full disk."),
	ROW(recovered_records, GAUGE, ITEMS, METRIC_RECOVERY, "Changes replayed at open."),
	ROW(recovered_bytes, GAUGE, BYTES, METRIC_RECOVERY, "Bytes of logs replayed at open."),
	ROW(recovery_torn_bytes, GAUGE, BYTES, METRIC_RECOVERY,
	    "Bytes of a torn end of the log that were cut off at open."),
	ROW(recovery_damaged, GAUGE, ITEMS, METRIC_RECOVERY,
	    "1: a log was damaged, and what followed the damage was given up at open."),
	ROW(recovery_ns, GAUGE, NS, METRIC_RECOVERY, "How long the open took."),
	ROW(checkpoints, COUNTER, ITEMS, METRIC_OPS, "Copies made of the store."),
	ROW(blob_files, GAUGE, ITEMS, METRIC_DISK, "Blob files, which hold large values."),
	ROW(blob_bytes, GAUGE, BYTES, METRIC_DISK | METRIC_AMPLIFICATION,
	    "Size of all blob files."),
	ROW(blob_live_bytes, GAUGE, BYTES, METRIC_DISK | METRIC_AMPLIFICATION,
	    "Bytes in blob files that tables name; each name counts."),
	ROW(blob_written_bytes, COUNTER, BYTES, METRIC_DISK | METRIC_AMPLIFICATION,
	    "Bytes of large values written, also by compactions."),
	ROW(blob_moved_bytes, COUNTER, BYTES, METRIC_COMPACTION,
	    "Bytes of large values moved out of blob files mostly dead."),
	ROW(blob_read_bytes, COUNTER, BYTES, METRIC_DISK | METRIC_AMPLIFICATION,
	    "Bytes of large values read."),
	ROW(patches, COUNTER, ITEMS, METRIC_OPS, "Changes of a part of a value."),
	FACTOR(write_amplification, METRIC_AMPLIFICATION,
	       "Bytes written to the disk for each that a caller wrote."),
	FACTOR(read_amplification, METRIC_AMPLIFICATION,
	       "Bytes read from the disk for each that a caller was given."),
	{.name = "read_runs",
	 .kind = METRIC_GAUGE,
	 .groups = METRIC_AMPLIFICATION,
	 .number = read_runs,
	 .help = "Memtables and sorted runs that a read may have to look into."},
	FACTOR(space_amplification, METRIC_AMPLIFICATION,
	       "Bytes of tables and blob files, for each of the deepest level and of live chunks."),
	LEVEL(files, GAUGE, ITEMS, "Tables of the level."),
	LEVEL(bytes, GAUGE, BYTES, "Size of the tables of the level."),
	LEVEL(entries, GAUGE, ITEMS, "Records in the tables of the level."),
	LEVEL(tombstones, GAUGE, ITEMS, "Deletes in the tables of the level."),
	LEVEL(read_bytes, COUNTER, BYTES, "Bytes read by compactions into the level."),
	LEVEL(written_bytes, COUNTER, BYTES, "Bytes written by compactions into the level."),
	LEVEL(jobs, COUNTER, ITEMS, "Compactions into the level."),
	LEVEL(runs, GAUGE, ITEMS, "Sorted runs of the level."),
	LEVEL(score, GAUGE, FACTOR, "How full the level is; from 1 on it is compacted."),
	{OP(count, "*_count", ITEMS), DURATION, .ending = "_count"},
	{OP(sum, "*_sum_ns", NS), DURATION, .ending = "_sum"},
	{OP(p50, "*_p50_ns", NS), DURATION, .labels = "quantile=\"0.5\""},
	{OP(p95, "*_p95_ns", NS), DURATION, .labels = "quantile=\"0.95\""},
	{OP(p99, "*_p99_ns", NS), DURATION, .labels = "quantile=\"0.99\""},
	{OP(max, "*_max_ns", NS), .family = "op_duration_max_seconds", .kind = METRIC_GAUGE,
	 .help = "The longest operation that was timed since the store was opened."},
};

const struct metric *lsm_stats_metrics(size_t *ret_count)
{
	*ret_count = array_size(table);
	return table;
}

static int show_value(void *arg, const struct metric_value *v)
{
	const struct lsm_stats_sink *sink = arg;

	if (v->row->kind == METRIC_TEXT)
		sink->text(sink->arg, v->name, v->text);
	else if (v->row->unit == METRIC_FACTOR)
		sink->ratio(sink->arg, v->name, v->factor);
	else
		sink->number(sink->arg, v->name, v->number);
	return 0;
}

void lsm_stats_show(const struct lsm_stats *stats, const struct lsm_stats_sink *sink)
{
	const struct metric_set set = {table, array_size(table), stats};
	struct lsm_stats_sink copy = *sink;

	ignore_result(metric_visit(&set, METRIC_ALL, show_value, &copy)); /* no visit fails */
}
