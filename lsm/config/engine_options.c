#include "lsm/config/engine_options.h"

#include "lsm/config/config_relation.h"
#include "lsm/config/profile.h"
#include "lsm/lsm.h"

_Static_assert(CONFIG_WORD == LSM_RESERVE_AUTOMATIC, "auto is the engine's automatic");

#define KIB(n) ((n)*UINT64_C(1024))
#define MIB(n) (KIB(n) * 1024)
#define GIB(n) (MIB(n) * 1024)

#define BATCH_MAX (GIB(1) + MIB(1)) /* the engine knows no larger batch */

/* In the order of enum lsm_sync_mode. */
static const char *const sync_modes[] = {"always", "batch", "interval", "manual", NULL};

/* In the order of enum lsm_compression. */
static const char *const compressions[] = {"none", "lz4", NULL};

/* In the order of enum lsm_strategy. */
static const char *const strategies[] = {"leveled", "tiered", "lazy_leveling", NULL};

/* In the order of enum lsm_recovery. */
static const char *const recoveries[] = {"whole", "tail", "prefix", NULL};

/* For a size that the engine chooses. */
static const char *const automatic[] = {"auto", NULL};

/* The last word of each row. */
enum {
	FIXED = 0, /* from start to end */
	LIVE = 1,  /* lsm_set_options takes it */
};

#define BOOL(section, name, fallback, help, live)                                                  \
	{                                                                                          \
		section, name, CONFIG_BOOL, 0, 0, NULL, fallback, "", help, live                   \
	}
#define UINT(section, name, minimum, maximum, fallback, unit, help, live)                          \
	{                                                                                          \
		section, name, CONFIG_UINT, minimum, maximum, NULL, fallback, unit, help, live     \
	}
#define SIZE(section, name, minimum, maximum, fallback, help, live)                                \
	{                                                                                          \
		section, name, CONFIG_SIZE, minimum, maximum, NULL, fallback, "bytes", help, live  \
	}
#define CHOICE(section, name, choices, fallback, help, live)                                       \
	{                                                                                          \
		section, name, CONFIG_CHOICE, 0, 0, choices, fallback, "", help, live              \
	}
#define BYTE(section, name, fallback, help, live)                                                  \
	{                                                                                          \
		section, name, CONFIG_BYTE, 0, 0, NULL, fallback, "", help, live                   \
	}

