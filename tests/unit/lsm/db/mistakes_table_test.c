/*
 * Mistakes that other engines were found to make with what they keep in tables and read back: that
 * they cannot happen here. In the order in which FEATURES lists them; the rest of the list is in
 * mistakes_log_test.c and, for settings, in lsm/config/config_test.c:
 *
 *	deleted keys return                             a_deleted_key_never_returns
 *	a value larger than a block fails the flush     a_value_larger_than_a_block_is_flushed
 *	lengths cut to 16 bits                          no_length_is_cut_to_16_bits
 *	compaction inputs never deleted                 compaction_leaves_no_input_behind
 *	concurrent reads share a file offset            concurrent_reads_share_no_file_offset
 *	a filter sized for 1000 keys                    a_filter_is_sized_for_its_table
 *	bit rot served                                  bit_rot_is_never_served
 *	a damaged table skipped in silence              a_damaged_table_is_never_skipped
 *	versions ordered by wall clock                  a_clock_set_back_orders_nothing
 *	a read past the last key parses the index       a_read_past_the_last_key_ends
 *	the store copied into memory for a search       a_search_reads_only_where_it_looks
 */
#include "tests/support/scratch.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	READERS = 4,
	READS = 4000,
	KEYS = 1000,
};

static void compact(struct lsm *db)
{
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
}

/* Each step moves versions and tombstones further down. */
START_TEST(a_deleted_key_never_returns)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_snapshot *before;

	db_put(db, "gone", "old");
	ck_assert_int_eq(db_fill(db, 0, 300, 100), 0);
	compact(db);
	db_put(db, "gone", "newer");
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_snapshot_new(db, &before), 0);
	db_delete(db, "gone");
	ck_assert(db_has(db, "gone", NULL));
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert(db_has(db, "gone", NULL));
	compact(db);
	ck_assert(db_has(db, "gone", NULL));
	lsm_snapshot_release(db, before);
	/* without the snapshot the tombstone meets nothing older and may go itself */
	ck_assert_int_eq(db_fill(db, 0, 300, 100), 0);
	compact(db);
	ck_assert(db_has(db, "gone", NULL));
	db_close(db);
	db = db_open_small(env);
	ck_assert(db_has(db, "gone", NULL));
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("gone"), NULL), -ENOENT);
	db_close(db);
	env_free(env);
}
END_TEST

/* A tombstone that is compacted before the levels below it were reached hides them still. */
START_TEST(a_deleted_key_never_returns_from_a_deeper_level)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);
	db_put(db, "gone", "old");
	compact(db);
	compact(db);
	for (unsigned round = 0; round < 3; round++) {
		db_delete(db, "gone");
		ck_assert_int_eq(lsm_flush(db), 0);
		ck_assert_int_eq(lsm_compact(db, slice_str("a"), slice_str("b")), 0);
		ck_assert(db_has(db, "gone", NULL));
	}
	options.compaction_threads = 2;
	options.l0_threshold = 1;
	db_close(db);
	db = db_open_with(&options);
	for (unsigned round = 0; round < 20; round++) {
		ck_assert_int_eq(db_fill(db, 0, 100, 100), 0);
		ck_assert(db_has(db, "gone", NULL));
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_value_larger_than_a_block_is_flushed)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.block_bytes = 256;
	struct lsm *db = db_open_with(&options);
	ck_assert_int_eq(db_fill(db, 0, 1, 257), 0);
	ck_assert_int_eq(db_fill(db, 1, 2, 300000), 0);
	ck_assert_int_eq(db_fill(db, 2, 3, 10), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	compact(db);
	ck_assert_uint_eq(db_stats(db).table_records, 3);
	for (unsigned n = 0; n < 3; n++) {
		const size_t bytes[] = {257, 300000, 10};
		char key[DB_TEXT_MAX];
		struct lsm_record record;

		ck_assert_int_eq(lsm_get(db, slice_str(db_key(key, n)), NULL, &record), 0);
		ck_assert_uint_eq(record.value.len, bytes[n]);
		lsm_record_release(&record);
	}
	db_close(db);
	env_free(env);
}
END_TEST

