#include "lsm/cli/bench_keys.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "lsm/base/hash.h"

#define ZIPF_EXPONENT 0.99

enum {
	HOT_SHARE = 100,
};

static double zeta(uint64_t n)
{
	double sum = 0;

	for (uint64_t i = 1; i <= n; i++)
		sum += 1 / pow((double)i, ZIPF_EXPONENT);
	return sum;
}

void zipf_init(struct zipf *z, uint64_t n)
{
	z->n = n;
	z->zeta_n = zeta(n);
	z->alpha = 1 / (1 - ZIPF_EXPONENT);
	z->eta = (1 - pow(2 / (double)n, 1 - ZIPF_EXPONENT)) / (1 - zeta(2) / z->zeta_n);
}

uint64_t zipf_next(const struct zipf *z, struct rng *rng)
{
	double u = (double)(rng_next(rng) >> 11) / (double)(UINT64_C(1) << 53);
	double uz = u * z->zeta_n;

	if (uz < 1 || z->n < 2)
		return 0;
	if (uz < 1 + pow(0.5, ZIPF_EXPONENT))
		return 1;
	uint64_t rank = (uint64_t)((double)z->n * pow(z->eta * u - z->eta + 1, z->alpha));

	return rank < z->n ? rank : z->n - 1;
}

static uint64_t hash_number(uint64_t number)
{
	return hash64(slice_of(&number, sizeof(number)), 0);
}

uint64_t bench_key_number(enum bench_order order, const struct zipf *z, struct rng *rng, uint64_t i,
			  uint64_t count)
{
	switch (order) {
	case BENCH_SEQUENTIAL:
		return i % count;
	case BENCH_BACKWARD:
		return count - 1 - i % count;
	case BENCH_UNIFORM:
		return rng_below(rng, count);
	case BENCH_HOT:
		return rng_below(rng, count / HOT_SHARE + 1) % count;
	case BENCH_ZIPFIAN:
		return hash_number(zipf_next(z, rng)) % count;
	case BENCH_LATEST:
		return count - 1 - zipf_next(z, rng) % count;
	}
	return 0;
}

struct slice bench_key(char prefix, uint64_t number, bool missing, char room[BENCH_KEY_MAX])
{
	int len = snprintf(room, BENCH_KEY_MAX, "%c%015" PRIu64 "%s", prefix, number,
			   missing ? "." : "");

	return slice_of(room, (size_t)len);
}
