#include "lsm/base/coding.h"
#include "lsm/base/rng.h"
#include "lsm/sst/block_codec.h"
#include "tests/unit/lsm/sst/table_fixture.h"

static void assert_unpacks_to(struct block_payload payload, struct slice raw)
{
	size_t len;

	ck_assert_int_eq(block_unpacked_len(payload, &len), 0);
	ck_assert_uint_eq(len, raw.len);

	uint8_t *into = malloc(len + 1);

	ck_assert_int_eq(block_unpack(payload, into, len), 0);
	ck_assert(slice_eq(slice_of(into, len), raw));
	free(into);
}

START_TEST(what_goes_in_comes_out)
{
	static uint8_t bytes[70000];
	cleanup_buf struct buf room = {0};
	struct block_payload payload;
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (int i = 0; i < 300; i++) {
		struct slice raw = random_bytes(&rng, bytes, rng_below(&rng, sizeof(bytes)));

		ck_assert_int_eq(block_compress(raw, SST_LZ4, 0, &room, &payload), 0);
		assert_unpacks_to(payload, raw);
		ck_assert_int_eq(block_compress(raw, SST_STORED, 0, &room, &payload), 0);
		ck_assert_int_eq(payload.codec, SST_STORED);
		assert_unpacks_to(payload, raw);
	}
}
END_TEST

START_TEST(a_block_that_saves_too_little_is_stored)
{
	static uint8_t bytes[4000];
	cleanup_buf struct buf room = {0};
	struct block_payload payload;
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	rng_fill(&rng, bytes, sizeof(bytes));
	memset(bytes, 'a', 1000);
	ck_assert_int_eq(block_compress(slice_of(bytes, 4000), SST_LZ4, 20, &room, &payload), 0);
	ck_assert_int_eq(payload.codec, SST_LZ4);
	ck_assert_uint_le(payload.bytes.len, 3200);
	ck_assert_int_eq(block_compress(slice_of(bytes, 4000), SST_LZ4, 30, &room, &payload), 0);
	ck_assert_int_eq(payload.codec, SST_STORED);
	rng_fill(&rng, bytes, sizeof(bytes));
	ck_assert_int_eq(block_compress(slice_of(bytes, 4000), SST_LZ4, 0, &room, &payload), 0);
	ck_assert_int_eq(payload.codec, SST_STORED);
}
END_TEST

static int claim(uint64_t len, size_t payload_len, size_t *ret_len)
{
	static uint8_t bytes[1 << 20];
	uint8_t *end = varint_put(bytes, len);
	struct block_payload payload = {
		.bytes = slice_of(bytes, (size_t)(end - bytes) + payload_len),
		.codec = SST_LZ4,
	};

	return block_unpacked_len(payload, ret_len);
}

START_TEST(a_bomb_is_refused_by_its_claim)
{
	size_t len;

	ck_assert_int_eq(claim(SST_BLOCK_MAX + 1, 900000, &len), -EUCLEAN);
	ck_assert_int_eq(claim(UINT64_MAX, 900000, &len), -EUCLEAN);
	ck_assert_int_eq(claim(0, 100, &len), -EUCLEAN);
	ck_assert_int_eq(claim(100 * 255 + 1, 100, &len), -EUCLEAN);
	ck_assert_int_eq(claim(100 * 255, 100, &len), 0);
	ck_assert_uint_eq(len, 25500);
	ck_assert_int_eq(claim(1, 0, &len), -EUCLEAN);
}
END_TEST

START_TEST(the_best_ratio_of_lz4_is_within_the_cap)
{
	static uint8_t zeros[16 << 20];
	cleanup_buf struct buf room = {0};
	struct block_payload payload;

	for (size_t len = 64; len <= sizeof(zeros); len *= 4) {
		ck_assert_int_eq(block_compress(slice_of(zeros, len), SST_LZ4, 0, &room, &payload),
				 0);
		ck_assert_int_eq(payload.codec, SST_LZ4);
		assert_unpacks_to(payload, slice_of(zeros, len));
	}
}
END_TEST

START_TEST(bad_payloads_do_not_unpack)
{
	static uint8_t bytes[5000], into[5000];
	cleanup_buf struct buf room = {0};
	struct block_payload payload;
	struct rng rng;
	size_t len;

	rng_seed(&rng, fixture_seed());
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(rng_below(&rng, 8) ? 'x' : rng_below(&rng, 256));
	ck_assert_int_eq(
		block_compress(slice_of(bytes, sizeof(bytes)), SST_LZ4, 0, &room, &payload), 0);
	ck_assert_int_eq(payload.codec, SST_LZ4);
	for (int i = 0; i < 3000; i++) {
		struct slice copy = copy_slice(payload.bytes);
		struct block_payload bad = {.bytes = copy, .codec = SST_LZ4};
		size_t at = rng_below(&rng, copy.len);

		((uint8_t *)copy.ptr)[at] ^= (uint8_t)(1U << rng_below(&rng, 8));
		if (i % 2)
			bad.bytes.len = at;
		if (block_unpacked_len(bad, &len) == 0 && len <= sizeof(into)) {
			int rc = block_unpack(bad, into, len);

			ck_assert(rc == 0 || rc == -EUCLEAN);
		}
		free((void *)copy.ptr);
	}
	payload.codec = (enum sst_codec)2;
	ck_assert_int_eq(block_unpacked_len(payload, &len), -EUCLEAN);
}
END_TEST

START_TEST(the_checksum_covers_id_offset_codec_and_bytes)
{
	struct block_payload a = {.bytes = slice_str("payload"), .codec = SST_STORED};
	struct block_payload b = {.bytes = slice_str("pbyload"), .codec = SST_STORED};
	struct block_payload c = {.bytes = slice_str("payload"), .codec = SST_LZ4};
	uint32_t crc = block_crc(1, 2, a);

	ck_assert_uint_eq(crc, block_crc(1, 2, a));
	ck_assert_uint_ne(crc, block_crc(2, 2, a));
	ck_assert_uint_ne(crc, block_crc(1, 1, a));
	ck_assert_uint_ne(crc, block_crc(1, 2, b));
	ck_assert_uint_ne(crc, block_crc(1, 2, c));
}
END_TEST

static const TTest *const *const tests[] = {
	&what_goes_in_comes_out,         &a_block_that_saves_too_little_is_stored,
	&a_bomb_is_refused_by_its_claim, &the_best_ratio_of_lz4_is_within_the_cap,
	&bad_payloads_do_not_unpack,     &the_checksum_covers_id_offset_codec_and_bytes,
};

UNIT_SUITE("lsm/sst/block_codec", tests)
