#include "lsm/base/coding.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/rng.h"
#include "tests/unit/unit.h"

/* Encode v into memory of exactly its size, so that the sanitizers see one byte too many. */
static void check_round_trip(uint64_t v, size_t size)
{
	uint8_t *bytes = malloc(size);
	uint64_t taken = ~v;

	ck_assert(bytes);
	memset(bytes, 0, size);
	struct slice s = slice_of(bytes, size);

	ck_assert(varint_size(v) == size);
	ck_assert(varint_put(bytes, v) == bytes + size);
	ck_assert(varint_take(&s, &taken) == 0);
	ck_assert(taken == v);
	ck_assert(s.len == 0);
	for (size_t cut = 0; cut < size; cut++) {
		s = slice_of(bytes, cut);
		taken = 77;
		ck_assert(varint_take(&s, &taken) == -EUCLEAN);
		ck_assert(taken == 77 && s.ptr == bytes && s.len == cut);
	}
	free(bytes);
}

START_TEST(varints_round_trip_at_every_edge)
{
	check_round_trip(0, 1);
	for (unsigned int bits = 1; bits <= 64; bits++) {
		uint64_t lowest = (uint64_t)1 << (bits - 1);
		uint64_t highest = lowest + (lowest - 1);
		size_t size = (bits + 6) / 7;

		check_round_trip(lowest, size);
		check_round_trip(lowest + (bits > 1), size);
		check_round_trip(highest - (bits > 1), size);
		check_round_trip(highest, size);
	}
}
END_TEST

START_TEST(every_small_value_round_trips)
{
	for (uint64_t v = 0; v < 24576; v++)
		check_round_trip(v, v < 128 ? 1 : v < 16384 ? 2 : 3);
}
END_TEST

START_TEST(varint_bytes_are_the_documented_ones)
{
	uint8_t bytes[VARINT_MAX_BYTES];

	ck_assert_uint_eq(varint_put(bytes, 300) - bytes, 2);
	ck_assert_mem_eq(bytes, "\xac\x02", 2); /* the example of the encoding guide: 300 */
	varint_put(bytes, 150);
	ck_assert_mem_eq(bytes, "\x96\x01", 2); /* and 150 */
}
END_TEST

START_TEST(varints_over_64_bits_or_ten_bytes_are_refused)
{
	static const char *const bad[] = {
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00",
	};

	for (size_t i = 0; i < array_size(bad); i++) {
		struct slice s = slice_str(bad[i]);
		uint64_t v = 5;

		ck_assert_int_eq(varint_take(&s, &v), -EUCLEAN);
		ck_assert_uint_eq(v, 5);
		ck_assert(slice_eq(s, slice_str(bad[i])));
	}
}
END_TEST

START_TEST(longer_form_of_a_small_value_is_taken)
{
	struct slice s = slice_of("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00z", 11);
	uint64_t v;

	ck_assert_int_eq(varint_take(&s, &v), 0);
	ck_assert_uint_eq(v, 1);
	ck_assert(slice_eq(s, slice_str("z")));
}
END_TEST

START_TEST(fixed_values_are_little_endian)
{
	uint8_t bytes[8];

	fixed16_put(bytes, 0x0102);
	ck_assert_mem_eq(bytes, "\x02\x01", 2);
	ck_assert_uint_eq(fixed16_get(bytes), 0x0102);
	fixed32_put(bytes, 0xfffefdfc);
	ck_assert_mem_eq(bytes, "\xfc\xfd\xfe\xff", 4);
	ck_assert_uint_eq(fixed32_get(bytes), 0xfffefdfc);
	fixed64_put(bytes, 0xf1f2f3f4f5f6f7f8);
	ck_assert_mem_eq(bytes, "\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1", 8);
	ck_assert_uint_eq(fixed64_get(bytes), 0xf1f2f3f4f5f6f7f8);
}
END_TEST

START_TEST(takes_from_too_short_slices_change_nothing)
{
	struct slice s = slice_str("\x05"
				   "123");
	struct slice before = s;
	struct slice bytes = slice_str("untouched");
	uint32_t v32 = 1;
	uint64_t v64 = 2;
	uint8_t v8 = 3;
	struct slice none = slice_of(NULL, 0);

	ck_assert_int_eq(fixed64_take(&s, &v64), -EUCLEAN);
	ck_assert_int_eq(bytes_take(&s, 5, &bytes), -EUCLEAN);
	ck_assert_int_eq(bytes_take(&s, UINT64_MAX, &bytes), -EUCLEAN);
	ck_assert_int_eq(sized_take(&s, &bytes), -EUCLEAN);
	ck_assert_ptr_eq(s.ptr, before.ptr);
	ck_assert_uint_eq(s.len, before.len);
	s.len = 3;
	ck_assert_int_eq(fixed32_take(&s, &v32), -EUCLEAN);
	ck_assert_int_eq(byte_take(&none, &v8), -EUCLEAN);
	ck_assert_int_eq(sized_take(&none, &bytes), -EUCLEAN);
	ck_assert_int_eq(varint_take(&none, &v64), -EUCLEAN);
	ck_assert(slice_eq(bytes, slice_str("untouched")));
	ck_assert(v32 == 1 && v64 == 2 && v8 == 3);
	ck_assert_int_eq(bytes_take(&none, 0, &bytes), 0);
	ck_assert_uint_eq(bytes.len, 0);
}
END_TEST

START_TEST(takes_advance_by_what_they_took)
{
	struct slice s = slice_of("\x07\x01\0\0\0\x02\0\0\0\0\0\0\0\x02hizz", 18);
	struct slice hi, z;
	uint8_t v8;
	uint32_t v32;
	uint64_t v64;

	ck_assert_int_eq(byte_take(&s, &v8), 0);
	ck_assert_int_eq(fixed32_take(&s, &v32), 0);
	ck_assert_int_eq(fixed64_take(&s, &v64), 0);
	ck_assert_int_eq(sized_take(&s, &hi), 0);
	ck_assert_int_eq(bytes_take(&s, 1, &z), 0);
	ck_assert(v8 == 7 && v32 == 1 && v64 == 2);
	ck_assert(slice_eq(hi, slice_str("hi")));
	ck_assert(slice_eq(z, slice_str("z")));
	ck_assert(slice_eq(s, slice_str("z")));
}
END_TEST

START_TEST(random_bytes_never_read_past_the_end)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)rng_below(&rng, 16);
		uint8_t *bytes = malloc(len ? len : 1);
		struct slice s = slice_of(bytes, len);
		uint64_t v;

		ck_assert(bytes);
		rng_fill(&rng, bytes, len);
		while (s.len > 0 && varint_take(&s, &v) == 0)
			ck_assert(varint_size(v) <= VARINT_MAX_BYTES);
		ck_assert(s.ptr >= bytes);
		ck_assert(s.ptr + s.len == bytes + len);
		free(bytes);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&varints_round_trip_at_every_edge,           &every_small_value_round_trips,
	&varint_bytes_are_the_documented_ones,       &varints_over_64_bits_or_ten_bytes_are_refused,
	&longer_form_of_a_small_value_is_taken,      &fixed_values_are_little_endian,
	&takes_from_too_short_slices_change_nothing, &takes_advance_by_what_they_took,
	&random_bytes_never_read_past_the_end,
};

UNIT_SUITE("lsm/base/coding", tests)
