#include "lsm/tree/file_id.h"

#include "lsm/base/rng.h"
#include "tests/unit/unit.h"

START_TEST(the_store_follows_from_a_files_id)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	for (int i = 0; i < 100000; i++) {
		uint64_t store = rng_next(&rng), number = 1 + rng_below(&rng, UINT64_C(1) << 56);

		ck_assert(file_id_store(file_id_make(store, number), number) == store);
		ck_assert(file_id_make(store, number) != file_id_make(store, number + 1));
	}
}
END_TEST

/* It stands in files. */
START_TEST(ids_stay_what_they_were)
{
	ck_assert_uint_eq(file_id_make(0, 1), UINT64_C(0xe220a8397b1dcdaf));
	ck_assert_uint_eq(file_id_store(UINT64_C(0xe220a8397b1dcdaf), 1), 0);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_store_follows_from_a_files_id,
	&ids_stay_what_they_were,
};

UNIT_SUITE("lsm/tree/file_id", tests)
