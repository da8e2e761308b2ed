#include "lsm/env/env_fault.h"
#include "tests/unit/lsm/sst/table_fixture.h"

/* The iterator stands on rows[at], or nowhere when at is out of range. */
static void assert_stands(struct iter *it, const struct rows *rows, size_t at)
{
	struct slice value;

	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_int_eq(iter_valid(it), at < rows->count);
	if (at >= rows->count)
		return;
	assert_same_head(&it->rec, &rows->recs[at]);
	ck_assert_ptr_null(it->rec.value.ptr);
	if (it->rec.seqno % 3 == 0)
		return;
	ck_assert_int_eq(iter_value(it, &value), 0);
	assert_slice_eq(value, rows->recs[at].value);
	ck_assert_int_eq(iter_value(it, &value), 0);
	assert_slice_eq(value, rows->recs[at].value);
}

static void walk_both_ways(struct iter *it, const struct rows *rows)
{
	size_t at = 0;

	for (iter_first(it); iter_valid(it); iter_next(it))
		assert_stands(it, rows, at++);
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(at, rows->count);
	for (iter_last(it); iter_valid(it); iter_prev(it))
		assert_stands(it, rows, --at);
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(at, 0);
}

/* A place to seek: an existing version, its neighbours, or any key at all. */
static struct slice random_target(struct rng *rng, const struct rows *rows, uint8_t *room,
				  uint64_t *ret_seqno)
{
	const struct record *rec = &rows->recs[rng_below(rng, rows->count)];

	switch (rng_below(rng, 4)) {
	case 0:
		*ret_seqno = rng_below(rng, 2) ? RECORD_SEQNO_MAX : 0;
		return rec->key;
	case 1:
		*ret_seqno = rec->seqno - 1 + rng_below(rng, 3);
		return rec->key;
	case 2:
		*ret_seqno = rec->seqno;
		memcpy(room, rec->key.ptr, rec->key.len);
		room[rec->key.len] = 0;
		return slice_of(room, rec->key.len + rng_below(rng, 2));
	default:
		*ret_seqno = rng_below(rng, 1000);
		return random_key(rng, room);
	}
}

static void wander(struct iter *it, const struct rows *rows, struct rng *rng, int steps)
{
	uint8_t room[64];
	size_t at = SIZE_MAX;

	for (int i = 0; i < steps; i++) {
		uint64_t op = rng_below(rng, 10);
		uint64_t seqno;
		struct slice key = random_target(rng, rows, room, &seqno);

		if (op < 2) {
			iter_seek(it, key, seqno);
			at = rows_seek(rows, key, seqno);
		} else if (op < 4) {
			iter_seek_before(it, key, seqno);
			at = rows_seek(rows, key, seqno) - 1;
		} else if (at >= rows->count) {
			continue;
		} else if (op < 7) {
			iter_next(it);
			at++;
		} else if (op < 9) {
			iter_prev(it);
			at--;
		} else {
			iter_seek(it, it->rec.key, RECORD_SEQNO_MAX);
			at = rows_seek(rows, rows->recs[at].key, RECORD_SEQNO_MAX);
		}
		assert_stands(it, rows, at);
	}
}

static void check_options(struct rng *rng, const struct table_options *options, size_t count)
{
	struct fixture f;
	struct rows rows = {0};
	struct iter *it;

	rows_random(&rows, rng, count);
	fixture_init(&f, rng_below(rng, 2) ? 20000 : 0);

	struct table *t = build_and_open(&f, options, &rows);

	for (int access = TABLE_CACHED; access <= TABLE_SCAN; access++) {
		ck_assert_int_eq(table_iter_as(t, (enum table_access)access, &it), 0);
		walk_both_ways(it, &rows);
		wander(it, &rows, rng, 600);
		iter_free(it);
	}
	ck_assert_int_eq(table_verify(t, NULL), 0);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}

