#include "lsm/sst/sst_varint.h"
#include "tests/unit/lsm/sst/table_fixture.h"

/* Both decoders say the same about the first len bytes at p. */
static void assert_agree(const uint8_t *p, size_t len)
{
	struct slice rest = slice_of(p, len);
	uint64_t slow = 0;
	uint64_t fast = 0;
	int rc = varint_take(&rest, &slow);
	const uint8_t *end = sst_varint_read(p, p + len, &fast);

	if (rc) {
		ck_assert_ptr_null(end);
		return;
	}
	ck_assert_ptr_eq(end, rest.ptr);
	ck_assert_uint_eq(fast, slow);
}

START_TEST(every_length_decodes_as_coding_does)
{
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	for (int i = 0; i < 20000; i++) {
		uint64_t v = rng_next(&rng) >> rng_below(&rng, 64);
		size_t len = varint_size(v) + rng_below(&rng, 12);
		uint8_t *p = malloc(len);

		rng_fill(&rng, p, len);
		(void)varint_put(p, v);
		for (size_t cut = 0; cut <= len; cut++)
			assert_agree(p, cut);
		free(p);
	}
}
END_TEST

START_TEST(any_bytes_decode_as_coding_does)
{
	struct rng rng;
	uint8_t bytes[16];

	rng_seed(&rng, fixture_seed());
	for (int i = 0; i < 50000; i++) {
		rng_fill(&rng, bytes, sizeof(bytes));
		for (size_t n = 0; n < sizeof(bytes); n++) {
			if (rng_below(&rng, 4))
				bytes[n] |= 0x80;
		}
		assert_agree(bytes, rng_below(&rng, sizeof(bytes) + 1));
	}
}
END_TEST

START_TEST(zigzag_is_small_for_small_differences_and_wraps)
{
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	ck_assert_uint_eq(zigzag_difference(5, 5), 0);
	ck_assert_uint_eq(zigzag_difference(4, 5), 1);
	ck_assert_uint_eq(zigzag_difference(6, 5), 2);
	ck_assert_uint_eq(zigzag_difference(0, UINT64_MAX), 2);
	for (int i = 0; i < 10000; i++) {
		uint64_t a = rng_next(&rng) >> rng_below(&rng, 64);
		uint64_t b = rng_next(&rng) >> rng_below(&rng, 64);

		ck_assert_uint_eq(zigzag_add(b, zigzag_difference(a, b)), a);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&every_length_decodes_as_coding_does,
	&any_bytes_decode_as_coding_does,
	&zigzag_is_small_for_small_differences_and_wraps,
};

UNIT_SUITE("lsm/sst/sst_varint", tests)