const struct config_option engine_options[] = {
	{"", "profile", CONFIG_CHOICE, 0, 0, profile_names, "balanced", "",
	 "Values that go well together, for options that nothing else names.", FIXED},

	{"store", "data_dir", CONFIG_TEXT, 0, 0, NULL, "", "",
	 "The store's folder, where the command line names none (apexfs only).", FIXED},
	BOOL("store", "create", "on", "Make the store when its folder is absent or empty.", FIXED),
	BOOL("store", "read_only", "off",
	     "Open without the lock and change no file; the store is seen as it is at that "
	     "moment.",
	     FIXED),
	{"store", "reserve", CONFIG_SIZE, 0, GIB(1024), automatic, "auto", "bytes",
	 "Disk space kept for deletes on a full disk; auto: max_size + 1m, at most 1/16 of the "
	 "disk.",
	 FIXED},
	BYTE("store", "separator", "/",
	     "The byte that splits keys into folders and names. The store keeps the first one "
	     "said.",
	     FIXED),
	BOOL("store", "change_separator", "off",
	     "Take another separator than the store has: keys stay, and show at other paths.",
	     FIXED),
	SIZE("store", "max_value_size", KIB(4), LSM_VALUE_MAX, "64g",
	     "A value, and so a file, may be this large; a write beyond it fails with EFBIG.",
	     LIVE),
	UINT("store", "max_key_size", 1, LSM_KEY_MAX, "65535", "bytes",
	     "A key may be this long; making a longer one fails with ENAMETOOLONG.", LIVE),
	BOOL("store", "verify_on_open", "off",
	     "Check every byte before the store is opened; damage anywhere refuses it.", FIXED),

	SIZE("memtable", "max_size", KIB(4), GIB(4), "32m",
	     "A memtable of this size is written out as a table.", LIVE),
	UINT("memtable", "max_full", 1, 15, "2", "",
	     "So many full memtables may wait to be written out before writers wait.", LIVE),
	SIZE("memtable", "pool_size", 0, GIB(64), "0",
	     "Memory of memtables that were written out is kept for the next ones, up to this.",
	     FIXED),

	CHOICE("wal", "sync_mode", sync_modes, "interval",
	       "When the log goes to the disk: before each write returns, in batches, every "
	       "interval, on request.",
	       LIVE),
	UINT("wal", "sync_interval_ms", 1, 3600000, "1000", "ms",
	     "The time between two syncs with sync_mode = interval.", LIVE),
	UINT("wal", "batch_records", 1, UINT32_MAX, "1000", "records",
	     "With sync_mode = batch: sync after so many records.", LIVE),
	UINT("wal", "batch_delay_us", 1, 3600000000, "10000", "us",
	     "With sync_mode = batch: sync at the latest so long after a write.", LIVE),
	SIZE("wal", "buffer_size", KIB(4), MIB(16), "256k",
	     "When the store is opened its log is read in pieces of this size.", FIXED),
	SIZE("wal", "max_record_size", KIB(132), BATCH_MAX, "1025m",
	     "A batch may be this large in the log; at least large_value_threshold and 129k.",
	     LIVE),
	{"wal", "segment_size", CONFIG_SIZE, KIB(16), GIB(64), automatic, "auto", "bytes",
	 "A log of this size ends, and its memtable is written out; auto: the memtable alone says.",
	 LIVE},
	CHOICE("wal", "recovery", recoveries, "tail",
	       "At open: refuse a torn end of the log (whole), cut it (tail), cut at damage too "
	       "(prefix).",
	       FIXED),

	SIZE("sstable", "block_size", 256, MIB(4), "4k",
	     "A table's data is read and checked in blocks of about this size.", LIVE),
	UINT("sstable", "index_interval", 0, 65536, "0", "records",
	     "So many records at most have one entry in a table's index; 0: as many as fit a "
	     "block.",
	     LIVE),
	UINT("sstable", "restart_interval", 1, 1024, "16", "records",
	     "Every so many records a block holds a whole key to begin a search at.", LIVE),
	CHOICE("sstable", "compression", compressions, "lz4", "How blocks are compressed.", LIVE),
	UINT("sstable", "min_saving_pct", 0, 99, "12", "%",
	     "A block that compression shrinks by less is stored as it is.", LIVE),
	SIZE("sstable", "value_inline_max", 0, MIB(1), "1k",
	     "Longer values have blocks of their own, so that listings do not read them.", LIVE),
	SIZE("sstable", "target_file_size", KIB(4), GIB(16), "16m",
	     "Compaction begins a new table at this size.", LIVE),
	BOOL("sstable", "verify_reads", "on",
	     "Check the checksum of what is read; off, damage may be served. Compaction checks "
	     "always.",
	     LIVE),

	SIZE("blob", "large_value_threshold", KIB(1), MIB(16), "64k",
	     "Longer values are kept in blob files and not rewritten when a part of them "
	     "changes.",
	     LIVE),
	SIZE("blob", "chunk_size", KIB(4), MIB(16), "256k",
	     "A large value is cut into chunks of this size; each is compressed and checked by "
	     "itself.",
	     FIXED),
	UINT("blob", "blob_gc_ratio", 0, 90, "50", "%",
	     "A blob file of which less than this is still in use is emptied by compaction; 0: "
	     "never.",
	     LIVE),
	SIZE("blob", "file_size", KIB(64), GIB(16), "64m", "A new blob file is begun at this size.",
	     FIXED),

	BOOL("bloom", "enable", "on", "Tables get filters, which spare reads of absent keys.",
	     LIVE),
	{"bloom", "false_positive_rate", CONFIG_RATE, 100, 500000, NULL, "0.01", "",
	 "So often, about, a filter lets a read of an absent key through. Less costs memory.",
	 LIVE},

	SIZE("cache", "block_cache_size", 0, GIB(1024), "64m",
	     "Memory for blocks read from tables, uncompressed.", LIVE),
	UINT("cache", "shards", 1, 1024, "16", "",
	     "Parts of the cache that threads can use side by side.", FIXED),
	UINT("cache", "max_open_files", 1, 1000000, "512", "files", "So many tables are kept open.",
	     FIXED),

	CHOICE("compaction", "strategy", strategies, "leveled",
	       "How tables are merged: leveled favours reads and space, tiered writes; "
	       "lazy_leveling is between.",
	       LIVE),
	UINT("compaction", "runs_max", 2, 16, "4", "runs",
	     "With tiered and lazy_leveling: so many sorted runs pile up on a level before they "
	     "are merged.",
	     LIVE),
	UINT("compaction", "garbage_ratio", 1, 100, "3", "",
	     "With tiered: the last level is merged when its newer runs are so many times its "
	     "oldest.",
	     LIVE),
	UINT("compaction", "max_levels", 2, LSM_LEVELS, "7", "levels",
	     "Tables are put on so many levels, level 0 too; deeper ones that are in use stay so.",
	     LIVE),
	UINT("compaction", "threads", 0, 16, "1", "",
	     "Background threads that compact; 0 for none, then only on request.", FIXED),
	{"compaction", "rate_limit", CONFIG_SIZE, 0, GIB(1024), NULL, "0", "bytes/s",
	 "Compactions together write no faster; 0: as fast as they can.", LIVE},
	UINT("compaction", "l0_threshold", 1, 1000, "4", "tables",
	     "So many tables on level 0 start a compaction.", LIVE),
	UINT("compaction", "l0_slowdown", 1, 10000, "12", "tables",
	     "From so many tables on level 0 on, writes are slowed down; at least l0_threshold.",
	     LIVE),
	UINT("compaction", "l0_stop", 1, 10000, "20", "tables",
	     "From so many tables on level 0 on, writes wait; at least l0_slowdown.", LIVE),
	UINT("compaction", "size_ratio", 2, 100, "10", "",
	     "Each level may be so many times as large as the one above it.", LIVE),
	SIZE("compaction", "base_level_size", KIB(4), GIB(1024), "64m",
	     "Level 1 may be this large.", LIVE),

	SIZE("io", "read_ahead_size", KIB(4), MIB(16), "256k",
	     "Compaction and verify read tables in pieces of this size.", FIXED),
	BOOL("io", "mmap", "off",
	     "Read tables through mappings of their files. What is read is checked as ever.",
	     FIXED),
	BOOL("io", "direct_io", "off",
	     "Flush and compaction write tables past the page cache (O_DIRECT), if the disk lets "
	     "them.",
	     FIXED),
	UINT("io", "threads", 1, 2, "2", "threads", "So many write one large value side by side.",
	     FIXED),
};

