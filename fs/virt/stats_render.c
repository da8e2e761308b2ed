#include "fs/virt/stats_render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/json.h"
#include "lsm/base/version.h"

enum {
	STATS_NAME_MAX = 64,
	STATS_NUMBER_DIGITS = 20, /* of UINT64_MAX */
};

/* Where names and values go. The first failed append sticks, as in struct json. */
struct sink {
	struct buf *text;  /* NULL when JSON is wanted */
	struct json *json; /* NULL when text is wanted */
	int error;
};

static void put_uint(struct sink *sink, const char *name, uint64_t value)
{
	if (sink->json) {
		json_name(sink->json, name);
		json_uint(sink->json, value);
	} else if (!sink->error) {
		sink->error = buf_printf(sink->text, "%s %" PRIu64 "\n", name, value);
	}
}

static void put_double(struct sink *sink, const char *name, double value)
{
	if (sink->json) {
		json_name(sink->json, name);
		json_double(sink->json, value);
	} else if (!sink->error) {
		sink->error = buf_printf(sink->text, "%s %.3f\n", name, value);
	}
}

static void put_text(struct sink *sink, const char *name, struct slice value)
{
	if (sink->json) {
		json_name(sink->json, name);
		json_string(sink->json, value);
		return;
	}
	if (!sink->error)
		sink->error = buf_printf(sink->text, "%s ", name);
	/* One value is one line, whatever a sentence quotes. */
	for (size_t i = 0; i < value.len && !sink->error; i++)
		sink->error = buf_append_byte(sink->text, value.ptr[i] < ' ' ? ' ' : value.ptr[i]);
	if (!sink->error)
		sink->error = buf_append_byte(sink->text, '\n');
}

/* A counter and where it stands in its struct. */
struct field {
	const char *name;
	size_t offset;
};

static void put_fields(struct sink *sink, const char *prefix, const struct field *fields,
		       size_t count, const void *owner)
{
	for (size_t i = 0; i < count; i++) {
		char name[STATS_NAME_MAX];
		uint64_t value;

		snprintf(name, sizeof(name), "%s%s", prefix, fields[i].name);
		memcpy(&value, (const char *)owner + fields[i].offset, sizeof(value));
		put_uint(sink, name, value);
	}
}

/*
 * Names and units that readers of earlier engines' statistics know: these come first and never
 * change.
 */
static void put_classic(struct sink *sink, const struct lsm_stats *s)
{
	uint64_t mem_records = s->memtable_records + s->full_memtable_records;

	put_uint(sink, "mem_records", mem_records);
	put_uint(sink, "mem_kb", (s->memtable_bytes + s->full_memtable_bytes) / 1024);
	put_uint(sink, "sst_files", s->table_files);
	put_uint(sink, "sst_records", s->table_records);
	put_uint(sink, "sst_kb", s->table_bytes / 1024);
	put_uint(sink, "wal_kb", s->log_bytes / 1024);
	put_uint(sink, "total_records", mem_records + s->table_records);
	put_uint(sink, "memtable_max_size", s->memtable_max_bytes);
}

static void put_health(struct sink *sink, const struct lsm_stats *s)
{
	put_text(sink, "version", slice_str(LSM_VERSION));
	put_text(sink, "health", slice_str(lsm_health_name(s->health)));
	if (s->health != LSM_HEALTH_OK)
		put_text(sink, "health_text", slice_str(s->health_text));
}

#define ENGINE_FIELD(member)                                                                       \
	{                                                                                          \
#member, offsetof(struct lsm_stats, member)                                        \
	}

static const struct field engine_fields[] = {
	ENGINE_FIELD(memtable_records),
	ENGINE_FIELD(memtable_bytes),
	ENGINE_FIELD(memtable_max_bytes),
	ENGINE_FIELD(full_memtables),
	ENGINE_FIELD(full_memtable_records),
	ENGINE_FIELD(full_memtable_bytes),
	ENGINE_FIELD(table_files),
	ENGINE_FIELD(table_records),
	ENGINE_FIELD(table_bytes),
	ENGINE_FIELD(log_files),
	ENGINE_FIELD(log_bytes),
	ENGINE_FIELD(log_written_bytes),
	ENGINE_FIELD(log_syncs),
	ENGINE_FIELD(last_seqno),
	ENGINE_FIELD(durable_seqno),
	ENGINE_FIELD(flushed_seqno),
	ENGINE_FIELD(snapshots),
	ENGINE_FIELD(oldest_snapshot_seqno),
	ENGINE_FIELD(user_written_bytes),
	ENGINE_FIELD(user_read_bytes),
	ENGINE_FIELD(gets),
	ENGINE_FIELD(gets_found),
	ENGINE_FIELD(writes),
	ENGINE_FIELD(records_written),
	ENGINE_FIELD(iterators),
	ENGINE_FIELD(cache_capacity_bytes),
	ENGINE_FIELD(cache_bytes),
	ENGINE_FIELD(cache_hits),
	ENGINE_FIELD(cache_misses),
	ENGINE_FIELD(cache_evictions),
	ENGINE_FIELD(blocks_read),
	ENGINE_FIELD(block_bytes_read),
	ENGINE_FIELD(filter_checks),
	ENGINE_FIELD(filter_negatives),
	ENGINE_FIELD(filter_false_positives),
	ENGINE_FIELD(checksum_errors),
	ENGINE_FIELD(flushes),
	ENGINE_FIELD(flush_bytes),
	ENGINE_FIELD(compactions),
	ENGINE_FIELD(compaction_read_bytes),
	ENGINE_FIELD(compaction_written_bytes),
	ENGINE_FIELD(trivial_moves),
	ENGINE_FIELD(compaction_debt_bytes),
	ENGINE_FIELD(stall_slow),
	ENGINE_FIELD(stall_stop),
	ENGINE_FIELD(stall_ns),
	ENGINE_FIELD(open_tables),
	ENGINE_FIELD(table_memory_bytes),
	ENGINE_FIELD(manifest_bytes),
	ENGINE_FIELD(disk_free_bytes),
	ENGINE_FIELD(disk_total_bytes),
	ENGINE_FIELD(recovered_records),
	ENGINE_FIELD(recovered_bytes),
	ENGINE_FIELD(recovery_torn_bytes),
	ENGINE_FIELD(recovery_ns),
};

