/*
 * A small, fast, seedable random generator (xoshiro256**, D. Blackman and S. Vigna, 2018; seeded by
 * splitmix64). Not for secrets.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform in [0, limit); limit > 0. */
uint64_t rng_below(struct rng *r, uint64_t limit);
void rng_fill(struct rng *r, void *ptr, size_t len);