/* A key, meta and value of these lengths, each of its own byte. */
static void check_lengths(struct lsm *db, const uint8_t *bytes, size_t key_len, size_t meta_len,
			  size_t value_len)
{
	struct lsm_record record;

	ck_assert_int_eq(lsm_get(db, slice_of(bytes, key_len), NULL, &record), 0);
	ck_assert(slice_eq(record.meta, slice_of(bytes + 1, meta_len)));
	ck_assert(slice_eq(record.value, slice_of(bytes + 2, value_len)));
	ck_assert(record.value_len == value_len);
	lsm_record_release(&record);
}

START_TEST(no_length_is_cut_to_16_bits)
{
	const size_t value_lens[] = {65535, 65536, 65537, 200000};
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	uint8_t *bytes = malloc(200002);

	for (size_t i = 0; i < 200002; i++)
		bytes[i] = (uint8_t)(i * 2654435761U >> 24);
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < array_size(value_lens); i++) {
			const struct lsm_write_options options = {
				.meta = slice_of(bytes + 1, LSM_META_MAX)};
			size_t key_len = LSM_KEY_MAX - i;

			if (round == 0)
				ck_assert_int_eq(lsm_put(db, slice_of(bytes, key_len),
							 slice_of(bytes + 2, value_lens[i]),
							 &options),
						 0);
			check_lengths(db, bytes, key_len, LSM_META_MAX, value_lens[i]);
		}
		if (round < 2) { /* from the log, then from the table */
			db_close(db);
			db = db_open_small(env);
		}
		compact(db);
	}
	free(bytes);
	db_close(db);
	env_free(env);
}
END_TEST

/* What a background thread is just letting go of goes when it has. */
static void wait_for_removals(struct env *env, struct lsm *db)
{
	uint64_t start = clock_mono_ns();

	while (db_find(env, ".sst").count != db_stats(db).table_files)
		if (clock_mono_ns() - start > UINT64_C(10000000000))
			ck_abort_msg("%u tables in the folder, %llu in the store",
				     db_find(env, ".sst").count,
				     (unsigned long long)db_stats(db).table_files);
}

START_TEST(compaction_leaves_no_input_behind)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	for (unsigned round = 0; round < 10; round++)
		ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
	compact(db);
	ck_assert_uint_eq(db_stats(db).table_records, 200);
	wait_for_removals(env, db);
	/* what an iterator still reads goes when it is done */
	struct lsm_iter *it;

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
	compact(db);
	ck_assert(lsm_iter_valid(it));
	ck_assert_uint_gt(db_find(env, ".sst").count, db_stats(db).table_files);
	lsm_iter_free(it);
	db_close(db);
	db = db_open_small(env);
	ck_assert_uint_eq(db_find(env, ".sst").count, db_stats(db).table_files);
	db_close(db);
	env_free(env);
}
END_TEST

struct reader {
	struct lsm *db;
	struct thread thread;
	unsigned seed;
};

static void read_scattered(void *arg)
{
	struct reader *r = arg;
	uint32_t x = r->seed;

	for (unsigned i = 0; i < READS; i++) {
		char text[DB_TEXT_MAX];
		struct lsm_record record;

		x = x * 1664525U + 1013904223U;
		const char *key = db_key(text, (x >> 8) % KEYS);

		ck_assert(lsm_get(r->db, slice_str(key), NULL, &record) == 0);
		ck_assert(slice_eq(record.value, slice_str(key)));
		lsm_record_release(&record);
	}
}

/* Without a cache each get reads the kernel's file. */
START_TEST(concurrent_reads_share_no_file_offset)
{
	struct lsm_options options = db_small_options(NULL);
	struct reader readers[READERS] = {{0}};
	char *folder, text[DB_TEXT_MAX];
	struct lsm *db;

	options.cache_bytes = 0;
	ck_assert_int_eq(scratch_make("apexfs-mistakes", &folder), 0);
	ck_assert_int_eq(lsm_open(folder, &options, &db), 0);
	for (unsigned n = 0; n < KEYS; n++)
		db_put(db, db_key(text, n), text);
	compact(db);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.db = db, .seed = i};
		ck_assert_int_eq(
			thread_start(&readers[i].thread, "reader", read_scattered, &readers[i]), 0);
	}
	for (unsigned i = 0; i < READERS; i++)
		thread_join(&readers[i].thread);
	ck_assert_uint_ge(db_stats(db).blocks_read, READERS * READS);
	db_close(db);
	ck_assert_int_eq(scratch_remove(folder), 0);
	free(folder);
}
END_TEST

