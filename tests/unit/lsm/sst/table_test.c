#include "lsm/base/thread.h"
#include "tests/unit/lsm/sst/table_fixture.h"

static void assert_got(struct table *t, const struct rows *rows, struct slice key, uint64_t seqno)
{
	size_t at = rows_seek(rows, key, seqno);
	bool there = at < rows->count && slice_eq(rows->recs[at].key, key);
	struct table_hit hit;
	int rc = table_get(t, key, seqno, &hit);

	ck_assert_int_eq(rc, there ? 0 : -ENOENT);
	if (!there)
		return;
	assert_same_head(&hit.rec, &rows->recs[at]);
	ck_assert_int_eq(table_hit_value(&hit), 0);
	ck_assert_int_eq(table_hit_value(&hit), 0);
	assert_slice_eq(hit.rec.value, rows->recs[at].value);
	table_hit_done(&hit);
}

START_TEST(every_version_is_found_at_every_snapshot)
{
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (int round = 0; round < 12; round++) {
		struct table_options options = fixture_options();
		struct fixture f;
		struct rows rows = {0};
		uint8_t room[32];

		options.block_size = 256U << rng_below(&rng, 6);
		options.restart_interval = 1 + (unsigned)rng_below(&rng, 20);
		options.value_inline_max = rng_below(&rng, 300);
		options.bloom_bits_per_key = rng_below(&rng, 3) ? 10 : 0;
		rows_random(&rows, &rng, 400);
		fixture_init(&f, 30000);

		struct table *t = build_and_open(&f, &options, &rows);

		for (size_t i = 0; i < rows.count; i++) {
			struct slice key = rows.recs[i].key;

			assert_got(t, &rows, key, rows.recs[i].seqno);
			assert_got(t, &rows, key, rows.recs[i].seqno - 1);
			assert_got(t, &rows, key, rows.recs[i].seqno + 1);
			assert_got(t, &rows, key, RECORD_SEQNO_MAX);
			assert_got(t, &rows, key, 0);
			assert_got(t, &rows, random_key(&rng, room), RECORD_SEQNO_MAX);
		}
		table_unref(t);
		fixture_done(&f);
		rows_done(&rows);
	}
}
END_TEST

/* Neighbours before and after, and `versions` of one key between them. */
static void long_chain(struct rows *rows, uint64_t versions)
{
	char value[120];

	rows_add_text(rows, "chain", 5000, "before");
	for (uint64_t i = 0; i < versions; i++) {
		(void)snprintf(value, sizeof(value), "%0100llu", (unsigned long long)i);
		rows_add_text(rows, "chain/k", 2 * (versions - i), value);
	}
	rows_add_text(rows, "chain/k\1", 7, "after");
}

