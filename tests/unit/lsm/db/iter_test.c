#include <poll.h>

#include "tests/unit/lsm/db/db_fixture.h"

enum {
	KEYS = 40,
};

/* Even keys live, each third deleted, spread over two tables, a full memtable and the log. */
static struct lsm *spread_store(struct env *env)
{
	struct lsm_options options = db_small_options(env);
	char key[DB_TEXT_MAX];

	options.filter_separator = '/';
	struct lsm *db = db_open_with(&options);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned n = 0; n < KEYS; n += 2)
			db_put(db, db_key(key, n), round % 2 ? "new" : "old");
		for (unsigned n = 0; n < KEYS; n += 6)
			db_delete(db, db_key(key, n));
		if (round < 3)
			ck_assert_int_eq(lsm_flush(db), 0);
	}
	return db;
}

static bool is_live(unsigned n)
{
	return n < KEYS && n % 2 == 0 && n % 6;
}

static void expect_at(struct lsm_iter *it, unsigned n)
{
	char key[DB_TEXT_MAX];
	struct slice value;

	ck_assert(lsm_iter_valid(it));
	ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str(db_key(key, n))));
	ck_assert_ptr_null(lsm_iter_record(it)->value.ptr);
	ck_assert_uint_eq(lsm_iter_record(it)->value_len, 3);
	ck_assert_int_eq(lsm_iter_value(it, &value), 0);
	ck_assert(slice_eq(value, slice_str("new")));
}

static void expect_end(struct lsm_iter *it)
{
	ck_assert(!lsm_iter_valid(it));
	ck_assert_int_eq(lsm_iter_status(it), 0);
}

START_TEST(both_ways_show_the_same)
{
	struct env *env = env_mem_new();
	struct lsm *db = spread_store(env);
	struct lsm_iter *it;

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	for (unsigned n = 0; n < KEYS; n++) {
		if (!is_live(n))
			continue;
		expect_at(it, n);
		lsm_iter_next(it);
	}
	expect_end(it);
	lsm_iter_last(it);
	for (unsigned n = KEYS; n-- > 0;) {
		if (!is_live(n))
			continue;
		expect_at(it, n);
		lsm_iter_prev(it);
	}
	expect_end(it);
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(turning_round_at_each_key_works)
{
	struct env *env = env_mem_new();
	struct lsm *db = spread_store(env);
	struct lsm_iter *it;
	char key[DB_TEXT_MAX];

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (unsigned n = 8; n < KEYS - 8; n++) {
		unsigned up = n, down = n;

		while (!is_live(up))
			up++;
		while (!is_live(down))
			down--;
		lsm_iter_seek(it, slice_str(db_key(key, n)));
		expect_at(it, up);
		lsm_iter_prev(it);
		unsigned before = up - 1;
		while (!is_live(before))
			before--;
		expect_at(it, before);
		lsm_iter_next(it);
		expect_at(it, up);
		lsm_iter_seek_back(it, slice_str(db_key(key, n)));
		expect_at(it, down);
		lsm_iter_next(it);
		unsigned after = down + 1;
		while (!is_live(after))
			after++;
		expect_at(it, after);
		lsm_iter_prev(it);
		expect_at(it, down);
	}
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

/* The key given may be the one the iterator stands on. */
START_TEST(a_seek_to_its_own_key_stays)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.cache_bytes = 0; /* a block left is a block freed */
	struct lsm *db = db_open_with(&options);
	ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	struct lsm_iter *it;
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (unsigned n = 0; n < 190; n++) {
		char key[DB_TEXT_MAX];

		lsm_iter_seek(it, slice_str(db_key(key, n)));
		lsm_iter_seek(it, lsm_iter_record(it)->key);
		ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str(key)));
		lsm_iter_seek_back(it, lsm_iter_record(it)->key);
		ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str(key)));
		lsm_iter_seek_back(it, lsm_iter_record(it)->key);
		ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str(key)));
		lsm_iter_seek(it, lsm_iter_record(it)->key);
		ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str(key)));
	}
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_prefix_bounds_every_move)
{
	struct env *env = env_mem_new();
	struct lsm *db = spread_store(env);
	const char *const outside[] = {"a", "dir", "dir0", "z"};
	const struct lsm_read_options options = {.prefix = slice_str("dir/")};
	struct lsm_iter *it;

	for (size_t i = 0; i < array_size(outside); i++)
		db_put(db, outside[i], "x");
	ck_assert_int_eq(lsm_iter_new(db, &options, &it), 0);
	lsm_iter_first(it);
	expect_end(it);
	lsm_iter_free(it);
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("dir/"), NULL), -ENOENT);
	db_put(db, "dir/a", "new");
	db_put(db, "dir/b", "new");
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("dir/"), NULL), 0);
	ck_assert_int_eq(lsm_prefix_exists(db, slice_of(NULL, 0), NULL), 0);
	ck_assert_int_eq(lsm_iter_new(db, &options, &it), 0);
	lsm_iter_first(it);
	ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str("dir/a")));
	lsm_iter_next(it);
	lsm_iter_next(it);
	expect_end(it);
	lsm_iter_seek(it, slice_str("a"));
	ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str("dir/a")));
	lsm_iter_prev(it);
	expect_end(it);
	lsm_iter_seek_back(it, slice_str("zz"));
	ck_assert(slice_eq(lsm_iter_record(it)->key, slice_str("dir/b")));
	lsm_iter_seek_back(it, slice_str("b"));
	expect_end(it);
	lsm_iter_seek(it, slice_str("e"));
	expect_end(it);
	lsm_iter_free(it);
	db_delete(db, "dir/a");
	db_delete(db, "dir/b");
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("dir/"), NULL), -ENOENT);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(an_iterator_keeps_what_it_began_with)
{
	struct env *env = env_mem_new();
	struct lsm *db = spread_store(env);
	struct lsm_iter *it;
	char key[DB_TEXT_MAX];

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (unsigned n = 0; n < KEYS; n++)
		db_delete(db, db_key(key, n));
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).table_records, 0);
	lsm_iter_first(it);
	for (unsigned n = 0; n < KEYS; n++) {
		if (!is_live(n))
			continue;
		expect_at(it, n);
		lsm_iter_next(it);
	}
	expect_end(it);
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(damage_ends_a_scan_with_its_error)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_iter *it;

	ck_assert_int_eq(db_fill(db, 0, 100, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);
	db_damage(env, db_find(env, ".sst").name, 2000);
	db = db_open_small(env);
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	while (lsm_iter_valid(it))
		lsm_iter_next(it);
	ck_assert_int_eq(lsm_iter_status(it), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), ".sst"));
	lsm_iter_last(it);
	while (lsm_iter_valid(it))
		lsm_iter_prev(it);
	ck_assert_int_eq(lsm_iter_status(it), -EBADMSG);
	lsm_iter_first(it);
	ck_assert(lsm_iter_valid(it));
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
	db_close(db);
	env_free(env);
}
END_TEST

