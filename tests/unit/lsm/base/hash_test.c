#include "lsm/base/hash.h"

#include "tests/unit/unit.h"

/*
 * The input of xxHash's own self-test: byte i is the top byte of PRIME32 * PRIME64^i. The values
 * for it are those of the frozen XXH3 (xxHash 0.8, cli/xsum_sanity_check.c).
 */
static void sanity_fill(uint8_t *bytes, size_t len)
{
	uint64_t generator = 2654435761U;

	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)(generator >> 56);
		generator *= 11400714785074694797U;
	}
}

START_TEST(values_are_those_of_the_frozen_xxh3)
{
	uint8_t bytes[2367];

	sanity_fill(bytes, sizeof(bytes));
	ck_assert_uint_eq(hash64(slice_of(bytes, 0), 0), 0x2d06800538d394c2);
	ck_assert_uint_eq(hash64(slice_of(NULL, 0), 0), 0x2d06800538d394c2);
	ck_assert_uint_eq(hash64(slice_of(bytes, 0), 0x9e3779b185ebca8d), 0xa8a6b918b2f0364a);
	ck_assert_uint_eq(hash64(slice_of(bytes, 1), 0), 0xc44bdff4074eecdb);
	ck_assert_uint_eq(hash64(slice_of(bytes, 6), 0), 0x27b56a84cd2d7325);
	ck_assert_uint_eq(hash64(slice_of(bytes, 12), 0), 0xa713daf0dfbb77e7);
	ck_assert_uint_eq(hash64(slice_of(bytes, 24), 0), 0xa3fe70bf9d3510eb);
	ck_assert_uint_eq(hash64(slice_of(bytes, 48), 0), 0x397da259ecba1f11);
	ck_assert_uint_eq(hash64(slice_of(bytes, 80), 0), 0xbcdefbbb2c47c90a);
	ck_assert_uint_eq(hash64(slice_of(bytes, 195), 0), 0xcd94217ee362ec3a);
	ck_assert_uint_eq(hash64(slice_of(bytes, 403), 0), 0xcdeb804d65c6dea4);
	ck_assert_uint_eq(hash64(slice_of(bytes, 2240), 0), 0x6e73a90539cf2948);
	ck_assert_uint_eq(hash64(slice_of(bytes, 2367), 0), 0xcb37aeb9e5d361ed);
}
END_TEST

START_TEST(seed_changes_the_value)
{
	ck_assert_uint_ne(hash64(slice_str("key"), 0), hash64(slice_str("key"), 1));
}
END_TEST

static const TTest *const *const tests[] = {
	&values_are_those_of_the_frozen_xxh3,
	&seed_changes_the_value,
};

UNIT_SUITE("lsm/base/hash", tests)
