#include "lsm/base/slice.h"

#include "tests/unit/unit.h"

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

START_TEST(order_is_by_unsigned_bytes_then_length)
{
	ck_assert_int_eq(sign(slice_cmp(slice_str("a"), slice_str("b"))), -1);
	ck_assert_int_eq(sign(slice_cmp(slice_str("b"), slice_str("a"))), 1);
	ck_assert_int_eq(sign(slice_cmp(slice_str("a"), slice_str("ab"))), -1);
	ck_assert_int_eq(sign(slice_cmp(slice_str("ab"), slice_str("a"))), 1);
	ck_assert_int_eq(sign(slice_cmp(slice_str("\xff"), slice_str("\x01"))), 1);
	ck_assert_int_eq(slice_cmp(slice_of("a\0b", 3), slice_of("a\0b", 3)), 0);
	ck_assert_int_eq(sign(slice_cmp(slice_of("a\0b", 3), slice_of("a\0c", 3))), -1);
}
END_TEST

START_TEST(null_slices_are_empty_slices)
{
	struct slice none = slice_of(NULL, 0);

	ck_assert_int_eq(slice_cmp(none, none), 0);
	ck_assert_int_lt(slice_cmp(none, slice_str("a")), 0);
	ck_assert(slice_eq(none, slice_str("")));
	ck_assert(slice_starts_with(none, none));
	ck_assert(slice_starts_with(slice_str("a"), none));
	ck_assert(!slice_starts_with(none, slice_str("a")));
	ck_assert_uint_eq(slice_skip(none, 0).len, 0);
	ck_assert_uint_eq(slice_common(none, none), 0);
}
END_TEST

START_TEST(prefixes_are_found)
{
	struct slice key = slice_str("user/1");

	ck_assert(slice_starts_with(key, slice_str("user/")));
	ck_assert(slice_starts_with(key, key));
	ck_assert(!slice_starts_with(key, slice_str("user/12")));
	ck_assert(!slice_starts_with(key, slice_str("usex")));
	ck_assert(slice_eq(slice_skip(key, 5), slice_str("1")));
	ck_assert(!slice_eq(key, slice_str("user/2")));
	ck_assert(!slice_eq(key, slice_str("user/")));
	ck_assert_uint_eq(slice_common(key, slice_str("user/2")), 5);
	ck_assert_uint_eq(slice_common(key, slice_str("user")), 4);
	ck_assert_uint_eq(slice_common(key, slice_str("x")), 0);
}
END_TEST

START_TEST(a_common_prefix_ends_at_the_first_byte_that_differs)
{
	enum {
		LEN = 40
	};
	uint8_t a[LEN], b[LEN];

	memset(a, 0x80, LEN);
	for (size_t at = 0; at < LEN; at++) {
		memcpy(b, a, LEN);
		for (size_t after = at; after < LEN; after++)
			b[after] ^= (uint8_t)(after % 2 ? 0x01 : 0x80);
		ck_assert_uint_eq(slice_common(slice_of(a, LEN), slice_of(b, LEN)), at);
		ck_assert_uint_eq(slice_common(slice_of(a, at), slice_of(a, LEN)), at);
		ck_assert_uint_eq(slice_common(slice_of(a, at), slice_of(b, LEN)), at);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&order_is_by_unsigned_bytes_then_length,
	&null_slices_are_empty_slices,
	&prefixes_are_found,
	&a_common_prefix_ends_at_the_first_byte_that_differs,
};

UNIT_SUITE("lsm/base/slice", tests)