/* Without threads that would, the last reader of the past removes what it kept. */
START_TEST(its_end_removes_what_only_it_kept)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm_iter *it;

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);

	for (int i = 0; i < 3; i++) {
		db_put(db, "key", "value");
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_gt(db_find(env, ".sst").count, 1);
	lsm_iter_free(it);
	/* the flush thread may be the one that lets go last, and removes them then */
	for (int i = 0; db_find(env, ".sst").count > 1 && i < 20000; i++)
		(void)poll(NULL, 0, 1);
	ck_assert_uint_eq(db_find(env, ".sst").count, 1);
	db_close(db);
	env_free(env);
}
END_TEST

static unsigned walk_whole(struct lsm *db, const struct lsm_read_options *options)
{
	unsigned count = 0;
	struct slice value;
	struct lsm_iter *it;

	ck_assert_int_eq(lsm_iter_new(db, options, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it)) {
		ck_assert_int_eq(lsm_iter_value(it, &value), 0);
		ck_assert_uint_eq(value.len, 100);
		count++;
	}
	for (lsm_iter_last(it); lsm_iter_valid(it); lsm_iter_prev(it))
		count++;
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
	return count;
}

START_TEST(a_scan_need_not_fill_the_cache)
{
	const struct lsm_read_options past = {.no_cache_fill = true};
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 5000, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	db_close(db);
	db = db_open_small(env);
	ck_assert_uint_eq(walk_whole(db, &past), 10000);
	struct lsm_stats cold = db_stats(db);

	ck_assert_uint_gt(cold.blocks_read, 1000);
	ck_assert_uint_eq(cold.cache_bytes, 0);
	ck_assert_uint_eq(cold.cache_hits, 0);
	ck_assert_uint_eq(walk_whole(db, NULL), 10000);
	struct lsm_stats warm = db_stats(db);

	/* what others have brought in is used, and stays */
	ck_assert_uint_gt(warm.cache_bytes, 500000);
	ck_assert_uint_eq(walk_whole(db, &past), 10000);
	ck_assert_uint_eq(db_stats(db).blocks_read, warm.blocks_read);
	ck_assert_uint_eq(db_stats(db).cache_bytes, warm.cache_bytes);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_scan_need_not_fill_the_cache,
	&its_end_removes_what_only_it_kept,
	&both_ways_show_the_same,
	&turning_round_at_each_key_works,
	&a_seek_to_its_own_key_stays,
	&a_prefix_bounds_every_move,
	&an_iterator_keeps_what_it_began_with,
	&damage_ends_a_scan_with_its_error,
};

UNIT_SUITE("lsm/db/iter", tests)
