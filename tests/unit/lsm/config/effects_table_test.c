/* What options of tables, large values, filters and caches do (effects.h). */
#include "tests/unit/lsm/config/effects_fixture.h"

/* A store with 200 keys in one table, and what it takes to read them. */
struct made {
	uint64_t table_bytes;
	uint64_t blocks; /* read by a get of each key, without a cache */
};

static struct made make(const char *settings, void (*fill)(struct lsm *db))
{
	char all[400];
	struct env *env = env_mem_new();

	(void)snprintf(all, sizeof(all), "cache.block_cache_size=0 memtable.max_size=8m %s",
		       settings);
	struct lsm *db = effects_open(env, all);

	fill(db);
	effects_flush(db);
	ck_assert_uint_eq(db_stats(db).table_files, 1);
	effects_read(db, 1); /* which opens the table */
	uint64_t before = db_stats(db).blocks_read;
	struct lsm_iter *it;

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		;
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
	struct made made = {.table_bytes = db_stats(db).table_bytes,
			    .blocks = db_stats(db).blocks_read - before};

	db_close(db);
	env_free(env);
	return made;
}

static void fill_random(struct lsm *db)
{
	ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
}

static void fill_zeros(struct lsm *db)
{
	effects_fill_zeros(db, 200, 500);
}

START_TEST(block_size_makes_more_or_fewer_blocks)
{
	uint64_t small = make("sstable.block_size=512", fill_random).blocks;
	uint64_t large = make("sstable.block_size=8k", fill_random).blocks;

	ck_assert_uint_ge(small, 200 / 5);
	ck_assert_uint_le(large, 4);
}
END_TEST

START_TEST(index_interval_bounds_a_block_s_records)
{
	ck_assert_uint_eq(make("sstable.index_interval=1", fill_random).blocks, 200);
	ck_assert_uint_eq(make("sstable.index_interval=10", fill_random).blocks, 20);
	ck_assert_uint_lt(make("sstable.index_interval=0", fill_random).blocks, 10);
}
END_TEST

START_TEST(restart_interval_costs_whole_keys)
{
	uint64_t often = make("sstable.restart_interval=1 sstable.compression=none", fill_random)
				 .table_bytes;
	uint64_t seldom = make("sstable.restart_interval=64 sstable.compression=none", fill_random)
				  .table_bytes;

	ck_assert_uint_gt(often, seldom + 200 * 4);
}
END_TEST

START_TEST(compression_shrinks_tables)
{
	uint64_t none = make("sstable.compression=none", fill_zeros).table_bytes;
	uint64_t lz4 = make("sstable.compression=lz4", fill_zeros).table_bytes;

	ck_assert_uint_gt(none, 200 * 500);
	ck_assert_uint_lt(lz4, none / 5);
}
END_TEST

/* Half zeros, half noise: LZ4 saves about half. */
static void fill_half(struct lsm *db)
{
	uint8_t value[400] = {0};
	char text[DB_TEXT_MAX];
	uint32_t x = 1;

	for (unsigned n = 0; n < 200; n++) {
		for (size_t i = 0; i < sizeof(value) / 2; i++) {
			x = x * 1664525U + 1013904223U;
			value[i] = (uint8_t)(x >> 24);
		}
		ck_assert(lsm_put(db, slice_str(db_key(text, n)), slice_of(value, sizeof(value)),
				  NULL) == 0);
	}
}

START_TEST(min_saving_pct_leaves_blocks_as_they_are)
{
	uint64_t packed = make("sstable.min_saving_pct=20", fill_half).table_bytes;
	uint64_t plain = make("sstable.min_saving_pct=80", fill_half).table_bytes;

	ck_assert_uint_lt(packed, plain * 3 / 4);
}
END_TEST

START_TEST(value_inline_max_gives_values_blocks_of_their_own)
{
	/* values are not read by the scan: without them there are few blocks */
	uint64_t apart =
		make("sstable.value_inline_max=99 sstable.block_size=512", fill_random).blocks;
	uint64_t inside =
		make("sstable.value_inline_max=100 sstable.block_size=512", fill_random).blocks;

	ck_assert_uint_lt(apart, inside / 2);
}
END_TEST

static uint64_t tables_with(const char *settings)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	ck_assert_int_eq(db_fill(db, 0, 200, 1000), 0);
	effects_compact(db);
	uint64_t tables = db_stats(db).table_files;

	db_close(db);
	env_free(env);
	return tables;
}

START_TEST(target_file_size_begins_new_tables)
{
	ck_assert_uint_eq(tables_with("compaction.l0_threshold=2 sstable.target_file_size=1m"), 1);
	ck_assert_uint_ge(tables_with("compaction.l0_threshold=2 sstable.target_file_size=20k "
				      "memtable.max_size=64k"),
			  5);
}
END_TEST

static uint64_t checksums(struct lsm *db)
{
	return atomic_load(&tree_table_counters(db->tree)->checksums);
}

static uint64_t chunk_checksums(struct lsm *db)
{
	struct blob_stats s;

	blob_store_stats(tree_blobs(db->tree), &s);
	return s.checksums;
}

