#include "lsm/tree/file_id.h"

/*
 * An odd factor, then the finaliser of splitmix64 (S. Vigna), each of which maps 64 bits one to
 * one. Back: the inverses of the factors modulo 2^64; and x ^ x >> n is undone by itself, twice as
 * far each time.
 */
#define STEP           UINT64_C(0x9e3779b97f4a7c15)
#define FIRST          UINT64_C(0xbf58476d1ce4e5b9)
#define SECOND         UINT64_C(0x94d049bb133111eb)
#define FIRST_INVERSE  UINT64_C(0x96de1b173f119089)
#define SECOND_INVERSE UINT64_C(0x319642b2d24d8ec3)

_Static_assert(FIRST *FIRST_INVERSE == 1 && SECOND * SECOND_INVERSE == 1, "they are inverses");

uint64_t file_id_make(uint64_t store_id, uint64_t number)
{
	uint64_t x = store_id + number * STEP;

	x = (x ^ (x >> 30)) * FIRST;
	x = (x ^ (x >> 27)) * SECOND;
	return x ^ (x >> 31);
}

uint64_t file_id_store(uint64_t id, uint64_t number)
{
	uint64_t x = id ^ (id >> 31) ^ (id >> 62);

	x *= SECOND_INVERSE;
	x = (x ^ (x >> 27) ^ (x >> 54)) * FIRST_INVERSE;
	return (x ^ (x >> 30) ^ (x >> 60)) - number * STEP;
}
