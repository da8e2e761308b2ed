#include "lsm/mem/memtable.h"

#include <errno.h>

#include "tests/unit/lsm/mem/mem_fixture.h"

START_TEST(newest_version_up_to_the_seqno_is_found)
{
	struct memtable *m;
	struct record rec;

	ck_assert_int_eq(memtable_new(&m), 0);
	fixture_put(m, slice_str("key"), 5, slice_str("five"));
	fixture_put(m, slice_str("key"), 9, slice_str("nine"));
	fixture_put(m, slice_str("kez"), 7, slice_str("other"));

	ck_assert_int_eq(memtable_get(m, slice_str("key"), 4, &rec), -ENOENT);
	for (uint64_t seqno = 5; seqno < 9; seqno++) {
		ck_assert_int_eq(memtable_get(m, slice_str("key"), seqno, &rec), 0);
		ck_assert_uint_eq(rec.seqno, 5);
		ck_assert(slice_eq(rec.value, slice_str("five")));
	}
	ck_assert_int_eq(memtable_get(m, slice_str("key"), RECORD_SEQNO_MAX, &rec), 0);
	ck_assert_uint_eq(rec.seqno, 9);
	ck_assert_int_eq(rec.kind, RECORD_PUT);
	ck_assert_uint_eq(rec.time_ns, 1009);
	ck_assert_uint_eq(rec.value_len, 4);
	ck_assert(slice_eq(rec.key, slice_str("key")));
	ck_assert(slice_eq(rec.meta, slice_str("m")));
	ck_assert(slice_eq(rec.value, slice_str("nine")));
	ck_assert_int_eq(memtable_get(m, slice_str("ke"), 9, &rec), -ENOENT);
	ck_assert_int_eq(memtable_get(m, slice_str("keyy"), 9, &rec), -ENOENT);
	ck_assert_int_eq(memtable_get(m, slice_str("z"), 9, &rec), -ENOENT);
	memtable_unref(m);
}
END_TEST

START_TEST(a_miss_leaves_the_record_untouched)
{
	struct memtable *m;
	struct record rec = {.seqno = 42};

	ck_assert_int_eq(memtable_new(&m), 0);
	ck_assert_int_eq(memtable_get(m, slice_str("key"), 4, &rec), -ENOENT);
	ck_assert_uint_eq(rec.seqno, 42);
	memtable_unref(m);
}
END_TEST

START_TEST(a_tombstone_is_found)
{
	struct memtable *m;
	struct batch b = {0};
	struct record rec;

	ck_assert_int_eq(memtable_new(&m), 0);
	ck_assert_int_eq(batch_put(&b, slice_str("k"), slice_of(NULL, 0), slice_str("v")), 0);
	ck_assert_int_eq(batch_delete(&b, slice_str("k")), 0);
	fixture_apply(m, &b, 10);
	ck_assert_int_eq(memtable_get(m, slice_str("k"), 11, &rec), 0);
	ck_assert_int_eq(rec.kind, RECORD_DELETE);
	ck_assert_uint_eq(rec.seqno, 11);
	ck_assert_uint_eq(rec.value_len, 0);
	ck_assert_int_eq(memtable_get(m, slice_str("k"), 10, &rec), 0);
	ck_assert_int_eq(rec.kind, RECORD_PUT);
	ck_assert_uint_eq(memtable_tombstones(m), 1);
	batch_done(&b);
	memtable_unref(m);
}
END_TEST

