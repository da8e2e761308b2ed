#include "lsm/base/crc32c.h"

#include <stdlib.h>
#include <string.h>

#include "lsm/base/rng.h"
#include "tests/unit/unit.h"

typedef uint32_t crc_function(uint32_t crc, const void *ptr, size_t len);

static crc_function *const both[] = {crc32c, crc32c_portable};

/* RFC 3720 appendix B.4; the RFC prints the CRC's bytes, least significant first. */
START_TEST(vectors_of_rfc_3720_hold)
{
	static const uint8_t read_command[48] = {
		0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
		0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0,
	};
	uint8_t bytes[32];

	for (size_t f = 0; f < array_size(both); f++) {
		memset(bytes, 0, sizeof(bytes));
		ck_assert_uint_eq(both[f](0, bytes, 32), 0x8a9136aa);
		memset(bytes, 0xff, sizeof(bytes));
		ck_assert_uint_eq(both[f](0, bytes, 32), 0x62a8ab43);
		for (uint8_t i = 0; i < 32; i++)
			bytes[i] = i;
		ck_assert_uint_eq(both[f](0, bytes, 32), 0x46dd794e);
		for (uint8_t i = 0; i < 32; i++)
			bytes[i] = (uint8_t)(31 - i);
		ck_assert_uint_eq(both[f](0, bytes, 32), 0x113fdb5c);
		ck_assert_uint_eq(both[f](0, read_command, 48), 0xd9963a56);
		ck_assert_uint_eq(both[f](0, "123456789", 9), 0xe3069283);
		ck_assert_uint_eq(both[f](0, NULL, 0), 0);
	}
}
END_TEST

/* One bit at a time, straight from the definition. */
static uint32_t crc_by_bits(const uint8_t *p, size_t len)
{
	uint32_t state = UINT32_MAX;

	for (size_t i = 0; i < len * 8; i++) {
		uint32_t bit = (state ^ (uint32_t)p[i / 8] >> i % 8) & 1;

		state = state >> 1 ^ (bit ? 0x82f63b78 : 0);
	}
	return ~state;
}

START_TEST(both_ways_agree_at_every_length_and_alignment)
{
	struct rng rng;
	uint8_t bytes[1200];

	rng_seed(&rng, unit_seed());
	rng_fill(&rng, bytes, sizeof(bytes));
	for (size_t len = 0; len <= 1180; len++) {
		const uint8_t *p = bytes + len % 17;
		uint32_t expected = crc_by_bits(p, len);

		ck_assert_uint_eq(crc32c(0, p, len), expected);
		ck_assert_uint_eq(crc32c_portable(0, p, len), expected);
	}
}
END_TEST

START_TEST(both_ways_agree_on_long_input)
{
	struct rng rng;
	size_t room = 40000;
	uint8_t *bytes = malloc(room);

	ck_assert_ptr_nonnull(bytes);
	rng_seed(&rng, unit_seed());
	rng_fill(&rng, bytes, room);
	for (int round = 0; round < 500; round++) {
		size_t start = (size_t)rng_below(&rng, 64);
		size_t len = (size_t)rng_below(&rng, room - start + 1);
		uint32_t before = (uint32_t)rng_next(&rng);

		ck_assert_uint_eq(crc32c(before, bytes + start, len),
				  crc32c_portable(before, bytes + start, len));
	}
	free(bytes);
}
END_TEST

START_TEST(crc_continues_over_parts)
{
	struct rng rng;
	uint8_t bytes[8192];

	rng_seed(&rng, unit_seed());
	rng_fill(&rng, bytes, sizeof(bytes));
	for (int round = 0; round < 1000; round++) {
		size_t cut = (size_t)rng_below(&rng, sizeof(bytes) + 1);

		for (size_t f = 0; f < array_size(both); f++) {
			uint32_t first = both[f](0, bytes, cut);

			ck_assert_uint_eq(both[f](first, bytes + cut, sizeof(bytes) - cut),
					  both[f](0, bytes, sizeof(bytes)));
		}
	}
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	uint8_t block[4096] = {1, 2, 3};
	uint32_t good = crc32c(0, block, sizeof(block));

	for (size_t bit = 0; bit < sizeof(block) * 8; bit += 5) {
		block[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert(crc32c(0, block, sizeof(block)) != good);
		block[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	ck_assert_uint_eq(crc32c(0, block, sizeof(block)), good);
}
END_TEST

static const TTest *const *const tests[] = {
	&vectors_of_rfc_3720_hold,      &both_ways_agree_at_every_length_and_alignment,
	&both_ways_agree_on_long_input, &crc_continues_over_parts,
	&every_flipped_bit_is_noticed,
};

UNIT_SUITE("lsm/base/crc32c", tests)
