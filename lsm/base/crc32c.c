/*
 * Two implementations behind one function pointer, chosen at the first call.
 *
 * The portable one is slicing-by-8 (M. Kounavis and F. Berry, "Novel Table Lookup-Based Algorithms
 * for High-Performance CRC Generation", 2008). The x86 one runs three chains of the crc32
 * instruction side by side, because the instruction takes three cycles but can begin one each cycle
 * (V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel,
 * 2011).
 *
 * Inside this file a "state" is the register without the inversions at the beginning and the end.
 */
#include "lsm/base/crc32c.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "lsm/base/coding.h"
#include "lsm/base/compiler.h"

static const uint32_t polynomial = 0x82f63b78; /* 0x1EDC6F41, bits reversed */

/* slices[k][b]: the state 0, after byte b and k zero bytes. Written once, under slices_once. */
static uint32_t slices[8][256];
static pthread_once_t slices_once = PTHREAD_ONCE_INIT;

static uint32_t byte_state(uint32_t byte)
{
	uint32_t state = byte;

	for (int bit = 0; bit < 8; bit++)
		state = state >> 1 ^ ((state & 1) ? polynomial : 0);
	return state;
}

static void slices_build(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t state = byte_state(byte);

		for (size_t k = 0; k < array_size(slices); k++) {
			slices[k][byte] = state;
			state = state >> 8 ^ byte_state(state & 0xff);
		}
	}
}

static uint32_t portable_state(uint32_t state, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint32_t low = fixed32_get(p) ^ state;

		state = slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^
			slices[5][low >> 16 & 0xff] ^ slices[4][low >> 24] ^ slices[3][p[4]] ^
			slices[2][p[5]] ^ slices[1][p[6]] ^ slices[0][p[7]];
	}
	for (; len > 0; p++, len--)
		state = state >> 8 ^ slices[0][(state ^ *p) & 0xff];
	return state;
}

uint32_t crc32c_portable(uint32_t crc, const void *ptr, size_t len)
{
	pthread_once(&slices_once, slices_build);
	return ~portable_state(~crc, ptr, len);
}

typedef uint32_t crc_function(uint32_t crc, const void *ptr, size_t len);

#ifdef __x86_64__

#include <nmmintrin.h>

#define with_sse42 __attribute__((target("sse4.2")))

/* Bytes; a 4 KiB block is one round of long lanes, two of short ones and a rest of 256. */
#define LONG_LANE  ((size_t)1024)
#define SHORT_LANE ((size_t)128)

/*
 * What `length` zero bytes do to a state. The effect is linear over GF(2), so the effect on a state
 * is the XOR of the effects on its four bytes.
 */
struct zeros {
	uint32_t effect[4][256];
};

/* Written once, before crc32c_sse42 can be seen through `chosen`. */
static struct zeros long_zeros, short_zeros;
static pthread_once_t zeros_once = PTHREAD_ONCE_INIT;

static void zeros_build(struct zeros *z, size_t length)
{
	static const uint8_t zero_bytes[LONG_LANE];

	for (size_t byte = 0; byte < 4; byte++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			uint32_t state = (uint32_t)1 << (8 * byte + bit);

			z->effect[byte][1U << bit] = portable_state(state, zero_bytes, length);
		}
		for (unsigned int v = 1; v < 256; v++) {
			unsigned int lowest = v & -v;

			z->effect[byte][v] = z->effect[byte][lowest] ^ z->effect[byte][v ^ lowest];
		}
	}
}

static void zeros_build_both(void)
{
	pthread_once(&slices_once, slices_build);
	zeros_build(&long_zeros, LONG_LANE);
	zeros_build(&short_zeros, SHORT_LANE);
}

static uint32_t zeros_apply(const struct zeros *z, uint32_t state)
{
	return z->effect[0][state & 0xff] ^ z->effect[1][state >> 8 & 0xff] ^
	       z->effect[2][state >> 16 & 0xff] ^ z->effect[3][state >> 24];
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * The state after three lanes that lie behind each other. The second and third lane begin at state
 * 0; a state's effect on a lane is that of as many zeros, added to the lane's own.
 */
with_sse42 static uint32_t three_lanes(uint32_t state, const uint8_t *p, size_t lane,
				       const struct zeros *z)
{
	uint64_t a = state;
	uint64_t b = 0;
	uint64_t c = 0;

	for (size_t i = 0; i < lane; i += 8) {
		a = _mm_crc32_u64(a, word_at(p + i));
		b = _mm_crc32_u64(b, word_at(p + lane + i));
		c = _mm_crc32_u64(c, word_at(p + 2 * lane + i));
	}
	b ^= zeros_apply(z, (uint32_t)a);
	return (uint32_t)c ^ zeros_apply(z, (uint32_t)b);
}

with_sse42 static uint32_t crc32c_sse42(uint32_t crc, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;
	uint32_t state = ~crc;

	for (; len >= 3 * LONG_LANE; p += 3 * LONG_LANE, len -= 3 * LONG_LANE)
		state = three_lanes(state, p, LONG_LANE, &long_zeros);
	for (; len >= 3 * SHORT_LANE; p += 3 * SHORT_LANE, len -= 3 * SHORT_LANE)
		state = three_lanes(state, p, SHORT_LANE, &short_zeros);
	for (; len >= 8; p += 8, len -= 8)
		state = (uint32_t)_mm_crc32_u64(state, word_at(p));
	for (; len > 0; p++, len--)
		state = _mm_crc32_u8(state, *p);
	return ~state;
}

static crc_function *best_function(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2"))
		return crc32c_portable;
	pthread_once(&zeros_once, zeros_build_both);
	return crc32c_sse42;
}

#else

static crc_function *best_function(void)
{
	return crc32c_portable;
}

#endif

static uint32_t choose_and_run(uint32_t crc, const void *ptr, size_t len);

static _Atomic(crc_function *) chosen = choose_and_run;

static uint32_t choose_and_run(uint32_t crc, const void *ptr, size_t len)
{
	crc_function *best = best_function();

	/* Release: pairs with the acquire in crc32c, so that whoever sees the function sees its
	 * tables. */
	atomic_store_explicit(&chosen, best, memory_order_release);
	return best(crc, ptr, len);
}

uint32_t crc32c(uint32_t crc, const void *ptr, size_t len)
{
	return atomic_load_explicit(&chosen, memory_order_acquire)(crc, ptr, len);
}
