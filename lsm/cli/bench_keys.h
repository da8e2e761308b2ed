/*
 * Keys in the orders of lsm/cli/bench.h.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/rng.h"
#include "lsm/cli/bench.h"

/*
 * Ranks by Zipf's law with exponent 0.99 among n, drawn in constant time (J. Gray et al., "Quickly
 * Generating Billion-Record Synthetic Databases", 1994).
 */
struct zipf {
	uint64_t n;
	double zeta_n, alpha, eta;
};

/* n > 0. Takes time in proportion to n. */
void zipf_init(struct zipf *z, uint64_t n);
/* 0 to n - 1, 0 oftenest. */
uint64_t zipf_next(const struct zipf *z, struct rng *rng);

/* The number of a key among count > 0: the i-th operation's. */
uint64_t bench_key_number(enum bench_order order, const struct zipf *z, struct rng *rng, uint64_t i,
			  uint64_t count);
/* Its key. */
struct slice bench_key(char prefix, uint64_t number, bool missing, char room[BENCH_KEY_MAX]);