#define RAW "sstable.compression=none cache.block_cache_size=0 blob.large_value_threshold=4k "

/* One small and one large value, each on the disk. */
static struct env *store_of_two(void)
{
	static uint8_t large[8000];
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, RAW);

	memset(large, 'x', sizeof(large));
	ck_assert_int_eq(lsm_put(db, slice_str("large"), slice_of(large, sizeof(large)), NULL), 0);
	db_put(db, "small", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	effects_flush(db);
	db_close(db);
	return env;
}

static int read_of(struct lsm *db, const char *key)
{
	struct lsm_record record;
	int err = lsm_get(db, slice_str(key), NULL, &record);

	if (!err)
		lsm_record_release(&record);
	return err;
}

/* A byte of the value is another one in its file. */
static void damage_values(struct env *env)
{
	const char *table = db_find(env, ".sst").name;
	struct slice bytes;

	ck_assert_int_eq(env_mem_file(env, DB_DIR, table, &bytes), 0);
	const uint8_t *at = memmem(bytes.ptr, bytes.len, "aaaaaaaa", 8);

	ck_assert_ptr_nonnull(at);
	db_damage(env, table, at - bytes.ptr);
	db_damage(env, db_find(env, ".blob").name, 4000);
}

START_TEST(verify_reads_checks_what_is_read)
{
	struct env *env = store_of_two();
	struct lsm *db = effects_open(env, RAW "sstable.verify_reads=on");
	uint64_t blocks = checksums(db), chunks = chunk_checksums(db);

	/* opening the table has its blocks checked in any case */
	ck_assert_int_eq(read_of(db, "small"), 0);
	blocks = checksums(db);
	ck_assert_int_eq(read_of(db, "small"), 0);
	ck_assert_uint_eq(checksums(db), blocks + 1);
	ck_assert_int_eq(read_of(db, "large"), 0);
	ck_assert_uint_eq(chunk_checksums(db), chunks + 1);
	db_close(db);

	damage_values(env);
	db = effects_open(env, RAW "sstable.verify_reads=on");
	ck_assert_int_eq(read_of(db, "small"), -EBADMSG);
	ck_assert_int_eq(read_of(db, "large"), -EBADMSG);
	db_close(db);

	db = effects_open(env, RAW "sstable.verify_reads=off");
	ck_assert_int_eq(read_of(db, "small"), 0);
	blocks = checksums(db);
	ck_assert_int_eq(read_of(db, "small"), 0);
	ck_assert_int_eq(read_of(db, "large"), 0);
	ck_assert_uint_eq(checksums(db), blocks);
	ck_assert_uint_eq(chunk_checksums(db), 0);
	/* but damage is found, and is not given a good checksum by being written anew */
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), -EBADMSG);
	db_put(db, "small", "a newer one, to be merged with");
	effects_flush(db);
	db_close(db);
	db = effects_open(env, RAW "sstable.verify_reads=off compaction.threads=0");
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), -EBADMSG);
	db_close(db);
	env_free(env);
}
END_TEST

static struct blob_stats blobs_with(const char *settings)
{
	static uint8_t value[200000];
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);
	struct blob_stats stats;
	uint32_t x = 7;

	for (size_t i = 0; i < sizeof(value); i++) {
		x = x * 1664525U + 1013904223U;
		value[i] = (uint8_t)(x >> 24);
	}
	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(value, sizeof(value)), NULL), 0);
	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(value, sizeof(value)), NULL), 0);
	blob_store_stats(tree_blobs(db->tree), &stats);
	db_close(db);
	env_free(env);
	return stats;
}

START_TEST(large_value_threshold_moves_values_to_blob_files)
{
	ck_assert_uint_eq(blobs_with("blob.large_value_threshold=256k").chunks_written, 0);
	ck_assert_uint_gt(blobs_with("blob.large_value_threshold=64k").chunks_written, 0);
}
END_TEST

START_TEST(chunk_size_cuts_values)
{
	ck_assert_uint_eq(blobs_with("blob.chunk_size=256k").chunks_written, 2);
	ck_assert_uint_eq(blobs_with("blob.chunk_size=16k").chunks_written, 2 * 13);
}
END_TEST

START_TEST(file_size_begins_new_blob_files)
{
	ck_assert_uint_eq(blobs_with("blob.file_size=1m").files, 1);
	ck_assert_uint_ge(blobs_with("blob.file_size=64k blob.chunk_size=16k").files, 4);
}
END_TEST

/* Of a file with two values one is overwritten; what compaction then moves of it. */
static uint64_t moved_with(const char *settings, bool wanted)
{
	static const char *const keys[] = {"dead", "alive"};
	static uint8_t value[20000];
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	memset(value, 'v', sizeof(value));
	for (unsigned i = 0; i < 2; i++) /* the first is the larger part of it */
		ck_assert_int_eq(lsm_put(db, slice_str(keys[i]),
					 slice_of(value, i ? 5000 : sizeof(value)), NULL),
				 0);
	effects_flush(db);
	db_close(db); /* so that the file is complete */
	db = effects_open(env, settings);
	db_put(db, "dead", "small");
	effects_compact(db);
	/* what nobody asked for comes by itself, if at all */
	while (wanted && db_stats(db).blob_moved_bytes == 0)
		sched_yield();
	uint64_t moved = db_stats(db).blob_moved_bytes;

	db_close(db);
	env_free(env);
	return moved;
}

