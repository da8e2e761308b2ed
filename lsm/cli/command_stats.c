/*
 * stats: the store's numbers, as `name value` lines or as JSON. Names are those of the members of
 * struct lsm_stats.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/json.h"
#include "lsm/base/version.h"
#include "lsm/cli/command.h"
#include "lsm/cli/report.h"

enum {
	STAT_NAME_MAX = 64,
};

/* Where a number stands in its struct. */
struct stat_field {
	const char *name;
	size_t offset;
};

#define STAT(member)                                                                               \
	{                                                                                          \
#member, offsetof(struct lsm_stats, member)                                        \
	}

static const struct stat_field store_fields[] = {
	STAT(memtable_records),
	STAT(memtable_bytes),
	STAT(memtable_max_bytes),
	STAT(full_memtables),
	STAT(full_memtable_records),
	STAT(full_memtable_bytes),
	STAT(table_files),
	STAT(table_records),
	STAT(table_bytes),
	STAT(log_files),
	STAT(log_bytes),
	STAT(log_written_bytes),
	STAT(log_syncs),
	STAT(last_seqno),
	STAT(durable_seqno),
	STAT(flushed_seqno),
	STAT(snapshots),
	STAT(oldest_snapshot_seqno),
	STAT(user_written_bytes),
	STAT(user_read_bytes),
	STAT(gets),
	STAT(gets_found),
	STAT(writes),
	STAT(records_written),
	STAT(iterators),
	STAT(cache_capacity_bytes),
	STAT(cache_bytes),
	STAT(cache_hits),
	STAT(cache_misses),
	STAT(cache_evictions),
	STAT(blocks_read),
	STAT(block_bytes_read),
	STAT(filter_checks),
	STAT(filter_negatives),
	STAT(filter_false_positives),
	STAT(checksum_errors),
	STAT(flushes),
	STAT(flush_bytes),
	STAT(compactions),
	STAT(compaction_read_bytes),
	STAT(compaction_written_bytes),
	STAT(trivial_moves),
	STAT(compaction_debt_bytes),
	STAT(stall_slow),
	STAT(stall_stop),
	STAT(stall_ns),
	STAT(open_tables),
	STAT(table_memory_bytes),
	STAT(manifest_bytes),
	STAT(disk_free_bytes),
	STAT(disk_total_bytes),
	STAT(recovered_records),
	STAT(recovered_bytes),
	STAT(recovery_torn_bytes),
	STAT(recovery_ns),
};

#define LEVEL_STAT(member)                                                                         \
	{                                                                                          \
#member, offsetof(struct lsm_level_stats, member)                                  \
	}

static const struct stat_field level_fields[] = {
	LEVEL_STAT(files),      LEVEL_STAT(bytes),      LEVEL_STAT(entries),
	LEVEL_STAT(tombstones), LEVEL_STAT(read_bytes), LEVEL_STAT(written_bytes),
	LEVEL_STAT(jobs),
};

/* Where names and values go: JSON, or lines on standard output when it is NULL. */
static void put_number(struct json *json, const char *name, uint64_t value)
{
	if (!json) {
		printf("%s %" PRIu64 "\n", name, value);
		return;
	}
	json_name(json, name);
	json_uint(json, value);
}

static void put_text(struct json *json, const char *name, const char *value)
{
	if (!json) {
		printf("%s %s\n", name, value);
		return;
	}
	json_name(json, name);
	json_string(json, slice_str(value));
}

static void put_fields(struct json *json, const char *prefix, const struct stat_field *fields,
		       size_t count, const void *owner)
{
	for (size_t i = 0; i < count; i++) {
		char name[STAT_NAME_MAX];
		uint64_t value;

		snprintf(name, sizeof(name), "%s%s", prefix, fields[i].name);
		memcpy(&value, (const char *)owner + fields[i].offset, sizeof(value));
		put_number(json, name, value);
	}
}

/* The eight lines that statistics of this kind have always begun with. */
static void put_classic(struct json *json, const struct lsm_stats *s)
{
	uint64_t mem_records = s->memtable_records + s->full_memtable_records;

	put_number(json, "mem_records", mem_records);
	put_number(json, "mem_kb", (s->memtable_bytes + s->full_memtable_bytes) / 1024);
	put_number(json, "sst_files", s->table_files);
	put_number(json, "sst_records", s->table_records);
	put_number(json, "sst_kb", s->table_bytes / 1024);
	put_number(json, "wal_kb", s->log_bytes / 1024);
	put_number(json, "total_records", mem_records + s->table_records);
	put_number(json, "memtable_max_size", s->memtable_max_bytes);
}

static void put_all(struct json *json, const struct lsm_stats *s)
{
	put_classic(json, s);
	put_text(json, "version", LSM_VERSION);
	put_text(json, "health", lsm_health_name(s->health));
	if (s->health != LSM_HEALTH_OK)
		put_text(json, "health_text", s->health_text);
	put_fields(json, "", store_fields, array_size(store_fields), s);
	for (int level = 0; level < LSM_LEVELS; level++) {
		char prefix[STAT_NAME_MAX];

		snprintf(prefix, sizeof(prefix), "level%d_", level);
		put_fields(json, prefix, level_fields, array_size(level_fields), &s->levels[level]);
	}
}

static enum exit_status print_json(const struct lsm_stats *s)
{
	cleanup_buf struct buf text = {0};
	struct json json;

	json_begin(&json, &text);
	json_object_open(&json);
	put_all(&json, s);
	json_object_close(&json);

	int rc = json_finish(&json);

	if (rc)
		return report_failure(rc);
	fwrite(text.ptr, 1, text.len, stdout);
	putchar('\n');
	return STATUS_OK;
}

static enum exit_status stats(struct lsm *db, const struct invocation *inv)
{
	struct lsm_stats s;

	lsm_stats_read(db, &s);
	if (invocation_has(inv, "json"))
		return print_json(&s);
	put_all(NULL, &s);
	return STATUS_OK;
}

const struct command command_stats = {
	.name = "stats",
	.arguments = "",
	.summary = "print the store's numbers, one a line",
	.more = "",
	.use = STORE_READ,
	.options = {{"json", NULL, "as one JSON object"}},
	.run = stats,
};