const size_t engine_options_count = array_size(engine_options);

static const struct config_relation relations[] = {
	{"compaction", "l0_slowdown", "compaction", "l0_threshold", 0},
	{"compaction", "l0_stop", "compaction", "l0_slowdown", 0},
	{"wal", "max_record_size", "blob", "large_value_threshold", LSM_RECORD_OVERHEAD_MAX},
};

int engine_options_check(const struct config *c)
{
	return config_check_relations(c, relations, array_size(relations));
}

/* The ranges of the table, or the type of the field, make it fit. */
static unsigned small(const struct config *c, const char *section, const char *name)
{
	return (unsigned)config_number(c, section, name);
}

/* With a word for `word`. */
static uint64_t number_or(const struct config *c, const char *section, const char *name,
			  uint64_t word)
{
	uint64_t number = config_number(c, section, name);

	return number == CONFIG_WORD ? word : number;
}

/* B. H. Bloom, 1970: with the best number of probes each bit a key leaves (1/2)^ln2 of the rate. */
unsigned engine_options_bloom_bits(unsigned millionths)
{
	double rate = 1;
	unsigned bits = 0;

	while (rate * CONFIG_RATE_ONE > millionths) {
		rate *= 0.6185;
		bits++;
	}
	return bits;
}

static void apply_io(const struct config *c, struct lsm_options *o)
{
	o->read_ahead_bytes = small(c, "io", "read_ahead_size");
	o->map_tables = config_bool(c, "io", "mmap");
	o->direct_tables = config_bool(c, "io", "direct_io");
	o->io_threads = small(c, "io", "threads");
}