START_TEST(moves_agree_with_a_sorted_array)
{
	static const size_t block_sizes[] = {1024, 4096, 16384, 65536};
	static const unsigned intervals[] = {1, 2, 7, 16, 64};
	static const size_t inline_maxima[] = {0, 64, 1024, 1 << 20};
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (size_t b = 0; b < array_size(block_sizes); b++) {
		for (size_t r = 0; r < array_size(intervals); r++) {
			struct table_options options = fixture_options();

			options.block_size = block_sizes[b];
			options.restart_interval = intervals[r];
			options.value_inline_max = inline_maxima[(b + r) % 4];
			options.codec = (b + r) / 4 % 2 ? SST_STORED : SST_LZ4;
			options.bloom_bits_per_key = r == 1 ? 0 : 10;
			check_options(&rng, &options, 700);
		}
	}
}
END_TEST

START_TEST(one_record_is_a_table)
{
	struct table_options options = fixture_options();
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	check_options(&rng, &options, 1);
}
END_TEST

START_TEST(a_walk_without_values_reads_no_value_block)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	struct iter *it;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 500);
	options.value_inline_max = 0;
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);
	uint64_t before = atomic_load(&f.counters.blocks_read);

	ck_assert_uint_gt(table_property(t, SST_VALUE_BLOCKS), 100);
	ck_assert_int_eq(table_iter(t, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it))
		ck_assert_ptr_null(it->rec.value.ptr);
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(atomic_load(&f.counters.blocks_read) - before,
			  table_property(t, SST_DATA_BLOCKS));
	iter_free(it);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_scan_leaves_the_cache_alone)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct cache_stats before, after;
	struct slice value;
	struct rng rng;
	struct iter *it;
	size_t at = 0;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 2000);
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	cache_stats_read(f.cache, &before);
	ck_assert_int_eq(table_scan_iter(t, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		ck_assert_int_eq(iter_value(it, &value), 0);
		assert_slice_eq(value, rows.recs[at++].value);
	}
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(at, rows.count);
	cache_stats_read(f.cache, &after);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	iter_free(it);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

/* All that it is not asked to read again comes out of the cache, and all else past it. */
static void walk_past_cache(struct fixture *f, struct table *t, const struct rows *rows,
			    uint64_t want_hits, uint64_t want_reads)
{
	struct cache_stats before, after;
	uint64_t read = atomic_load(&f->counters.blocks_read);
	struct slice value;
	struct iter *it;
	size_t at = 0;

	cache_stats_read(f->cache, &before);
	ck_assert_int_eq(table_iter_as(t, TABLE_PAST_CACHE, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		ck_assert_int_eq(iter_value(it, &value), 0);
		assert_slice_eq(value, rows->recs[at++].value);
	}
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(at, rows->count);
	iter_free(it);
	cache_stats_read(f->cache, &after);
	ck_assert_uint_eq(after.inserts, before.inserts);
	ck_assert_uint_eq(after.charge, before.charge);
	ck_assert_uint_eq(after.hits - before.hits, want_hits);
	ck_assert_uint_eq(atomic_load(&f->counters.blocks_read) - read, want_reads);
}

START_TEST(past_the_cache_takes_what_is_there_and_adds_nothing)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	struct iter *it;
	struct slice value;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 2000);
	options.value_inline_max = 64;
	fixture_init(&f, 16 << 20);

	struct table *t = build_and_open(&f, &options, &rows);
	uint64_t blocks = table_property(t, SST_DATA_BLOCKS) + table_property(t, SST_VALUE_BLOCKS);

	ck_assert_uint_gt(table_property(t, SST_DATA_BLOCKS), 10);
	ck_assert_uint_gt(table_property(t, SST_VALUE_BLOCKS), 10);
	walk_past_cache(&f, t, &rows, 0, blocks);
	ck_assert_int_eq(table_iter(t, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it))
		ck_assert_int_eq(iter_value(it, &value), 0);
	iter_free(it);
	walk_past_cache(&f, t, &rows, blocks, 0);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(past_the_cache_blocks_in_a_row_come_in_growing_pieces)
{
	struct table_options options = fixture_options();
	struct env *inner = env_mem_new();
	struct env *faulty = env_fault_new(inner);
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	struct iter *it;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 5000);
	options.value_inline_max = 1 << 20;
	options.block_size = 1024;
	fixture_init_around(&f, inner, faulty, 0);

	struct table *t = build_and_open(&f, &options, &rows);
	uint64_t blocks = table_property(t, SST_DATA_BLOCKS);

	ck_assert_uint_gt(blocks, 200);
	ck_assert_int_eq(table_iter_as(t, TABLE_PAST_CACHE, &it), 0);
	uint64_t before = env_fault_calls(faulty);

	for (iter_first(it); iter_valid(it); iter_next(it))
		;
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_lt(env_fault_calls(faulty) - before, blocks / 4);
	/* and one that jumps reads just the block */
	uint64_t read = atomic_load(&f.counters.blocks_read);

	before = env_fault_calls(faulty);
	iter_seek(it, rows.recs[0].key, RECORD_SEQNO_MAX);
	iter_seek(it, rows.recs[rows.count / 2].key, RECORD_SEQNO_MAX);
	ck_assert_uint_eq(env_fault_calls(faulty) - before, 2);
	ck_assert_uint_eq(atomic_load(&f.counters.blocks_read) - read, 2);
	iter_free(it);
	table_unref(t);
	cache_free(f.cache);
	env_dir_close(f.dir);
	env_free(faulty);
	env_free(inner);
	rows_done(&rows);
}
END_TEST

