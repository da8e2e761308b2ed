#include "lsm/base/rng.h"

#include <assert.h>
#include <string.h>

/* splitmix64 (S. Vigna, public domain): spreads any seed, 0 too, over the whole state. */
static uint64_t splitmix_next(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint64_t rotate_left(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->state[i] = splitmix_next(&seed);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *r, uint64_t limit)
{
	assert(limit > 0);

	/* 2^64 mod limit values are too many for an even share: draw again for one of them. */
	uint64_t surplus = -limit % limit;
	uint64_t drawn;

	do
		drawn = rng_next(r);
	while (drawn < surplus);
	return drawn % limit;
}

void rng_fill(struct rng *r, void *ptr, size_t len)
{
	uint8_t *p = ptr;

	while (len > 0) {
		uint64_t word = rng_next(r);
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(p, &word, n);
		p += n;
		len -= n;
	}
}
