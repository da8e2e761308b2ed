#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/rng.h"
#include "lsm/blob/extent.h"
#include "tests/unit/unit.h"

static struct extent sample(uint64_t offset, uint32_t len)
{
	return (struct extent){
		.offset = offset,
		.file = 12,
		.at = 4711,
		.stored_len = 3000,
		.raw_len = 5000,
		.from = 100,
		.len = len,
		.crc = 0xfeedbeef,
	};
}

static void append(struct buf *list, struct extent e)
{
	ck_assert_int_eq(extent_append(list, &e), 0);
}

START_TEST(what_is_appended_is_got)
{
	cleanup_buf struct buf list = {0};
	struct extent got;

	append(&list, sample(77, 4900));
	ck_assert_uint_eq(list.len, BLOB_EXTENT_SIZE);
	ck_assert_uint_eq(fixed64_get(list.ptr), 77);
	ck_assert_uint_eq(fixed64_get(list.ptr + 8), 12);
	ck_assert_uint_eq(fixed64_get(list.ptr + 16), 4711);
	ck_assert_uint_eq(fixed32_get(list.ptr + 24), 3000);
	ck_assert_uint_eq(fixed32_get(list.ptr + 28), 5000);
	ck_assert_uint_eq(fixed32_get(list.ptr + 32), 100);
	ck_assert_uint_eq(fixed32_get(list.ptr + 36), 4900);
	ck_assert_uint_eq(fixed32_get(list.ptr + 40), 0xfeedbeef);
	ck_assert_uint_eq(fixed32_get(list.ptr + 44), 0);
	ck_assert_int_eq(extent_list_get(buf_slice(&list), 0, &got), 0);

	struct extent want = sample(77, 4900);

	ck_assert_uint_eq(got.offset, want.offset);
	ck_assert_uint_eq(got.file, want.file);
	ck_assert_uint_eq(got.at, want.at);
	ck_assert_uint_eq(got.stored_len, want.stored_len);
	ck_assert_uint_eq(got.raw_len, want.raw_len);
	ck_assert_uint_eq(got.from, want.from);
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_uint_eq(got.crc, want.crc);
}
END_TEST

static int get_one(struct extent e)
{
	cleanup_buf struct buf list = {0};
	struct extent got;

	append(&list, e);
	return extent_list_get(buf_slice(&list), 0, &got);
}

/* An extent that is sample(0, 100) but for what the arguments say. */
#define with(...)                                                                                  \
	({                                                                                         \
		struct extent e_ = sample(0, 100);                                                 \
		__VA_ARGS__;                                                                       \
		get_one(e_);                                                                       \
	})

START_TEST(each_field_has_its_limits)
{
	ck_assert_int_eq(with(e_.file = 1), 0);
	ck_assert_int_eq(with(e_.file = 0), -EUCLEAN);
	ck_assert_int_eq(with(e_.file = BLOB_NUMBER_MAX), 0);
	ck_assert_int_eq(with(e_.file = BLOB_NUMBER_MAX + 1), -EUCLEAN);
	ck_assert_int_eq(with(e_.at = BLOB_HEADER_SIZE), 0);
	ck_assert_int_eq(with(e_.at = BLOB_HEADER_SIZE - 1), -EUCLEAN);
	ck_assert_int_eq(with(e_.at = BLOB_OFFSET_MAX - 3000), 0);
	ck_assert_int_eq(with(e_.at = BLOB_OFFSET_MAX - 2999), -EUCLEAN);
	ck_assert_int_eq(with(e_.at = UINT64_MAX), -EUCLEAN);
	ck_assert_int_eq(with(e_.stored_len = 0), -EUCLEAN);
	ck_assert_int_eq(with(e_.stored_len = 5000), 0);
	ck_assert_int_eq(with(e_.stored_len = 5001), -EUCLEAN);
	ck_assert_int_eq(with(e_.stored_len = 20), 0);
	ck_assert_int_eq(with(e_.stored_len = 19), -EUCLEAN); /* 19 * 255 < 5000 */
	ck_assert_int_eq(with(e_.raw_len = 0), -EUCLEAN);
	ck_assert_int_eq(with(e_.stored_len = BLOB_CHUNK_MAX, e_.raw_len = BLOB_CHUNK_MAX), 0);
	ck_assert_int_eq(with(e_.stored_len = BLOB_CHUNK_MAX, e_.raw_len = BLOB_CHUNK_MAX + 1),
			 -EUCLEAN);
	ck_assert_int_eq(with(e_.stored_len = UINT32_MAX, e_.raw_len = UINT32_MAX), -EUCLEAN);
	ck_assert_int_eq(with(e_.len = 0), -EUCLEAN);
	ck_assert_int_eq(with(e_.len = 4900), 0);
	ck_assert_int_eq(with(e_.len = 4901), -EUCLEAN);
	ck_assert_int_eq(with(e_.len = UINT32_MAX), -EUCLEAN);
	ck_assert_int_eq(with(e_.from = UINT32_MAX), -EUCLEAN);
	ck_assert_int_eq(with(e_.from = UINT32_MAX, e_.len = 2), -EUCLEAN);
	ck_assert_int_eq(with(e_.offset = BLOB_VALUE_MAX - 100), 0);
	ck_assert_int_eq(with(e_.offset = BLOB_VALUE_MAX - 99), -EUCLEAN);
	ck_assert_int_eq(with(e_.offset = UINT64_MAX), -EUCLEAN);
}
END_TEST