START_TEST(versions_of_one_key_may_fill_many_blocks)
{
	enum {
		VERSIONS = 400
	};
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};

	long_chain(&rows, VERSIONS);
	options.block_size = 1024;
	options.codec = SST_STORED;
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	ck_assert_uint_gt(table_property(t, SST_DATA_BLOCKS), 30);
	for (uint64_t seqno = 0; seqno <= 2 * VERSIONS + 2; seqno++)
		assert_got(t, &rows, slice_str("chain/k"), seqno);
	assert_got(t, &rows, slice_str("chain/k"), RECORD_SEQNO_MAX);
	assert_got(t, &rows, slice_str("chain"), RECORD_SEQNO_MAX);
	assert_got(t, &rows, slice_str("chain/k\1"), 7);
	assert_got(t, &rows, slice_str("chain/k\1"), 6);
	ck_assert_int_eq(table_verify(t, NULL), 0);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_get_reads_one_block_whatever_the_snapshot)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};

	long_chain(&rows, 400);
	options.block_size = 1024;
	fixture_init(&f, 0);

	struct table *t = build_and_open(&f, &options, &rows);

	for (uint64_t seqno = 2; seqno < 800; seqno++) {
		uint64_t before = atomic_load(&f.counters.blocks_read);
		struct table_hit hit;

		ck_assert_int_eq(table_get(t, slice_str("chain/k"), seqno, &hit), 0);
		table_hit_done(&hit);
		ck_assert_uint_eq(atomic_load(&f.counters.blocks_read), before + 1);
	}
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_stat_touches_no_value_block)
{
	static uint8_t bytes[100000];
	struct table_options options = fixture_options();
	struct record rec = {
		.key = slice_str("big"),
		.seqno = 3,
		.kind = RECORD_PUT,
		.time_ns = 99,
		.meta = slice_str("meta"),
		.value = slice_of(bytes, sizeof(bytes)),
	};
	struct fixture f;
	struct rows rows = {0};
	struct table_hit hit;

	rows_add(&rows, &rec);
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);
	uint64_t before = atomic_load(&f.counters.blocks_read);

	ck_assert_int_eq(table_get(t, rec.key, 3, &hit), 0);
	ck_assert_ptr_null(hit.rec.value.ptr);
	assert_same_head(&hit.rec, &rows.recs[0]);
	ck_assert_uint_eq(atomic_load(&f.counters.blocks_read), before + 1);
	ck_assert_int_eq(table_hit_value(&hit), 0);
	ck_assert_uint_eq(atomic_load(&f.counters.blocks_read), before + 2);
	assert_slice_eq(hit.rec.value, rec.value);
	table_hit_done(&hit);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_hit_outlives_cache_and_callers_reference)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct table_hit inside, outside;

	rows_add_text(&rows, "in", 1, "short");
	rows_add_text(&rows, "out", 2, "a value that is a little longer than the limit");
	options.value_inline_max = 10;
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	ck_assert_int_eq(table_get(t, slice_str("in"), 9, &inside), 0);
	ck_assert_int_eq(table_get(t, slice_str("out"), 9, &outside), 0);
	table_unref(t);
	cache_set_capacity(f.cache, 0);
	ck_assert_int_eq(table_hit_value(&outside), 0);
	assert_slice_eq(inside.rec.value, rows.recs[0].value);
	assert_slice_eq(outside.rec.value, rows.recs[1].value);
	table_hit_done(&inside);
	table_hit_done(&outside);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_second_get_is_served_by_the_cache)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct cache_stats stats;

	rows_add_text(&rows, "a", 1, "value");
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	assert_got(t, &rows, slice_str("a"), 1);

	uint64_t before = atomic_load(&f.counters.blocks_read);

	assert_got(t, &rows, slice_str("a"), 1);
	ck_assert_uint_eq(atomic_load(&f.counters.blocks_read), before);
	cache_stats_read(f.cache, &stats);
	ck_assert_uint_eq(stats.hits, 1);
	ck_assert_uint_eq(stats.misses, 1);
	ck_assert_uint_gt(stats.charge, 0);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(the_filter_answers_without_a_read)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	uint8_t room[32];
	uint64_t absent = 0;

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 1000);
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);
	uint64_t before = atomic_load(&f.counters.blocks_read);

	for (size_t i = 0; i < rows.count; i++) {
		struct slice key = rows.recs[i].key;

		ck_assert(table_may_contain(t, key));
		for (size_t len = 1; len <= key.len; len++)
			ck_assert(table_may_contain_prefix(t, slice_of(key.ptr, len)));
	}
	ck_assert(table_may_contain_prefix(t, slice_str("")));
	ck_assert(table_may_contain_prefix(t, slice_str("no such folder")));

	uint64_t checks = atomic_load(&f.counters.filter_checks);
	uint64_t negatives = atomic_load(&f.counters.filter_negatives);

	ck_assert_uint_eq(negatives, 0);
	for (int i = 0; i < 2000; i++) {
		rng_fill(&rng, room, sizeof(room));
		room[31] = '/';
		absent += !table_may_contain_prefix(t, slice_of(room, 32));
		absent += !table_may_contain(t, slice_of(room, 32));
	}
	ck_assert_uint_gt(absent, 3800);
	ck_assert_uint_eq(atomic_load(&f.counters.filter_negatives), absent);
	ck_assert_uint_eq(atomic_load(&f.counters.filter_checks), checks + 4000);
	ck_assert_uint_eq(atomic_load(&f.counters.blocks_read), before);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(a_wrong_maybe_of_the_filter_is_counted)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	struct table_hit hit;
	uint8_t room[16];

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 1000);
	options.bloom_bits_per_key = 2;
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	for (int i = 0; i < 1000; i++) {
		rng_fill(&rng, room, sizeof(room));
		ck_assert_int_eq(table_get(t, slice_of(room, 16), RECORD_SEQNO_MAX, &hit), -ENOENT);
	}
	ck_assert_uint_gt(atomic_load(&f.counters.filter_false_positives), 0);
	ck_assert_uint_eq(atomic_load(&f.counters.filter_false_positives) +
				  atomic_load(&f.counters.filter_negatives),
			  1000);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(without_a_filter_the_answer_is_maybe)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};

	rows_add_text(&rows, "a/b", 1, "value");
	options.bloom_bits_per_key = 0;
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	ck_assert(table_may_contain(t, slice_str("x")));
	ck_assert(table_may_contain_prefix(t, slice_str("x/")));
	ck_assert_uint_eq(atomic_load(&f.counters.filter_checks), 0);
	table_unref(t);
	options.bloom_bits_per_key = 20;
	options.filter_separator = -1;
	t = build_and_open(&f, &options, &rows);
	ck_assert(!table_may_contain(t, slice_str("x")));
	ck_assert(table_may_contain_prefix(t, slice_str("x/")));
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

