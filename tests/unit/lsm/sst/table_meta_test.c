#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/properties.h"
#include "tests/unit/lsm/sst/table_fixture.h"

static struct footer sample_footer(void)
{
	return (struct footer){
		.filter = {.offset = 1000, .stored_len = 95},
		.properties = {.offset = 1100, .stored_len = 45},
		.index = {.offset = 1150, .stored_len = 200},
		.table_id = 9,
	};
}

enum {
	SAMPLE_SIZE = 1150 + 200 + SST_TRAILER_SIZE + SST_FOOTER_SIZE,
};

START_TEST(a_footer_survives_the_round_trip)
{
	struct footer f = sample_footer();
	struct footer got;
	uint8_t bytes[SST_FOOTER_SIZE];

	footer_encode(&f, bytes);
	ck_assert_int_eq(footer_decode(bytes, "x", SAMPLE_SIZE, &got), 0);
	ck_assert_mem_eq(&f, &got, sizeof(f));
	ck_assert_int_eq(footer_decode(bytes, "x", SAMPLE_SIZE + 1, &got), -EUCLEAN);
}
END_TEST

START_TEST(every_flipped_bit_of_a_footer_is_seen)
{
	struct footer f = sample_footer();
	struct footer got;
	uint8_t bytes[SST_FOOTER_SIZE];

	footer_encode(&f, bytes);
	for (unsigned bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);

		int rc = footer_decode(bytes, "x", SAMPLE_SIZE, &got);

		ck_assert(rc == -EBADMSG || rc == -EUCLEAN);
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
	}
}
END_TEST

START_TEST(another_version_is_refused_by_name)
{
	struct footer f = sample_footer();
	uint8_t bytes[SST_FOOTER_SIZE];

	footer_encode(&f, bytes);
	fixed16_put(bytes + 56, SST_VERSION + 1);
	fixed32_put(bytes + 60, crc32c(0, bytes, 60));
	ck_assert_int_eq(footer_decode(bytes, "000009.sst", SAMPLE_SIZE, &f), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(fail_text(), "000009.sst"));
	ck_assert_ptr_nonnull(strstr(fail_text(), "version 2"));
}
END_TEST

START_TEST(handles_that_leave_a_gap_or_overlap_are_refused)
{
	uint8_t bytes[SST_FOOTER_SIZE];
	struct footer got;

	for (int i = 0; i < 6; i++) {
		for (int delta = -1; delta <= 1; delta += 2) {
			struct footer f = sample_footer();
			struct block_handle *handles[] = {&f.filter, &f.properties, &f.index};
			struct block_handle *h = handles[i / 2];

			*(i % 2 ? &h->stored_len : &h->offset) += (uint64_t)delta;
			footer_encode(&f, bytes);
			ck_assert_int_eq(footer_decode(bytes, "x", SAMPLE_SIZE, &got), -EUCLEAN);
			*(i % 2 ? &h->stored_len : &h->offset) = UINT64_MAX - 2;
			footer_encode(&f, bytes);
			ck_assert_int_eq(footer_decode(bytes, "x", SAMPLE_SIZE, &got), -EUCLEAN);
		}
	}
}
END_TEST

START_TEST(properties_survive_the_round_trip)
{
	struct properties p = {0};
	struct properties got;
	cleanup_buf struct buf raw = {0};

	for (uint64_t i = 1; i < SST_PROPERTY_COUNT; i++)
		p.numbers[i] = UINT64_MAX / i;
	ck_assert_int_eq(buf_set(&p.smallest_key, slice_str("a")), 0);
	ck_assert_int_eq(buf_set(&p.largest_key, slice_str("zz")), 0);
	ck_assert_int_eq(properties_encode(&p, &raw), 0);
	ck_assert_int_eq(properties_decode(buf_slice(&raw), &got), 0);
	ck_assert(properties_equal(&p, &got));
	got.numbers[3]++;
	ck_assert(!properties_equal(&p, &got));
	properties_done(&got);
	for (size_t len = 0; len < raw.len; len++)
		ck_assert_int_eq(properties_decode(slice_of(raw.ptr, len), &got), -EUCLEAN);
	ck_assert_int_eq(buf_append_byte(&raw, 0), 0);
	ck_assert_int_eq(properties_decode(buf_slice(&raw), &got), -EUCLEAN);
	properties_done(&p);
}
END_TEST

START_TEST(unknown_properties_are_skipped_and_order_is_kept_to)
{
	static const uint8_t unknown[] = {1, 7, 60, 9, 0, 1, 'a', 1, 'b'};
	static const uint8_t twice[] = {1, 7, 1, 9, 0, 1, 'a', 1, 'b'};
	static const uint8_t descending[] = {2, 7, 1, 9, 0, 1, 'a', 1, 'b'};
	struct properties got;

	ck_assert_int_eq(properties_decode(slice_of(unknown, sizeof(unknown)), &got), 0);
	ck_assert_uint_eq(got.numbers[SST_ENTRIES], 7);
	ck_assert_uint_eq(got.numbers[SST_TOMBSTONES], 0);
	assert_slice_eq(buf_slice(&got.largest_key), slice_str("b"));
	properties_done(&got);
	ck_assert_int_eq(properties_decode(slice_of(twice, sizeof(twice)), &got), -EUCLEAN);
	ck_assert_int_eq(properties_decode(slice_of(descending, sizeof(descending)), &got),
			 -EUCLEAN);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_footer_survives_the_round_trip,   &every_flipped_bit_of_a_footer_is_seen,
	&another_version_is_refused_by_name, &handles_that_leave_a_gap_or_overlap_are_refused,
	&properties_survive_the_round_trip,  &unknown_properties_are_skipped_and_order_is_kept_to,
};

UNIT_SUITE("lsm/sst/table_meta", tests)
