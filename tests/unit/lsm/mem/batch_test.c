#include "lsm/mem/batch.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/mem/batch_format.h"
#include "tests/unit/lsm/mem/mem_fixture.h"

static void add_three(struct batch *b)
{
	ck_assert_int_eq(batch_put(b, slice_str("alpha"), slice_str("mm"), slice_str("value")), 0);
	ck_assert_int_eq(batch_delete(b, slice_str("beta")), 0);
	ck_assert_int_eq(batch_put(b, slice_str("g"), slice_of(NULL, 0), slice_of(NULL, 0)), 0);
}

START_TEST(changes_come_back_in_order)
{
	struct batch b = {0};
	struct record rec;

	add_three(&b);
	ck_assert_uint_eq(b.count, 3);
	struct slice rep = buf_slice(&b.rep);

	ck_assert_int_eq(batch_take(&rep, &rec), 0);
	ck_assert_int_eq(rec.kind, RECORD_PUT);
	ck_assert(slice_eq(rec.key, slice_str("alpha")));
	ck_assert(slice_eq(rec.meta, slice_str("mm")));
	ck_assert(slice_eq(rec.value, slice_str("value")));
	ck_assert_uint_eq(rec.value_len, 5);
	ck_assert_int_eq(batch_take(&rep, &rec), 0);
	ck_assert_int_eq(rec.kind, RECORD_DELETE);
	ck_assert(slice_eq(rec.key, slice_str("beta")));
	ck_assert_uint_eq(rec.meta.len, 0);
	ck_assert_uint_eq(rec.value_len, 0);
	ck_assert_int_eq(batch_take(&rep, &rec), 0);
	ck_assert_int_eq(rec.kind, RECORD_PUT);
	ck_assert_uint_eq(rec.value_len, 0);
	ck_assert_int_eq(batch_take(&rep, &rec), -ENODATA);
	batch_done(&b);
}
END_TEST

START_TEST(encoding_is_as_the_format_says)
{
	static const uint8_t expected[] = {
		1, 5, 'a', 'l', 'p', 'h', 'a', 2, 'm', 'm', 5, 'v', 'a', 'l', 'u', 'e', /* put */
		0, 4, 'b', 'e', 't', 'a',                                               /* delete */
		1, 1, 'g', 0,   0, /* empty put */
	};
	struct batch b = {0};

	add_three(&b);
	ck_assert(slice_eq(buf_slice(&b.rep), slice_of(expected, sizeof(expected))));
	batch_done(&b);
}
END_TEST

START_TEST(clear_empties_the_batch)
{
	struct batch b = {0};

	add_three(&b);
	batch_clear(&b);
	ck_assert_uint_eq(b.count, 0);
	ck_assert_uint_eq(b.memory_bytes, 0);
	ck_assert_uint_eq(b.rep.len, 0);
	add_three(&b);
	ck_assert_uint_eq(b.count, 3);
	batch_done(&b);
}
END_TEST

START_TEST(memory_is_the_sum_over_the_records)
{
	struct batch b = {0};
	struct record rec;
	size_t sum = 0;

	add_three(&b);
	for (struct slice rep = buf_slice(&b.rep); batch_take(&rep, &rec) == 0;)
		sum += batch_record_memory(&rec);
	ck_assert_uint_eq(b.memory_bytes, sum);
	batch_done(&b);
}
END_TEST

static void expect_unchanged(const struct batch *b, uint32_t count, size_t len, size_t memory)
{
	ck_assert_uint_eq(b->count, count);
	ck_assert_uint_eq(b->rep.len, len);
	ck_assert_uint_eq(b->memory_bytes, memory);
}

START_TEST(limits_are_refused_and_change_nothing)
{
	static uint8_t big[RECORD_META_MAX + 1];
	struct slice none = slice_of(NULL, 0);
	struct slice key = slice_str("k");
	struct batch b = {0};

	add_three(&b);
	size_t len = b.rep.len;
	size_t memory = b.memory_bytes;

	ck_assert_int_eq(batch_put(&b, none, none, none), -EINVAL);
	ck_assert_int_eq(batch_delete(&b, none), -EINVAL);
	ck_assert_int_eq(batch_put(&b, slice_of(big, RECORD_KEY_MAX + 1), none, none),
			 -ENAMETOOLONG);
	ck_assert_int_eq(batch_delete(&b, slice_of(big, RECORD_KEY_MAX + 1)), -ENAMETOOLONG);
	ck_assert_int_eq(batch_put(&b, key, slice_of(big, RECORD_META_MAX + 1), none), -E2BIG);
	/* The length is refused before a byte is read. */
	ck_assert_int_eq(batch_put(&b, key, none, slice_of(big, RECORD_VALUE_MAX + 1)), -EFBIG);
	b.rep.len = BATCH_MAX_BYTES - RECORD_KEY_MAX; /* as if it were nearly full */
	ck_assert_int_eq(batch_put(&b, key, none, slice_of(big, RECORD_KEY_MAX)), -E2BIG);
	b.rep.len = len;
	expect_unchanged(&b, 3, len, memory);

	ck_assert_int_eq(batch_delete(&b, slice_of(big, RECORD_KEY_MAX)), 0);
	ck_assert_int_eq(batch_put(&b, key, slice_of(big, RECORD_META_MAX), none), 0);
	batch_done(&b);
}
END_TEST