START_TEST(counters_count_and_the_promised_memory_is_enough)
{
	static uint8_t value[5000];
	struct memtable *m;
	struct batch b = {0};
	uint64_t user_bytes = 0;
	uint64_t seqno = 1;
	struct rng rng;

	rng_seed(&rng, unit_seed());
	ck_assert_int_eq(memtable_new(&m), 0);
	for (int round = 0; round < 300; round++) {
		uint32_t changes = 1 + (uint32_t)rng_below(&rng, 20);
		size_t before = memtable_bytes(m);

		batch_clear(&b);
		for (uint32_t i = 0; i < changes; i++) {
			uint8_t key[100];
			size_t key_len = 1 + rng_below(&rng, sizeof(key));
			size_t meta_len = rng_below(&rng, 30);
			size_t value_len = rng_below(&rng, sizeof(value));

			rng_fill(&rng, key, sizeof(key));
			ck_assert_int_eq(batch_put(&b, slice_of(key, key_len),
						   slice_of(value, meta_len),
						   slice_of(value, value_len)),
					 0);
			user_bytes += key_len + meta_len + value_len;
		}
		fixture_apply(m, &b, seqno); /* asserts inside if the room did not do */
		seqno += changes;
		ck_assert_uint_le(memtable_bytes(m) - before, b.memory_bytes);
		ck_assert_uint_gt(memtable_bytes(m) - before, b.rep.len / 2);
	}
	ck_assert_uint_eq(memtable_count(m), seqno - 1);
	ck_assert_uint_eq(memtable_user_bytes(m), user_bytes);
	batch_done(&b);
	memtable_unref(m);
}
END_TEST

START_TEST(largest_key_and_meta_are_kept)
{
	static uint8_t bytes[1 << 20];
	struct memtable *m;
	struct batch b = {0};
	struct record rec;
	struct rng rng;

	rng_seed(&rng, 7);
	rng_fill(&rng, bytes, sizeof(bytes));
	struct slice key = slice_of(bytes, RECORD_KEY_MAX);
	struct slice meta = slice_of(bytes + 1, RECORD_META_MAX);
	struct slice value = slice_of(bytes, sizeof(bytes));

	ck_assert_int_eq(memtable_new(&m), 0);
	ck_assert_int_eq(batch_put(&b, key, meta, value), 0);
	fixture_apply(m, &b, RECORD_SEQNO_MAX);
	ck_assert_int_eq(memtable_get(m, key, RECORD_SEQNO_MAX, &rec), 0);
	ck_assert_uint_eq(rec.seqno, RECORD_SEQNO_MAX);
	ck_assert(slice_eq(rec.key, key));
	ck_assert(slice_eq(rec.meta, meta));
	ck_assert(slice_eq(rec.value, value));
	batch_done(&b);
	memtable_unref(m);
}
END_TEST

START_TEST(an_impossible_reserve_fails_and_the_table_works_on)
{
	struct memtable *m;
	struct record rec;

	ck_assert_int_eq(memtable_new(&m), 0);
	fixture_put(m, slice_str("a"), 1, slice_str("v"));
	size_t before = memtable_bytes(m);

	ck_assert_int_eq(memtable_reserve(m, SIZE_MAX / 2 + 2, 1), -ENOMEM);
	ck_assert_uint_eq(memtable_bytes(m), before);
	fixture_put(m, slice_str("b"), 2, slice_str("v"));
	ck_assert_int_eq(memtable_get(m, slice_str("a"), 2, &rec), 0);
	ck_assert_int_eq(memtable_get(m, slice_str("b"), 2, &rec), 0);
	memtable_unref(m);
}
END_TEST

START_TEST(borrowed_bytes_outlive_the_first_reference)
{
	struct memtable *m;
	struct record rec;

	ck_assert_int_eq(memtable_new(&m), 0);
	fixture_put(m, slice_str("a"), 1, slice_str("value"));
	struct memtable *held = memtable_ref(m);

	ck_assert_int_eq(memtable_get(held, slice_str("a"), 1, &rec), 0);
	memtable_unref(m);
	ck_assert(slice_eq(rec.value, slice_str("value")));
	memtable_unref(held);
	memtable_unref(NULL);
}
END_TEST

static const TTest *const *const tests[] = {
	&newest_version_up_to_the_seqno_is_found,
	&a_miss_leaves_the_record_untouched,
	&a_tombstone_is_found,
	&counters_count_and_the_promised_memory_is_enough,
	&largest_key_and_meta_are_kept,
	&an_impossible_reserve_fails_and_the_table_works_on,
	&borrowed_bytes_outlive_the_first_reference,
};

UNIT_SUITE("lsm/mem/memtable", tests)
