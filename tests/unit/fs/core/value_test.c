#include "fs/core/value.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static void expect_splice(const char *old, uint64_t offset, const char *bytes, const char *want,
			  size_t want_len)
{
	uint8_t *owner = NULL;
	struct slice value;

	ck_assert_int_eq(value_splice(slice_str(old), offset, slice_str(bytes), &owner, &value), 0);
	ck_assert(slice_eq(value, slice_of(want, want_len)));
	free(owner);
}

START_TEST(bytes_replace_what_they_cover)
{
	expect_splice("abcdef", 0, "XY", "XYcdef", 6);
	expect_splice("abcdef", 2, "XY", "abXYef", 6);
	expect_splice("abcdef", 4, "XY", "abcdXY", 6);
	expect_splice("abcdef", 5, "XY", "abcdeXY", 7);
	expect_splice("abcdef", 6, "XY", "abcdefXY", 8);
	expect_splice("", 0, "XY", "XY", 2);
}
END_TEST

START_TEST(a_gap_is_zeros)
{
	expect_splice("ab", 4, "XY", "ab\0\0XY", 6);
	expect_splice("", 3, "X", "\0\0\0X", 4);
}
END_TEST

START_TEST(resize_cuts_and_fills)
{
	uint8_t *owner = NULL;
	struct slice value;

	ck_assert_int_eq(value_resize(slice_str("abcd"), 2, &owner, &value), 0);
	ck_assert_ptr_null(owner);
	ck_assert(slice_eq(value, slice_str("ab")));
	ck_assert_int_eq(value_resize(slice_str("abcd"), 6, &owner, &value), 0);
	ck_assert(slice_eq(value, slice_of("abcd\0\0", 6)));
	free(owner);
	owner = NULL;
	ck_assert_int_eq(value_resize(slice_of(NULL, 0), 0, &owner, &value), 0);
	ck_assert_uint_eq(value.len, 0);
	ck_assert_ptr_null(owner);
}
END_TEST

static const TTest *const *const tests[] = {
	&bytes_replace_what_they_cover,
	&a_gap_is_zeros,
	&resize_cuts_and_fills,
};

UNIT_SUITE("fs/core/value", tests)