START_TEST(a_block_with_more_values_than_a_piece_is_scanned)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	static uint8_t bytes[300 * 1024];
	struct slice value;
	struct rng rng;
	struct iter *it;
	size_t at = 0;

	rng_seed(&rng, fixture_seed());
	rng_fill(&rng, bytes, sizeof(bytes));
	for (uint64_t i = 0; i < 12; i++) {
		struct record rec = {
			.key = slice_of(&"abcdefghijkl"[i], 1),
			.seqno = 1 + i,
			.kind = RECORD_PUT,
			.value = slice_of(bytes, (i % 3 + 1) * 100 * 1024),
		};

		rows_add(&rows, &rec);
	}
	options.codec = SST_STORED;
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	ck_assert_uint_eq(table_property(t, SST_DATA_BLOCKS), 1);
	ck_assert_int_eq(table_scan_iter(t, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		ck_assert_int_eq(iter_value(it, &value), 0);
		assert_slice_eq(value, rows.recs[at++].value);
	}
	ck_assert_int_eq(iter_status(it), 0);
	ck_assert_uint_eq(at, rows.count);
	iter_free(it);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(an_iterator_outlives_the_callers_reference)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct iter *it;

	rows_add_text(&rows, "a", 1, "one");
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	ck_assert_int_eq(table_iter(t, &it), 0);
	table_unref(t);
	iter_first(it);
	cache_clear(f.cache);
	assert_stands(it, &rows, 0);
	iter_free(it);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_failed_move_stands_nowhere_and_the_next_may_succeed)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 1000);
	options.value_inline_max = 4096;
	fixture_init(&f, 0);

	struct table *t = build_and_open(&f, &options, &rows);

	for (int access = TABLE_CACHED; access <= TABLE_SCAN; access++) {
		struct iter *it;

		ck_assert_int_eq(table_iter_as(t, (enum table_access)access, &it), 0);
		flip_bit(&f, 10, 0);
		iter_first(it);
		ck_assert(!iter_valid(it));
		ck_assert_int_eq(iter_status(it), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(fail_text(), "000001.sst: offset 0"));
		flip_bit(&f, 10, 0);
		walk_both_ways(it, &rows);
		iter_free(it);
	}
	ck_assert_uint_gt(atomic_load(&f.counters.checksum_errors), 0);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

static const TTest *const *const tests[] = {
	&moves_agree_with_a_sorted_array,
	&one_record_is_a_table,
	&a_walk_without_values_reads_no_value_block,
	&a_scan_leaves_the_cache_alone,
	&past_the_cache_takes_what_is_there_and_adds_nothing,
	&past_the_cache_blocks_in_a_row_come_in_growing_pieces,
	&a_block_with_more_values_than_a_piece_is_scanned,
	&an_iterator_outlives_the_callers_reference,
	&a_failed_move_stands_nowhere_and_the_next_may_succeed,
};

UNIT_SUITE("lsm/sst/table_iter", tests)
