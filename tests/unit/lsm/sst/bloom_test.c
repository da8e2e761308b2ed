#include <math.h>

#include "lsm/base/coding.h"
#include "lsm/base/hash.h"
#include "lsm/sst/bloom.h"
#include "tests/unit/lsm/sst/table_fixture.h"

/* Keys n = first, first + 1, ...: eight bytes each. */
static struct slice numbered_key(uint64_t n, uint8_t *room)
{
	for (int i = 0; i < 8; i++)
		room[i] = (uint8_t)(n >> (56 - 8 * i));
	return slice_of(room, 8);
}

static struct bloom filter_of(uint64_t key_count, unsigned bits_per_key)
{
	struct bloom_builder b = {.bits_per_key = bits_per_key, .separator = -1};
	cleanup_buf struct buf raw = {0};
	struct bloom filter;
	uint8_t room[8];

	for (uint64_t n = 0; n < key_count; n++)
		ck_assert_int_eq(bloom_builder_add(&b, numbered_key(n, room), 0), 0);
	ck_assert_int_eq(bloom_builder_finish(&b, &raw), 0);
	ck_assert_uint_eq(raw.len, bloom_builder_size(&b));
	ck_assert_int_eq(bloom_parse(buf_slice(&raw), &filter), 0);
	bloom_builder_done(&b);
	return filter;
}

/*
 * What a blocked filter of ideal hashes answers wrongly: the lines' loads are Poisson distributed
 * (section 3 of the paper that sst_format.h names).
 */
static double expected_rate(const struct bloom *filter, double key_count)
{
	double load = key_count / filter->line_count;
	double chance = exp(-load);
	double rate = 0;

	for (int keys = 0; keys < 2000; keys++) {
		double bit_set = 1 - pow(1 - 1.0 / 512, (double)keys * filter->probes);

		rate += chance * pow(bit_set, filter->probes);
		chance *= load / (keys + 1);
	}
	return rate;
}

START_TEST(false_positives_are_as_rare_as_theory_says)
{
	static const unsigned bits[] = {4, 8, 10, 16};
	enum {
		KEYS = 20000,
		TRIES = 200000
	};

	for (size_t i = 0; i < array_size(bits); i++) {
		struct bloom filter = filter_of(KEYS, bits[i]);
		uint8_t room[8];
		int wrong = 0;

		ck_assert_uint_eq(filter.line_count, (KEYS * bits[i] + 511) / 512);
		for (uint64_t n = 0; n < KEYS; n++)
			ck_assert(bloom_may_contain(
				&filter, hash64(numbered_key(n, room), SST_KEY_HASH_SEED)));
		for (uint64_t n = KEYS; n < KEYS + TRIES; n++)
			wrong += bloom_may_contain(
				&filter, hash64(numbered_key(n, room), SST_KEY_HASH_SEED));

		double expected = expected_rate(&filter, KEYS) * TRIES;

		ck_assert_msg(wrong < expected * 1.2 + 60 && wrong > expected * 0.8 - 60,
			      "%u bits: %d wrong answers, expected %.0f", bits[i], wrong, expected);
		bloom_done(&filter);
	}
}
END_TEST

START_TEST(a_filter_for_few_keys_is_small_and_for_none_absent)
{
	struct bloom filter = filter_of(3, 10);

	ck_assert_uint_eq(filter.line_count, 1);
	bloom_done(&filter);
	filter = filter_of(0, 10);
	ck_assert(!bloom_exists(&filter));
	filter = filter_of(1000, 0);
	ck_assert(!bloom_exists(&filter));
}
END_TEST

START_TEST(new_prefixes_are_put_in_once)
{
	static const char *const keys[] = {"a", "a/b/c", "a/b/d", "a/b/d/", "b//x"};
	static const char *const prefixes[] = {"a/", "a/b/", "a/b/d/", "b/", "b//"};
	struct bloom_builder b = {.bits_per_key = 20, .separator = '/'};
	cleanup_buf struct buf raw = {0};
	struct bloom filter;
	struct slice last = {0};

	for (size_t i = 0; i < array_size(keys); i++) {
		struct slice key = slice_str(keys[i]);

		ck_assert_int_eq(bloom_builder_add(&b, key, slice_common(last, key)), 0);
		last = key;
	}
	ck_assert_int_eq(bloom_builder_finish(&b, &raw), 0);
	ck_assert_uint_eq(fixed32_get(raw.ptr), array_size(keys) + array_size(prefixes));
	ck_assert_int_eq(bloom_parse(buf_slice(&raw), &filter), 0);
	for (size_t i = 0; i < array_size(prefixes); i++)
		ck_assert(bloom_may_contain(&filter,
					    hash64(slice_str(prefixes[i]), SST_PREFIX_HASH_SEED)));
	ck_assert(!bloom_may_contain(&filter, hash64(slice_str("c/"), SST_PREFIX_HASH_SEED)));
	bloom_done(&filter);
	bloom_builder_done(&b);
}
END_TEST

START_TEST(a_bad_filter_block_is_refused)
{
	uint8_t raw[12 + 64] = {1, 0, 0, 0, 1, 0, 0, 0, 6};
	struct bloom filter;

	ck_assert_int_eq(bloom_parse(slice_of(raw, sizeof(raw)), &filter), 0);
	bloom_done(&filter);
	for (size_t len = 0; len < sizeof(raw); len++)
		ck_assert_int_eq(bloom_parse(slice_of(raw, len), &filter), -EUCLEAN);
	raw[8] = 0;
	ck_assert_int_eq(bloom_parse(slice_of(raw, sizeof(raw)), &filter), -EUCLEAN);
	raw[8] = SST_PROBES_MAX + 1;
	ck_assert_int_eq(bloom_parse(slice_of(raw, sizeof(raw)), &filter), -EUCLEAN);
	raw[8] = 6;
	memset(raw + 4, 0xff, 4);
	ck_assert_int_eq(bloom_parse(slice_of(raw, sizeof(raw)), &filter), -EUCLEAN);
}
END_TEST

static const TTest *const *const tests[] = {
	&false_positives_are_as_rare_as_theory_says,
	&a_filter_for_few_keys_is_small_and_for_none_absent,
	&new_prefixes_are_put_in_once,
	&a_bad_filter_block_is_refused,
};

UNIT_SUITE("lsm/sst/bloom", tests)
