/*
 * The statistics by name: one table, for everything that shows them.
 */
#include <stddef.h>
#include <stdio.h>

#include "lsm/base/version.h"
#include "lsm/lsm.h"

enum {
	STATS_NAME_MAX = 64,
};

/* A counter and where it stands in its struct. */
struct field {
	const char *name;
	size_t offset;
};

#define STORE_FIELD(member)                                                                        \
	{                                                                                          \
#member, offsetof(struct lsm_stats, member)                                        \
	}

static const struct field store_fields[] = {
	STORE_FIELD(memtable_records),
	STORE_FIELD(memtable_bytes),
	STORE_FIELD(memtable_max_bytes),
	STORE_FIELD(full_memtables),
	STORE_FIELD(full_memtable_records),
	STORE_FIELD(full_memtable_bytes),
	STORE_FIELD(table_files),
	STORE_FIELD(table_records),
	STORE_FIELD(table_bytes),
	STORE_FIELD(log_files),
	STORE_FIELD(log_bytes),
	STORE_FIELD(log_written_bytes),
	STORE_FIELD(log_syncs),
	STORE_FIELD(last_seqno),
	STORE_FIELD(durable_seqno),
	STORE_FIELD(flushed_seqno),
	STORE_FIELD(snapshots),
	STORE_FIELD(oldest_snapshot_seqno),
	STORE_FIELD(named_snapshots),
	STORE_FIELD(user_written_bytes),
	STORE_FIELD(user_read_bytes),
	STORE_FIELD(gets),
	STORE_FIELD(gets_found),
	STORE_FIELD(writes),
	STORE_FIELD(records_written),
	STORE_FIELD(iterators),
	STORE_FIELD(cache_capacity_bytes),
	STORE_FIELD(cache_bytes),
	STORE_FIELD(cache_hits),
	STORE_FIELD(cache_misses),
	STORE_FIELD(cache_evictions),
	STORE_FIELD(blocks_read),
	STORE_FIELD(block_bytes_read),
	STORE_FIELD(filter_checks),
	STORE_FIELD(filter_negatives),
	STORE_FIELD(filter_false_positives),
	STORE_FIELD(checksum_errors),
	STORE_FIELD(flushes),
	STORE_FIELD(flush_bytes),
	STORE_FIELD(compactions),
	STORE_FIELD(compaction_read_bytes),
	STORE_FIELD(compaction_written_bytes),
	STORE_FIELD(trivial_moves),
	STORE_FIELD(compaction_debt_bytes),
	STORE_FIELD(stall_slow),
	STORE_FIELD(stall_stop),
	STORE_FIELD(stall_ns),
	STORE_FIELD(open_tables),
	STORE_FIELD(table_memory_bytes),
	STORE_FIELD(manifest_bytes),
	STORE_FIELD(disk_free_bytes),
	STORE_FIELD(disk_total_bytes),
	STORE_FIELD(reserve_bytes),
	STORE_FIELD(recovered_records),
	STORE_FIELD(recovered_bytes),
	STORE_FIELD(recovery_torn_bytes),
	STORE_FIELD(recovery_ns),
	STORE_FIELD(checkpoints),
	STORE_FIELD(blob_files),
	STORE_FIELD(blob_bytes),
	STORE_FIELD(blob_live_bytes),
	STORE_FIELD(blob_written_bytes),
	STORE_FIELD(blob_moved_bytes),
	STORE_FIELD(blob_read_bytes),
	STORE_FIELD(patches),
};

_Static_assert(array_size(store_fields) * sizeof(uint64_t) == offsetof(struct lsm_stats, health),
	       "every counter of the engine has its line");

#define LEVEL_FIELD(member)                                                                        \
	{                                                                                          \
#member, offsetof(struct lsm_level_stats, member)                                  \
	}

static const struct field level_fields[] = {
	LEVEL_FIELD(files),      LEVEL_FIELD(bytes),      LEVEL_FIELD(entries),
	LEVEL_FIELD(tombstones), LEVEL_FIELD(read_bytes), LEVEL_FIELD(written_bytes),
	LEVEL_FIELD(jobs),       LEVEL_FIELD(runs),
};

#define SUMMARY_FIELD(member, suffix)                                                              \
	{                                                                                          \
#member suffix, offsetof(struct histogram_summary, member)                         \
	}

static const struct field summary_fields[] = {
	SUMMARY_FIELD(count, ""),  SUMMARY_FIELD(sum, "_ns"), SUMMARY_FIELD(p50, "_ns"),
	SUMMARY_FIELD(p95, "_ns"), SUMMARY_FIELD(p99, "_ns"), SUMMARY_FIELD(max, "_ns"),
};

static void show_fields(const struct lsm_stats_sink *sink, const char *prefix,
			const struct field *fields, size_t count, const void *owner)
{
	for (size_t i = 0; i < count; i++) {
		char name[STATS_NAME_MAX];
		uint64_t value;

		(void)snprintf(name, sizeof(name), "%s%s", prefix, fields[i].name);
		memcpy(&value, (const char *)owner + fields[i].offset, sizeof(value));
		sink->number(sink->arg, name, value);
	}
}

/*
 * Names and units that readers of earlier engines' statistics know: these come first and never
 * change.
 */
static void show_classic(const struct lsm_stats_sink *sink, const struct lsm_stats *s)
{
	uint64_t mem_records = s->memtable_records + s->full_memtable_records;
	uint64_t mem_bytes = s->memtable_bytes + s->full_memtable_bytes;

	sink->number(sink->arg, "mem_records", mem_records);
	sink->number(sink->arg, "mem_kb", mem_bytes / 1024);
	sink->number(sink->arg, "sst_files", s->table_files);
	sink->number(sink->arg, "sst_records", s->table_records);
	sink->number(sink->arg, "sst_kb", s->table_bytes / 1024);
	sink->number(sink->arg, "wal_kb", s->log_bytes / 1024);
	sink->number(sink->arg, "total_records", mem_records + s->table_records);
	sink->number(sink->arg, "memtable_max_size", s->memtable_max_bytes);
}

static void show_health(const struct lsm_stats_sink *sink, const struct lsm_stats *s)
{
	sink->text(sink->arg, "version", LSM_VERSION);
	sink->text(sink->arg, "health", lsm_health_name(s->health));
	if (s->health != LSM_HEALTH_OK)
		sink->text(sink->arg, "health_text", s->health_text);
}

static void show_levels(const struct lsm_stats_sink *sink, const struct lsm_stats *s)
{
	for (int level = 0; level < LSM_LEVELS; level++) {
		char name[STATS_NAME_MAX];

		(void)snprintf(name, sizeof(name), "level%d_", level);
		show_fields(sink, name, level_fields, array_size(level_fields), &s->levels[level]);
		(void)snprintf(name, sizeof(name), "level%d_score", level);
		sink->ratio(sink->arg, name, s->levels[level].score);
	}
}

static void show_operations(const struct lsm_stats_sink *sink, const struct lsm_stats *s)
{
	for (int op = 0; op < LSM_OP_COUNT; op++) {
		char prefix[STATS_NAME_MAX];

		(void)snprintf(prefix, sizeof(prefix), "%s_", lsm_op_name((enum lsm_op)op));
		show_fields(sink, prefix, summary_fields, array_size(summary_fields), &s->ops[op]);
	}
}

void lsm_stats_show(const struct lsm_stats *stats, const struct lsm_stats_sink *sink)
{
	show_classic(sink, stats);
	show_health(sink, stats);
	show_fields(sink, "", store_fields, array_size(store_fields), stats);
	show_levels(sink, stats);
	show_operations(sink, stats);
}