#define FEW "blob.large_value_threshold=1k sstable.compression=none "

START_TEST(blob_gc_ratio_empties_files)
{
	ck_assert_uint_eq(moved_with(FEW "blob.blob_gc_ratio=0", false), 0);
	ck_assert_uint_eq(moved_with(FEW "blob.blob_gc_ratio=10", false), 0);
	ck_assert_uint_ge(moved_with(FEW "blob.blob_gc_ratio=50", true), 5000);
}
END_TEST

enum {
	ABSENT = 4000,
};

/* Of gets of absent keys, those that the filter let through; its checks in *ret_checks. */
static uint64_t let_through_with(const char *settings, uint64_t *ret_checks)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	ck_assert_int_eq(db_fill(db, 0, 2000, 10), 0);
	effects_flush(db);
	for (unsigned i = 0; i < ABSENT; i++) {
		char key[DB_TEXT_MAX];

		(void)snprintf(key, sizeof(key), "key%06u/", i % 1999);
		key[3 + 5] = (char)('a' + i % 26); /* within the table's range */
		(void)snprintf(key + 9, sizeof(key) - 9, "%u", i);
		ck_assert(db_has(db, key, NULL));
	}
	struct lsm_stats s = db_stats(db);

	*ret_checks = s.filter_checks;
	db_close(db);
	env_free(env);
	return s.filter_checks - s.filter_negatives;
}

START_TEST(enable_makes_filters)
{
	uint64_t checks;

	(void)let_through_with("bloom.enable=on", &checks);
	ck_assert_uint_ge(checks, ABSENT * 9 / 10);
	(void)let_through_with("bloom.enable=off", &checks);
	ck_assert_uint_eq(checks, 0);
}
END_TEST

START_TEST(false_positive_rate_is_about_the_rate)
{
	static const struct {
		const char *settings;
		double rate;
	} rows[] = {
		{"bloom.false_positive_rate=0.3", 0.3},
		{"bloom.false_positive_rate=0.1", 0.1},
		{"bloom.false_positive_rate=0.01", 0.01},
		{"bloom.false_positive_rate=0.001", 0.001},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		uint64_t checks;
		uint64_t through = let_through_with(rows[i].settings, &checks);
		double rate = (double)through / (double)checks;

		/* a filter of lines errs somewhat more often than Bloom's; bits are whole numbers
		 */
		ck_assert_msg(rate <= rows[i].rate * 1.6 + 0.002, "%s: %g", rows[i].settings, rate);
		ck_assert_msg(rate >= rows[i].rate / 3 - 0.002, "%s: %g", rows[i].settings, rate);
	}
	ck_assert_uint_eq(engine_options_bloom_bits(10000), 10); /* the engine's default */
}
END_TEST

/* Blocks that the second of two rounds of gets has to read. */
static uint64_t second_round_reads(const char *settings)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	ck_assert_int_eq(db_fill(db, 0, 100, 1000), 0);
	effects_flush(db);
	effects_read(db, 100);
	uint64_t before = db_stats(db).blocks_read;

	effects_read(db, 100);
	uint64_t reads = db_stats(db).blocks_read - before;

	db_close(db);
	env_free(env);
	return reads;
}

START_TEST(block_cache_size_spares_reads)
{
	ck_assert_uint_eq(second_round_reads("cache.block_cache_size=1m"), 0);
	ck_assert_uint_ge(second_round_reads("cache.block_cache_size=20k"), 20);
	ck_assert_uint_ge(second_round_reads("cache.block_cache_size=0"), 100 / 4);
}
END_TEST

START_TEST(shards_divide_the_cache)
{
	/* 200k hold all of it, if it is one; an eighth of a shard's part holds no block at all */
	ck_assert_uint_eq(second_round_reads("cache.block_cache_size=200k cache.shards=1"), 0);
	ck_assert_uint_ge(second_round_reads("cache.block_cache_size=200k cache.shards=128"), 20);
}
END_TEST

static uint64_t open_tables_with(const char *settings)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < 10; i++) {
		db_put(db, db_key(text, i), "x");
		effects_flush(db);
	}
	effects_read(db, 10);
	uint64_t open_tables = db_stats(db).open_tables;

	db_close(db);
	env_free(env);
	return open_tables;
}

START_TEST(max_open_files_closes_tables)
{
	ck_assert_uint_eq(open_tables_with("compaction.threads=0 cache.max_open_files=100"), 10);
	ck_assert_uint_le(open_tables_with("compaction.threads=0 cache.max_open_files=3 "
					   "compaction.l0_threshold=3 compaction.l0_slowdown=3 "
					   "compaction.l0_stop=3"),
			  3);
}
END_TEST

static const TTest *const *const tests[] = {EFFECTS_TABLE(EFFECTS_TEST)};

UNIT_SUITE("lsm/config/effects_table", tests)