_Static_assert(array_size(engine_fields) * sizeof(uint64_t) == offsetof(struct lsm_stats, health),
	       "every counter of the engine has its line");

#define LEVEL_FIELD(member)                                                                        \
	{                                                                                          \
#member, offsetof(struct lsm_level_stats, member)                                  \
	}

static const struct field level_fields[] = {
	LEVEL_FIELD(files),      LEVEL_FIELD(bytes),      LEVEL_FIELD(entries),
	LEVEL_FIELD(tombstones), LEVEL_FIELD(read_bytes), LEVEL_FIELD(written_bytes),
	LEVEL_FIELD(jobs),
};

static void put_levels(struct sink *sink, const struct lsm_stats *s)
{
	for (int level = 0; level < LSM_LEVELS; level++) {
		char name[STATS_NAME_MAX];

		snprintf(name, sizeof(name), "level%d_", level);
		put_fields(sink, name, level_fields, array_size(level_fields), &s->levels[level]);
		snprintf(name, sizeof(name), "level%d_score", level);
		put_double(sink, name, s->levels[level].score);
	}
}

#define SUMMARY_FIELD(member, suffix)                                                              \
	{                                                                                          \
#member suffix, offsetof(struct histogram_summary, member)                         \
	}

static const struct field summary_fields[] = {
	SUMMARY_FIELD(count, ""),  SUMMARY_FIELD(sum, "_ns"), SUMMARY_FIELD(p50, "_ns"),
	SUMMARY_FIELD(p95, "_ns"), SUMMARY_FIELD(p99, "_ns"), SUMMARY_FIELD(max, "_ns"),
};

static void put_operations(struct sink *sink, const struct lsm_stats *s)
{
	for (int op = 0; op < LSM_OP_COUNT; op++) {
		char prefix[STATS_NAME_MAX];

		snprintf(prefix, sizeof(prefix), "%s_", lsm_op_name((enum lsm_op)op));
		put_fields(sink, prefix, summary_fields, array_size(summary_fields), &s->ops[op]);
	}
}

#define FILES_FIELD(member)                                                                        \
	{                                                                                          \
#member, offsetof(struct fs_stats, member)                                         \
	}

static const struct field files_fields[] = {
	FILES_FIELD(nodes),    FILES_FIELD(unlinked_nodes), FILES_FIELD(unlinked_bytes),
	FILES_FIELD(held_now), FILES_FIELD(held_total),     FILES_FIELD(held_merged),
};

_Static_assert(array_size(files_fields) * sizeof(uint64_t) == sizeof(struct fs_stats),
	       "every counter of fs/core has its line");

/* A line of another module: a number if it reads as one, else text. */
static void put_line(struct sink *sink, const char *name, struct slice value)
{
	uint64_t number = 0;
	bool is_number = value.len > 0 && value.len < STATS_NUMBER_DIGITS;

	for (size_t i = 0; i < value.len && is_number; i++) {
		is_number = value.ptr[i] >= '0' && value.ptr[i] <= '9';
		number = number * 10 + (uint64_t)(value.ptr[i] - '0');
	}
	if (is_number)
		put_uint(sink, name, number);
	else
		put_text(sink, name, value);
}

static void put_more(struct sink *sink, struct slice more)
{
	while (more.len > 0) {
		const uint8_t *end = memchr(more.ptr, '\n', more.len);
		struct slice line = slice_of(more.ptr, end ? (size_t)(end - more.ptr) : more.len);
		const uint8_t *space = line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL;
		size_t name_len = space ? (size_t)(space - line.ptr) : line.len;
		char name[STATS_NAME_MAX];

		snprintf(name, sizeof(name), "%.*s", (int)min_of(name_len, sizeof(name) - 1),
			 (const char *)line.ptr);
		if (name_len > 0)
			put_line(sink, name, slice_skip(line, space ? name_len + 1 : name_len));
		more = slice_skip(more, line.len + (end ? 1 : 0));
	}
}

static void put_all(struct sink *sink, const struct stats_measured *measured)
{
	put_classic(sink, measured->engine);
	put_health(sink, measured->engine);
	put_fields(sink, "", engine_fields, array_size(engine_fields), measured->engine);
	put_levels(sink, measured->engine);
	put_operations(sink, measured->engine);
	put_fields(sink, "fs_", files_fields, array_size(files_fields), measured->files);
	put_more(sink, measured->more);
}

static int render_json(const struct stats_measured *measured, struct buf *text)
{
	struct json json;
	struct sink sink = {.json = &json};

	json_begin(&json, text);
	json_object_open(&json);
	put_all(&sink, measured);
	json_object_close(&json);
	int rc = json_finish(&json);

	return rc ? rc : buf_append_byte(text, '\n');
}

int stats_render(const struct stats_measured *measured, enum stats_format format, struct buf *text)
{
	struct sink sink = {.text = text};

	if (format == STATS_JSON)
		return render_json(measured, text);
	put_all(&sink, measured);
	return sink.error;
}