START_TEST(a_batch_cut_anywhere_inside_a_change_is_refused)
{
	struct batch b = {0};
	uint32_t count;

	add_three(&b);
	for (size_t len = 0; len <= b.rep.len; len++) {
		bool whole = len == 0 || len == 16 || len == 22 || len == b.rep.len;
		/* A copy of its own, so that the sanitizer sees a read beyond the end. */
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, b.rep.ptr, len);
		int rc = batch_check(slice_of(copy, len), &count);
		ck_assert_int_eq(rc, whole ? 0 : -EUCLEAN);
		free(copy);
	}
	ck_assert_int_eq(batch_check(buf_slice(&b.rep), &count), 0);
	ck_assert_uint_eq(count, 3);
	batch_done(&b);
}
END_TEST

static void expect_refused(const void *bytes, size_t len)
{
	struct slice rep = slice_of(bytes, len);
	struct slice before = rep;
	struct record rec = {.seqno = 77};
	uint32_t count = 99;

	fail_clear();
	ck_assert_int_eq(batch_take(&rep, &rec), -EUCLEAN);
	ck_assert_str_ne(fail_text(), "");
	ck_assert_ptr_eq(rep.ptr, before.ptr);
	ck_assert_uint_eq(rep.len, before.len);
	ck_assert_uint_eq(rec.seqno, 77);
	ck_assert_int_eq(batch_check(before, &count), -EUCLEAN);
	ck_assert_uint_eq(count, 99);
}

START_TEST(senseless_changes_are_refused_and_touch_nothing)
{
	static const uint8_t unknown_kind[] = {RECORD_LARGE + 1, 1, 'k', 0, 0};
	static const uint8_t empty_key[] = {0, 0};
	static const uint8_t endless_varint[] = {0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t huge_value[] = {1, 1, 'k', 0, 0xff, 0xff, 0xff, 0xff, 0x0f};
	struct buf b = {0};

	expect_refused(unknown_kind, sizeof(unknown_kind));
	expect_refused(empty_key, sizeof(empty_key));
	expect_refused(endless_varint, sizeof(endless_varint));
	expect_refused(huge_value, sizeof(huge_value));

	/* A key and a meta that are there in full, but over the limit. */
	static uint8_t big[RECORD_META_MAX + 1];

	ck_assert_int_eq(buf_append_byte(&b, RECORD_DELETE), 0);
	ck_assert_int_eq(buf_append_sized(&b, slice_of(big, RECORD_KEY_MAX + 1)), 0);
	expect_refused(b.ptr, b.len);
	buf_clear(&b);
	ck_assert_int_eq(buf_append_byte(&b, RECORD_PUT), 0);
	ck_assert_int_eq(buf_append_sized(&b, slice_str("k")), 0);
	ck_assert_int_eq(buf_append_sized(&b, slice_of(big, RECORD_META_MAX + 1)), 0);
	ck_assert_int_eq(buf_append_sized(&b, slice_of(NULL, 0)), 0);
	expect_refused(b.ptr, b.len);
	buf_done(&b);
}
END_TEST

static void expect_inside(struct slice part, const uint8_t *begin, size_t len)
{
	ck_assert(part.len == 0 || (part.ptr >= begin && part.ptr + part.len <= begin + len));
}

/* Take all there is; whatever is answered lies in the bytes and keeps the limits. */
static void take_all(const uint8_t *bytes, size_t len)
{
	struct slice rep = slice_of(bytes, len);
	struct record rec;
	int rc;

	while ((rc = batch_take(&rep, &rec)) == 0) {
		ck_assert_uint_le(rec.kind, RECORD_LARGE);
		ck_assert(rec.key.len >= 1 && rec.key.len <= RECORD_KEY_MAX);
		ck_assert_uint_eq(rec.value.len, rec.value_len);
		expect_inside(rec.key, bytes, len);
		expect_inside(rec.meta, bytes, len);
		expect_inside(rec.value, bytes, len);
	}
	ck_assert(rc == -ENODATA || rc == -EUCLEAN);
}

START_TEST(arbitrary_bytes_are_taken_safely)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int round = 0; round < 20000; round++) {
		size_t len = rng_below(&rng, 64);
		uint8_t *bytes = malloc(len + 1);

		rng_fill(&rng, bytes, len);
		/* Small numbers, so that many get past the kind and the lengths. */
		for (size_t i = 0; i < len; i++)
			if (rng_below(&rng, 4))
				bytes[i] &= 3;
		uint8_t *exact = malloc(len ? len : 1);

		memcpy(exact, bytes, len);
		take_all(exact, len);
		free(exact);
		free(bytes);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&changes_come_back_in_order,
	&encoding_is_as_the_format_says,
	&clear_empties_the_batch,
	&memory_is_the_sum_over_the_records,
	&limits_are_refused_and_change_nothing,
	&a_batch_cut_anywhere_inside_a_change_is_refused,
	&senseless_changes_are_refused_and_touch_nothing,
	&arbitrary_bytes_are_taken_safely,
};

UNIT_SUITE("lsm/mem/batch", tests)