static void apply_log(const struct config *c, struct lsm_options *o)
{
	o->memtable_bytes = config_number(c, "memtable", "max_size");
	o->memtables_max = small(c, "memtable", "max_full");
	o->memtable_pool_bytes = config_number(c, "memtable", "pool_size");
	o->log_read_bytes = small(c, "wal", "buffer_size");
	o->log_record_max = config_number(c, "wal", "max_record_size");
	o->log_segment_bytes = number_or(c, "wal", "segment_size", 0);
	o->recovery = (enum lsm_recovery)config_number(c, "wal", "recovery");
	o->sync_mode = (enum lsm_sync_mode)config_number(c, "wal", "sync_mode");
	o->sync_interval_ms = small(c, "wal", "sync_interval_ms");
	o->sync_batch_records = small(c, "wal", "batch_records");
	o->sync_batch_delay_us = small(c, "wal", "batch_delay_us");
}

static void apply_tables(const struct config *c, struct lsm_options *o)
{
	o->block_bytes = small(c, "sstable", "block_size");
	o->index_interval = small(c, "sstable", "index_interval");
	o->restart_interval = small(c, "sstable", "restart_interval");
	o->compression = (enum lsm_compression)config_number(c, "sstable", "compression");
	o->min_saving_pct = small(c, "sstable", "min_saving_pct");
	o->value_inline_max = small(c, "sstable", "value_inline_max");
	o->target_file_bytes = config_number(c, "sstable", "target_file_size");
	o->verify_reads = config_bool(c, "sstable", "verify_reads");
	o->bloom_bits_per_key =
		config_bool(c, "bloom", "enable")
			? engine_options_bloom_bits(small(c, "bloom", "false_positive_rate"))
			: 0;
	o->cache_bytes = config_number(c, "cache", "block_cache_size");
	o->cache_shards = small(c, "cache", "shards");
	o->max_open_tables = small(c, "cache", "max_open_files");
}

static void apply_blobs(const struct config *c, struct lsm_options *o)
{
	o->large_value_threshold = small(c, "blob", "large_value_threshold");
	o->chunk_bytes = small(c, "blob", "chunk_size");
	o->blob_gc_pct = small(c, "blob", "blob_gc_ratio");
	o->blob_file_bytes = config_number(c, "blob", "file_size");
}

static void apply_compaction(const struct config *c, struct lsm_options *o)
{
	o->strategy = (enum lsm_strategy)config_number(c, "compaction", "strategy");
	o->runs_max = small(c, "compaction", "runs_max");
	o->garbage_ratio = small(c, "compaction", "garbage_ratio");
	o->max_levels = small(c, "compaction", "max_levels");
	o->compaction_rate = config_number(c, "compaction", "rate_limit");
	o->compaction_threads = small(c, "compaction", "threads");
	o->l0_threshold = small(c, "compaction", "l0_threshold");
	o->l0_slowdown = small(c, "compaction", "l0_slowdown");
	o->l0_stop = small(c, "compaction", "l0_stop");
	o->size_ratio = small(c, "compaction", "size_ratio");
	o->base_level_bytes = config_number(c, "compaction", "base_level_size");
}

void engine_options_apply(const struct config *c, struct lsm_options *ret_options)
{
	ret_options->create = config_bool(c, "store", "create");
	ret_options->read_only = config_bool(c, "store", "read_only");
	/* without a word the store's own */
	ret_options->filter_separator = config_source_of(c, "store", "separator") == CONFIG_DEFAULT
						? LSM_SEPARATOR_NOTED
						: (int)config_number(c, "store", "separator");
	ret_options->change_separator = config_bool(c, "store", "change_separator");
	ret_options->reserve_bytes = config_number(c, "store", "reserve"); /* CONFIG_WORD fits */
	ret_options->value_max = config_number(c, "store", "max_value_size");
	ret_options->key_max = small(c, "store", "max_key_size");
	ret_options->verify_on_open = config_bool(c, "store", "verify_on_open");
	apply_log(c, ret_options);
	apply_tables(c, ret_options);
	apply_blobs(c, ret_options);
	apply_compaction(c, ret_options);
	apply_io(c, ret_options);
}