START_TEST(an_open_table_knows_its_memory_and_its_name)
{
	struct table_options options = fixture_options();
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	char name[ENV_NAME_MAX + 1];

	rng_seed(&rng, fixture_seed());
	rows_random(&rows, &rng, 2000);
	fixture_init(&f, 1 << 20);

	struct table *t = build_and_open(&f, &options, &rows);

	ck_assert_uint_gt(table_memory(t), table_property(t, SST_DATA_BLOCKS) * 40);
	ck_assert_uint_lt(table_memory(t), 100000);
	table_file_name(12, name);
	ck_assert_str_eq(name, "000012.sst");
	table_file_name(UINT64_MAX, name);
	ck_assert_str_eq(name, "18446744073709551615.sst");
	table_unref(t);
	table_unref(NULL);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

struct reader {
	struct thread thread;
	struct table *table;
	const struct rows *rows;
	uint64_t seed;
};

static void read_at_random(void *arg)
{
	struct reader *r = arg;
	struct rng rng;
	struct iter *it;

	rng_seed(&rng, r->seed);
	for (int i = 0; i < 3000; i++) {
		const struct record *rec = &r->rows->recs[rng_below(&rng, r->rows->count)];

		assert_got(r->table, r->rows, rec->key, rec->seqno);
	}
	ck_assert_int_eq(table_iter_as(r->table, (enum table_access)(r->seed % 3), &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		struct slice value;

		ck_assert_int_eq(iter_value(it, &value), 0);
	}
	ck_assert_int_eq(iter_status(it), 0);
	iter_free(it);
}

START_TEST(many_threads_read_one_table_through_a_small_cache)
{
	struct table_options options = fixture_options();
	struct reader readers[4];
	struct fixture f;
	struct rows rows = {0};
	struct rng rng;
	uint64_t seed = fixture_seed();

	rng_seed(&rng, seed);
	rows_random(&rows, &rng, 1000);
	options.block_size = 1024;
	fixture_init(&f, 8000);

	struct table *t = build_and_open(&f, &options, &rows);

	for (size_t i = 0; i < array_size(readers); i++) {
		readers[i] = (struct reader){.table = t, .rows = &rows, .seed = seed + i};
		ck_assert_int_eq(
			thread_start(&readers[i].thread, "reader", read_at_random, &readers[i]), 0);
	}
	for (size_t i = 0; i < array_size(readers); i++)
		thread_join(&readers[i].thread);
	table_unref(t);
	fixture_done(&f);
	rows_done(&rows);
}
END_TEST

static const TTest *const *const tests[] = {
	&every_version_is_found_at_every_snapshot,
	&versions_of_one_key_may_fill_many_blocks,
	&a_get_reads_one_block_whatever_the_snapshot,
	&a_stat_touches_no_value_block,
	&a_hit_outlives_cache_and_callers_reference,
	&a_second_get_is_served_by_the_cache,
	&the_filter_answers_without_a_read,
	&a_wrong_maybe_of_the_filter_is_counted,
	&without_a_filter_the_answer_is_maybe,
	&an_open_table_knows_its_memory_and_its_name,
	&many_threads_read_one_table_through_a_small_cache,
};

UNIT_SUITE("lsm/sst/table", tests)