START_TEST(the_last_word_is_zero)
{
	cleanup_buf struct buf list = {0};
	struct extent got;

	append(&list, sample(0, 100));
	for (unsigned bit = 0; bit < 32; bit++) {
		fixed32_put(list.ptr + 44, UINT32_C(1) << bit);
		ck_assert_int_eq(extent_list_get(buf_slice(&list), 0, &got), -EUCLEAN);
	}
}
END_TEST

START_TEST(a_part_costs_its_share_of_the_chunk)
{
	struct extent e = sample(0, 1);

	ck_assert_uint_eq(extent_disk_bytes(&e), 1);
	e.len = 5000;
	ck_assert_uint_eq(extent_disk_bytes(&e), 3000);
	e.len = 2500;
	ck_assert_uint_eq(extent_disk_bytes(&e), 1500);
	e.len = 2501;
	ck_assert_uint_eq(extent_disk_bytes(&e), 1501);
	e.stored_len = e.raw_len = e.len = BLOB_CHUNK_MAX;
	ck_assert_uint_eq(extent_disk_bytes(&e), BLOB_CHUNK_MAX);
}
END_TEST

START_TEST(the_extent_behind_an_offset_is_found)
{
	/* 0: 100..200   1: 200..300   2: 450..550   3: 1000..1100 */
	cleanup_buf struct buf list = {0};

	ck_assert_uint_eq(extent_list_find(buf_slice(&list), 0), 0);
	append(&list, sample(100, 100));
	append(&list, sample(200, 100));
	append(&list, sample(450, 100));
	append(&list, sample(1000, 100));

	struct slice all = buf_slice(&list);

	ck_assert_uint_eq(extent_list_count(all), 4);
	ck_assert_uint_eq(extent_list_find(all, 0), 0);
	ck_assert_uint_eq(extent_list_find(all, 199), 0);
	ck_assert_uint_eq(extent_list_find(all, 200), 1);
	ck_assert_uint_eq(extent_list_find(all, 299), 1);
	ck_assert_uint_eq(extent_list_find(all, 300), 2);
	ck_assert_uint_eq(extent_list_find(all, 549), 2);
	ck_assert_uint_eq(extent_list_find(all, 550), 3);
	ck_assert_uint_eq(extent_list_find(all, 1099), 3);
	ck_assert_uint_eq(extent_list_find(all, 1100), 4);
	ck_assert_uint_eq(extent_list_find(all, UINT64_MAX), 4);
}
END_TEST

START_TEST(a_list_is_whole_ascending_apart_and_within_the_size)
{
	cleanup_buf struct buf list = {0};

	ck_assert_int_eq(extent_list_check(buf_slice(&list), 0), 0);
	append(&list, sample(100, 100));
	append(&list, sample(200, 100));
	ck_assert_int_eq(extent_list_check(buf_slice(&list), 300), 0);
	ck_assert_int_eq(extent_list_check(buf_slice(&list), 299), -EUCLEAN);
	ck_assert_int_eq(extent_list_check(slice_of(list.ptr, list.len - 1), 300), -EUCLEAN);
	ck_assert_int_eq(extent_list_check(slice_of(list.ptr, 1), 300), -EUCLEAN);
	fixed64_put(list.ptr, 101); /* now they overlap by a byte */
	ck_assert_int_eq(extent_list_check(buf_slice(&list), 300), -EUCLEAN);
	fixed64_put(list.ptr, 1000); /* out of order */
	ck_assert_int_eq(extent_list_check(buf_slice(&list), 3000), -EUCLEAN);
	fixed64_put(list.ptr, 100);
	fixed64_put(list.ptr + BLOB_EXTENT_SIZE + 8, 0); /* file 0 */
	ck_assert_int_eq(extent_list_check(buf_slice(&list), 300), -EUCLEAN);
}
END_TEST

/* The heap block ends where the list ends: ASan sees a read beyond it. */
START_TEST(nonsense_is_never_read_beyond_its_end)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int round = 0; round < 2000; round++) {
		size_t len = (size_t)rng_below(&rng, 10 * BLOB_EXTENT_SIZE);
		uint8_t *bytes = malloc(len ? len : 1);
		struct slice list = slice_of(bytes, len);
		struct extent e;

		rng_fill(&rng, bytes, len);
		ck_assert(extent_list_find(list, rng_next(&rng)) <= extent_list_count(list));
		for (size_t i = 0; i < extent_list_count(list); i++)
			ck_assert(extent_list_get(list, i, &e) == -EUCLEAN);
		if (len > 0)
			ck_assert(extent_list_check(list, BLOB_VALUE_MAX) == -EUCLEAN);
		free(bytes);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&what_is_appended_is_got,
	&each_field_has_its_limits,
	&the_last_word_is_zero,
	&a_part_costs_its_share_of_the_chunk,
	&the_extent_behind_an_offset_is_found,
	&a_list_is_whole_ascending_apart_and_within_the_size,
	&nonsense_is_never_read_beyond_its_end,
};

UNIT_SUITE("lsm/blob/extent", tests)
