#include "lsm/db/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <sys/resource.h>

#include "lsm/base/error.h"
#include "lsm/db/db.h"

#define KIB(n) ((n)*UINT64_C(1024))
#define MIB(n) (KIB(n) * 1024)
#define GIB(n) (MIB(n) * 1024)

void lsm_options_init(struct lsm_options *options)
{
	*options = (struct lsm_options){
		.create = true,
		.memtable_bytes = MIB(32),
		.memtables_max = 2,
		.key_max = LSM_KEY_MAX,
		.sync_mode = LSM_SYNC_INTERVAL,
		.sync_interval_ms = 1000,
		.sync_batch_records = 1000,
		.sync_batch_delay_us = 10000,
		.log_record_max = BATCH_MAX_BYTES,
		.log_read_bytes = KIB(256),
		.recovery = LSM_RECOVER_TAIL,
		.block_bytes = KIB(4),
		.restart_interval = 16,
		.compression = LSM_COMPRESSION_LZ4,
		.min_saving_pct = 12,
		.value_inline_max = KIB(1),
		.bloom_bits_per_key = 10,
		.verify_reads = true,
		.filter_separator = -1,
		.large_value_threshold = KIB(64),
		.chunk_bytes = KIB(256),
		.value_max = GIB(64),
		.blob_gc_pct = 50,
		.blob_file_bytes = MIB(64),
		.cache_bytes = MIB(64),
		.cache_shards = 16,
		.max_open_tables = 512,
		.strategy = LSM_LEVELED,
		.runs_max = 4,
		.garbage_ratio = 3,
		.max_levels = LSM_LEVELS,
		.compaction_threads = 1,
		.l0_threshold = 4,
		.l0_slowdown = 12,
		.l0_stop = 20,
		.size_ratio = 10,
		.base_level_bytes = MIB(64),
		.target_file_bytes = MIB(16),
		.read_ahead_bytes = KIB(256),
		.io_threads = 2,
		.reserve_bytes = LSM_RESERVE_AUTOMATIC,
		.stats_enable = true,
	};
}

/* An option's range; smaller and larger values make no working store. */
struct limit {
	const char *name;
	uint64_t value, minimum, maximum;
};

static int check_limits(const struct limit *limits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct limit *l = &limits[i];

		if (l->value < l->minimum || l->value > l->maximum)
			return fail(-EINVAL,
				    "option %s is %" PRIu64 ", allowed are %" PRIu64 " to %" PRIu64,
				    l->name, l->value, l->minimum, l->maximum);
	}
	return 0;
}

int db_options_check(const struct lsm_options *o)
{
	const struct limit limits[] = {
		{"memtable_bytes", o->memtable_bytes, KIB(4), MIB(4096)},
		{"memtables_max", o->memtables_max, 1, DB_FULL_MEMTABLES_MAX - 1},
		{"key_max", o->key_max, 1, LSM_KEY_MAX},
		{"memtable_pool_bytes", o->memtable_pool_bytes, 0, GIB(64)},
		{"stall_timeout_ms", o->stall_timeout_ms, 0, 3600000},
		{"log_record_max", o->log_record_max,
		 o->large_value_threshold + (uint64_t)LSM_RECORD_OVERHEAD_MAX, BATCH_MAX_BYTES},
		{"log_segment_bytes", o->log_segment_bytes, 0, GIB(64)},
		{"log_read_bytes", o->log_read_bytes, KIB(4), MIB(16)},
		{"recovery", o->recovery, LSM_RECOVER_WHOLE, LSM_RECOVER_PREFIX},
		{"sync_mode", o->sync_mode, LSM_SYNC_ALWAYS, LSM_SYNC_MANUAL},
		{"sync_interval_ms", o->sync_interval_ms, 1, 3600000},
		{"sync_batch_records", o->sync_batch_records, 1, UINT32_MAX},
		{"sync_batch_delay_us", o->sync_batch_delay_us, 1, 3600000000U},
		{"block_bytes", o->block_bytes, 256, MIB(4)},
		{"index_interval", o->index_interval, 0, 65536},
		{"restart_interval", o->restart_interval, 1, 1024},
		{"compression", o->compression, LSM_COMPRESSION_NONE, LSM_COMPRESSION_LZ4},
		{"min_saving_pct", o->min_saving_pct, 0, 99},
		{"value_inline_max", o->value_inline_max, 0, MIB(1)},
		{"bloom_bits_per_key", o->bloom_bits_per_key, 0, 64},
		{"filter_separator", (uint64_t)(o->filter_separator - LSM_SEPARATOR_NOTED), 0, 257},
		{"large_value_threshold", o->large_value_threshold, KIB(1), MIB(16)},
		{"chunk_bytes", o->chunk_bytes, KIB(4), BLOB_CHUNK_MAX},
		{"value_max", o->value_max, KIB(4), LSM_VALUE_MAX},
		{"blob_gc_pct", o->blob_gc_pct, 0, 90},
		{"blob_file_bytes", o->blob_file_bytes, KIB(64), GIB(16)},
		{"cache_shards", o->cache_shards, 1, 1024},
		{"max_open_tables", o->max_open_tables, 1, 1000000},
		{"strategy", o->strategy, LSM_LEVELED, LSM_LAZY_LEVELING},
		{"runs_max", o->runs_max, 2, 16},
		{"garbage_ratio", o->garbage_ratio, 1, 100},
		{"max_levels", o->max_levels, 2, LSM_LEVELS},
		{"compaction_rate", o->compaction_rate, 0, GIB(1024)},
		{"read_ahead_bytes", o->read_ahead_bytes, KIB(4), MIB(16)},
		{"io_threads", o->io_threads, 1, 2},
		{"compaction_threads", o->compaction_threads, 0, DB_COMPACTION_THREADS_MAX},
		{"l0_threshold", o->l0_threshold, 1, 1000},
		{"l0_slowdown", o->l0_slowdown, o->l0_threshold, 10000},
		{"l0_stop", o->l0_stop, o->l0_slowdown, 10000},
		{"size_ratio", o->size_ratio, 2, 100},
		{"base_level_bytes", o->base_level_bytes, KIB(4), UINT64_MAX},
		{"reserve_bytes", o->reserve_bytes == LSM_RESERVE_AUTOMATIC ? 0 : o->reserve_bytes,
		 0, INT64_MAX},
		{"target_file_bytes", o->target_file_bytes, KIB(4), MIB(16384)},
	};

	return check_limits(limits, array_size(limits));
}

