#include "tests/unit/lsm/db/db_fixture.h"

START_TEST(the_newest_layer_answers)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	db_put(db, "k", "deep");
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert(db_has(db, "k", "deep"));
	db_put(db, "k", "level 0");
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert(db_has(db, "k", "level 0"));
	db_delete(db, "k");
	ck_assert(db_has(db, "k", NULL));
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert(db_has(db, "k", NULL));
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert(db_has(db, "k", NULL));
	db_put(db, "k", "");
	ck_assert(db_has(db, "k", ""));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_stat_has_all_but_the_value)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	const struct lsm_write_options options = {.meta = slice_str("meta")};

	for (int flushed = 0; flushed < 2; flushed++) {
		struct lsm_record got, stat;

		ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_str("value"), &options), 0);
		if (flushed)
			ck_assert_int_eq(lsm_flush(db), 0);
		ck_assert_int_eq(lsm_get(db, slice_str("k"), NULL, &got), 0);
		ck_assert_int_eq(lsm_stat(db, slice_str("k"), NULL, &stat), 0);
		ck_assert_ptr_null(stat.value.ptr);
		ck_assert_uint_eq(stat.value_len, 5);
		ck_assert_uint_eq(stat.seqno, got.seqno);
		ck_assert_uint_eq(stat.time_ns, got.time_ns);
		ck_assert(slice_eq(stat.meta, slice_str("meta")));
		ck_assert(slice_eq(got.meta, slice_str("meta")));
		lsm_record_release(&got);
		lsm_record_release(&stat);
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_stat_of_a_large_value_does_not_read_it)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_record record;

	ck_assert_int_eq(db_fill(db, 0, 1, 1 << 20), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	uint64_t before = db_stats(db).block_bytes_read;
	ck_assert_int_eq(lsm_stat(db, slice_str("key000000"), NULL, &record), 0);
	lsm_record_release(&record);
	ck_assert_uint_lt(db_stats(db).block_bytes_read - before, 100000);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_failed_get_leaves_the_record_alone)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_record record = {.value_len = 77};

	db_put(db, "deleted", "x");
	db_delete(db, "deleted");
	ck_assert_int_eq(lsm_get(db, slice_str("absent"), NULL, &record), -ENOENT);
	ck_assert_int_eq(lsm_stat(db, slice_str("deleted"), NULL, &record), -ENOENT);
	ck_assert_uint_eq(record.value_len, 77);
	db_close(db);
	env_free(env);
}
END_TEST

/* Under the address sanitizer this is the proof. */
START_TEST(a_pinned_record_outlives_memtable_table_and_cache)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.cache_bytes = 0;
	struct lsm *db = db_open_with(&options);
	struct lsm_record records[2];

	for (int i = 0; i < 2; i++) {
		db_put(db, "k", "pinned");
		if (i)
			ck_assert_int_eq(lsm_flush(db), 0);
		ck_assert_int_eq(lsm_get(db, slice_str("k"), NULL, &records[i]), 0);
		db_put(db, "k", "other");
		ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert(slice_eq(records[i].value, slice_str("pinned")));
		lsm_record_release(&records[i]);
		lsm_record_release(&records[i]); /* a released one is empty */
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_record_is_located)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_place place = {.level = 77};
	unsigned levels = 0;

	ck_assert_int_eq(lsm_locate(db, slice_str("k"), NULL, &place), -ENOENT);
	ck_assert_uint_eq(place.level, 77);
	db_put(db, "k", "old");
	ck_assert_int_eq(lsm_locate(db, slice_str("k"), NULL, &place), 0);
	ck_assert(place.in_memory);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_locate(db, slice_str("k"), NULL, &place), 0);
	ck_assert(!place.in_memory);
	ck_assert_uint_eq(place.level, 0);
	ck_assert_uint_gt(place.table, 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(lsm_locate(db, slice_str("k"), NULL, &place), 0);
	for (unsigned i = 0; i < LSM_LEVELS; i++) {
		if (db_stats(db).levels[i].files > 0)
			levels = i;
	}
	ck_assert_uint_gt(levels, 0);
	ck_assert_uint_eq(place.level, levels);
	db_put(db, "k", "new");
	ck_assert_int_eq(lsm_locate(db, slice_str("k"), NULL, &place), 0);
	ck_assert(place.in_memory);
	db_delete(db, "k");
	ck_assert_int_eq(lsm_locate(db, slice_str("k"), NULL, &place), -ENOENT);
	db_close(db);
	env_free(env);
}
END_TEST

static uint64_t blocks_touched(const struct lsm_stats *s)
{
	return s->cache_hits + s->cache_misses + s->blocks_read;
}

/* Every table's index and filter come into memory. */
static void open_all_tables(struct lsm *db)
{
	struct lsm_iter *it;

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		;
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
}

/* A Bloom filter answers for keys, another for folders; all of it is in memory. */
START_TEST(a_miss_touches_no_block)
{
	enum {
		KEYS = 20000
	};
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	char text[DB_TEXT_MAX];
	unsigned false_positives = 0;

	options.filter_separator = '/';
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 0; n < KEYS; n++) {
		(void)snprintf(text, sizeof(text), "folder%u/%u", n / 100, n);
		db_put(db, text, "value");
	}
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	open_all_tables(db);
	for (unsigned n = 0; n < 1000; n++) {
		struct lsm_stats before = db_stats(db), after;
		struct lsm_record record;

		(void)snprintf(text, sizeof(text), "folder%u/%u/", n % 200, n);
		ck_assert_int_eq(lsm_prefix_exists(db, slice_str(text), NULL), -ENOENT);
		text[strlen(text) - 1] = 'x';
		ck_assert_int_eq(lsm_stat(db, slice_str(text), NULL, &record), -ENOENT);
		after = db_stats(db);
		if (after.filter_checks - before.filter_checks !=
		    after.filter_negatives - before.filter_negatives)
			false_positives++;
		else
			ck_assert_uint_eq(blocks_touched(&after), blocks_touched(&before));
	}
	/* two questions at 10 bits a key, each wrong once in a hundred times */
	ck_assert_uint_lt(false_positives, 40);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_miss_touches_no_block,
	&a_record_is_located,
	&the_newest_layer_answers,
	&a_stat_has_all_but_the_value,
	&a_stat_of_a_large_value_does_not_read_it,
	&a_failed_get_leaves_the_record_alone,
	&a_pinned_record_outlives_memtable_table_and_cache,
};

UNIT_SUITE("lsm/db/read", tests)
