#include <errno.h>

#include "lsm/blob/chunk.h"
#include "tests/unit/lsm/blob/blob_fixture.h"

static struct chunk pack(struct slice raw, unsigned min_saving_pct, struct buf *room)
{
	struct chunk c;

	ck_assert_int_eq(chunk_pack(raw, true, min_saving_pct, room, &c), 0);
	ck_assert(chunk_crc_is_right(&c));
	ck_assert_uint_eq(c.raw_len, raw.len);
	return c;
}

static void expect_round_trip(struct slice raw)
{
	cleanup_buf struct buf room = {0};
	struct chunk c = pack(raw, 12, &room);
	uint8_t *back = malloc(raw.len);

	ck_assert_int_eq(chunk_unpack(&c, back), 0);
	ck_assert_mem_eq(back, raw.ptr, raw.len);
	free(back);
}

START_TEST(chunks_of_all_sizes_come_back)
{
	static const size_t sizes[] = {1, 2, 12, 13, 100, 4096, 65536, 262144, BLOB_CHUNK_MAX};

	for (size_t i = 0; i < array_size(sizes); i++) {
		uint8_t *raw = malloc(sizes[i]);

		for (int soft = 0; soft <= 1; soft++) {
			fixture_fill(raw, sizes[i], i, soft);
			expect_round_trip(slice_of(raw, sizes[i]));
		}
		memset(raw, 0, sizes[i]);
		expect_round_trip(slice_of(raw, sizes[i]));
		free(raw);
	}
}
END_TEST

START_TEST(zeros_stay_within_the_ratio_that_extents_may_claim)
{
	cleanup_buf struct buf room = {0};

	for (size_t len = 1; len <= BLOB_CHUNK_MAX; len = len * 3 + 1) {
		uint8_t *zeros = calloc(1, len);
		struct chunk c = pack(slice_of(zeros, len), 0, &room);

		ck_assert_uint_le(len, c.stored.len * (uint64_t)BLOB_LZ4_RATIO_MAX);
		free(zeros);
	}
}
END_TEST

START_TEST(what_does_not_pay_is_stored_as_it_is)
{
	cleanup_buf struct buf room = {0};
	uint8_t raw[4096];
	struct chunk c;

	fixture_fill(raw, sizeof(raw), 1, true);
	c = pack(slice_of(raw, sizeof(raw)), 0, &room);
	size_t packed = c.stored.len;

	ck_assert_ptr_eq(c.stored.ptr, room.ptr);
	ck_assert_uint_lt(packed, sizeof(raw));
	/* Exactly as much as is asked for is enough. */
	unsigned saved_pct = (unsigned)((sizeof(raw) - packed) * 100 / sizeof(raw));

	c = pack(slice_of(raw, sizeof(raw)), saved_pct, &room);
	ck_assert_uint_eq(c.stored.len, packed);
	c = pack(slice_of(raw, sizeof(raw)), saved_pct + 1, &room);
	ck_assert_ptr_eq(c.stored.ptr, raw);
	ck_assert_uint_eq(c.stored.len, sizeof(raw));
	c = pack(slice_of(raw, sizeof(raw)), 1000, &room);
	ck_assert_ptr_eq(c.stored.ptr, raw);
	ck_assert_int_eq(chunk_pack(slice_of(raw, sizeof(raw)), false, 0, &room, &c), 0);
	ck_assert_ptr_eq(c.stored.ptr, raw);
}
END_TEST

START_TEST(no_length_is_trusted)
{
	cleanup_buf struct buf room = {0};
	uint8_t raw[4096];

	fixture_fill(raw, sizeof(raw), 1, true);
	struct chunk c = pack(slice_of(raw, sizeof(raw)), 0, &room);

	for (uint32_t claimed = 0; claimed < 2 * sizeof(raw); claimed++) {
		/* A block of its own, exactly as long: ASan sees a byte too many. */
		uint8_t *back = malloc(claimed ? claimed : 1);
		struct chunk lie = c;

		lie.raw_len = claimed;
		/* As long as it is stored: it is not packed at all. */
		if (claimed != sizeof(raw) && claimed != c.stored.len)
			ck_assert(chunk_unpack(&lie, back) == -EUCLEAN);
		else
			ck_assert(chunk_unpack(&lie, back) == 0);
		free(back);
	}
	c.raw_len = BLOB_CHUNK_MAX + 1;
	ck_assert_int_eq(chunk_unpack(&c, raw), -EUCLEAN);
	c.raw_len = UINT32_MAX;
	ck_assert_int_eq(chunk_unpack(&c, raw), -EUCLEAN);
	c.stored = slice_of(NULL, 0);
	ck_assert_int_eq(chunk_unpack(&c, raw), -EUCLEAN);
}
END_TEST

START_TEST(garbage_unpacks_to_an_error_or_to_its_length)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int round = 0; round < 5000; round++) {
		size_t len = 1 + (size_t)rng_below(&rng, 200);
		uint8_t *stored = malloc(len);
		uint32_t claimed = (uint32_t)(len + rng_below(&rng, 1000));
		uint8_t *back = malloc(claimed);
		struct chunk c = {.stored = slice_of(stored, len), .raw_len = claimed};

		rng_fill(&rng, stored, len);
		int rc = chunk_unpack(&c, back);

		ck_assert(rc == 0 || rc == -EUCLEAN);
		free(stored);
		free(back);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&chunks_of_all_sizes_come_back,
	&zeros_stay_within_the_ratio_that_extents_may_claim,
	&what_does_not_pay_is_stored_as_it_is,
	&no_length_is_trusted,
	&garbage_unpacks_to_an_error_or_to_its_length,
};

UNIT_SUITE("lsm/blob/chunk", tests)