enum {
	/* standard streams, folder, LOCK, RESERVE, manifest, CURRENT.tmp, a flush's table, spare
	 * and present log, and some for the program */
	OTHER_DESCRIPTORS = 12,
};

void db_options_fit(struct lsm_options *o)
{
	uint64_t others = OTHER_DESCRIPTORS + o->memtables_max + o->compaction_threads;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return;
	uint64_t left = limit.rlim_cur > others ? limit.rlim_cur - others : 0;
	unsigned tables =
		(unsigned)min_of(max_of(left * 3 / 4, UINT64_C(1)), (uint64_t)o->max_open_tables);

	if (tables == o->max_open_tables)
		return;
	o->max_open_tables = tables;
	o->l0_stop = min_of(o->l0_stop, tables);
	o->l0_slowdown = min_of(o->l0_slowdown, o->l0_stop);
	o->l0_threshold = min_of(o->l0_threshold, o->l0_slowdown);
}

static_assert(LSM_SEPARATOR_NOTED == (int)TREE_SEPARATOR_NOTED, "passed on as it is");

struct table_options db_table_options(const struct lsm_options *options)
{
	return (struct table_options){
		.block_size = options->block_bytes,
		.index_interval = options->index_interval,
		.restart_interval = options->restart_interval,
		.codec = options->compression == LSM_COMPRESSION_LZ4 ? SST_LZ4 : SST_STORED,
		.min_saving_pct = options->min_saving_pct,
		.bloom_bits_per_key = options->bloom_bits_per_key,
		.filter_separator = options->filter_separator,
		.value_inline_max = options->value_inline_max,
	};
}

enum {
	/* Blob files open for reading, for each that tables may have: with db_options_fit they are
	 * among what tables leave. */
	BLOB_FILES_SHARE = 4,
	BLOB_FILES_MIN = 2,
	BLOB_WRITERS = 4, /* large values written side by side */
};

struct blob_options db_blob_options(const struct lsm_options *options)
{
	return (struct blob_options){
		.chunk_bytes = options->chunk_bytes,
		.file_bytes = options->blob_file_bytes,
		.compress = options->compression == LSM_COMPRESSION_LZ4,
		.min_saving_pct = options->min_saving_pct,
		.alone = options->io_threads == 1,
		.max_open = max_of(options->max_open_tables / BLOB_FILES_SHARE,
				   (unsigned)BLOB_FILES_MIN),
		.writers = BLOB_WRITERS,
	};
}

/* Lower layers do not see lsm.h; the two enums are one list. */
_Static_assert((int)PICKER_LEVELED == (int)LSM_LEVELED, "the same order");
_Static_assert((int)PICKER_TIERED == (int)LSM_TIERED, "the same order");
_Static_assert((int)PICKER_LAZY_LEVELING == (int)LSM_LAZY_LEVELING, "the same order");

struct picker_options db_picker_options(const struct lsm_options *options)
{
	return (struct picker_options){
		.strategy = (enum picker_strategy)options->strategy,
		.runs_max = options->runs_max,
		.garbage_ratio = options->garbage_ratio,
		.max_levels = options->max_levels,
		.l0_threshold = options->l0_threshold,
		.size_ratio = options->size_ratio,
		.base_level_bytes = options->base_level_bytes,
		.target_file_bytes = options->target_file_bytes,
	};
}