START_TEST(a_filter_is_sized_for_its_table)
{
	const unsigned keys = 50000;
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	char text[DB_TEXT_MAX];

	options.memtable_bytes = 64 << 20;
	options.target_file_bytes = 64 << 20;
	struct lsm *db = db_open_with(&options);
	for (unsigned n = 0; n < keys; n++)
		db_put(db, db_key(text, 2 * n), "v");
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_uint_eq(db_stats(db).table_files, 1);
	for (unsigned n = 0; n < keys - 1; n++)
		ck_assert(db_has(db, db_key(text, 2 * n + 1), NULL));
	struct lsm_stats stats = db_stats(db);

	ck_assert_uint_ge(stats.filter_checks, keys - 1);
	/* ten bits a key let one in a hundred pass */
	ck_assert_uint_le(stats.filter_false_positives, keys / 33);
	ck_assert_uint_le(stats.blocks_read, keys / 33);
	db_close(db);
	env_free(env);
}
END_TEST

/* Every key has its own value or none; how many cannot be read. */
static unsigned count_unreadable(struct lsm *db, unsigned keys)
{
	unsigned unreadable = 0;

	for (unsigned n = 0; n < keys; n++) {
		char text[DB_TEXT_MAX];
		struct lsm_record record;
		int err = lsm_get(db, slice_str(db_key(text, n)), NULL, &record);

		if (err) {
			ck_assert(err == -EBADMSG || err == -EUCLEAN);
			ck_assert(strstr(lsm_error_text(), ".sst"));
			unreadable++;
			continue;
		}
		ck_assert(slice_eq(record.value, slice_str(text)));
		lsm_record_release(&record);
	}
	return unreadable;
}

/* Each byte of a table turned over: what cannot be read is said to be damaged. */
START_TEST(bit_rot_is_never_served)
{
	enum {
		FEW = 40
	};
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	char text[DB_TEXT_MAX];

	options.cache_bytes = 0;
	struct lsm *db = db_open_with(&options);
	for (unsigned n = 0; n < FEW; n++)
		db_put(db, db_key(text, n), text);
	compact(db);
	db_close(db);
	struct db_found_name table = db_find(env, ".sst");
	struct slice bytes;

	ck_assert_uint_eq(table.count, 1);
	ck_assert_int_eq(env_mem_file(env, DB_DIR, table.name, &bytes), 0);
	unsigned damaged = 0;
	for (size_t at = 0; at < bytes.len; at++) {
		options.env = env_mem_clone(env);
		db_damage(options.env, table.name, (int64_t)at);
		db = db_open_with(&options);
		damaged += count_unreadable(db, FEW) > 0;
		db_close(db);
		env_free(options.env);
	}
	/* a filter's or property's damage may concern no get, but the blocks are most of it */
	ck_assert_uint_gt(damaged, bytes.len / 2);
	env_free(env);
}
END_TEST

START_TEST(a_damaged_table_is_never_skipped)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);
	db_put(db, "a", "first");
	ck_assert_int_eq(lsm_flush(db), 0);
	char older[ENV_NAME_MAX + 1];

	(void)strcpy(older, db_find(env, ".sst").name);
	db_put(db, "b", "second");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);

	/* its footer, its first block: it names the only version of a key */
	const int64_t places[] = {-1, 10};

	for (size_t i = 0; i < array_size(places); i++) {
		struct lsm_record record;
		struct lsm_iter *it;

		options.env = env_mem_clone(env);
		db_damage(options.env, older, places[i]);
		db = db_open_with(&options);
		int err = lsm_get(db, slice_str("a"), NULL, &record);

		ck_assert(err == -EBADMSG || err == -EUCLEAN);
		err = lsm_iter_new(db, NULL, &it);
		if (!err) {
			lsm_iter_first(it);
			while (lsm_iter_valid(it))
				lsm_iter_next(it);
			err = lsm_iter_status(it);
			lsm_iter_free(it);
		}
		ck_assert(err == -EBADMSG || err == -EUCLEAN);
		ck_assert_int_lt(lsm_compact(db, slice_str(""), slice_str("")), 0);
		db_close(db);
		/* nor is one that is not there at all */
		ck_assert_int_eq(env_mem_remove_file(options.env, DB_DIR, older), 0);
		db_expect_no_open(&options, -EUCLEAN, older);
		env_free(options.env);
	}
	env_free(env);
}
END_TEST

START_TEST(a_clock_set_back_orders_nothing)
{
	struct env *env = env_mem_new();
	struct lsm *db;

	env_mem_set_clock(env, UINT64_C(2000000000000000000));
	db = db_open_small(env);
	db_put(db, "k", "first");
	db_put(db, "deleted", "x");
	ck_assert_int_eq(lsm_flush(db), 0);
	env_mem_set_clock(env, UINT64_C(1000000000000000000));
	db_put(db, "k", "second");
	db_delete(db, "deleted");
	for (int round = 0; round < 3; round++) {
		ck_assert(db_has(db, "k", "second"));
		ck_assert(db_has(db, "deleted", NULL));
		if (round == 0) {
			db_close(db);
			db = db_open_small(env);
		} else {
			compact(db);
		}
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_read_past_the_last_key_ends)
{
	for (unsigned keys = 0; keys < 130; keys += 3) {
		struct env *env = env_mem_new();
		struct lsm *db = db_open_small(env);
		struct lsm_iter *it;
		unsigned met = 0;

		ck_assert_int_eq(db_fill(db, 0, keys, 30), 0);
		compact(db);
		ck_assert(db_has(db, "z", NULL));
		ck_assert(db_has(db, "\xff\xff\xff", NULL));
		ck_assert_int_eq(lsm_prefix_exists(db, slice_str("z"), NULL), -ENOENT);
		ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
		for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
			met++;
		ck_assert_int_eq(lsm_iter_status(it), 0);
		ck_assert_uint_eq(met, keys);
		lsm_iter_seek(it, slice_str("z"));
		ck_assert(!lsm_iter_valid(it));
		ck_assert_int_eq(lsm_iter_status(it), 0);
		lsm_iter_seek_back(it, slice_str("z"));
		ck_assert_int_eq(lsm_iter_valid(it), keys > 0);
		lsm_iter_free(it);
		db_close(db);
		env_free(env);
	}
}
END_TEST

START_TEST(a_search_reads_only_where_it_looks)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	const struct lsm_read_options search = {.prefix = slice_str("key0123")};
	struct lsm_iter *it;
	unsigned met = 0;

	options.cache_bytes = 16 << 10;
	struct lsm *db = db_open_with(&options);
	ck_assert_int_eq(db_fill(db, 0, 20000, 100), 0);
	compact(db);
	uint64_t blocks = db_stats(db).blocks_read;

	ck_assert_int_eq(lsm_iter_new(db, &search, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		met++;
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
	ck_assert_uint_eq(met, 100);
	/* four records a block; in all there are 5000 */
	ck_assert_uint_le(db_stats(db).blocks_read - blocks, 60);
	/* and one that reads everything keeps no more than the cache may */
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		ck_assert(db_stats(db).cache_bytes <= options.cache_bytes);
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_deleted_key_never_returns,
	&a_deleted_key_never_returns_from_a_deeper_level,
	&a_value_larger_than_a_block_is_flushed,
	&no_length_is_cut_to_16_bits,
	&compaction_leaves_no_input_behind,
	&concurrent_reads_share_no_file_offset,
	&a_filter_is_sized_for_its_table,
	&bit_rot_is_never_served,
	&a_damaged_table_is_never_skipped,
	&a_clock_set_back_orders_nothing,
	&a_read_past_the_last_key_ends,
	&a_search_reads_only_where_it_looks,
};

UNIT_SUITE("lsm/db/mistakes_table", tests)
