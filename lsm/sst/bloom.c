#include "lsm/sst/bloom.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/coding.h"
#include "lsm/base/hash.h"

enum {
	LINE_BITS = SST_FILTER_LINE_SIZE * 8,
	PROBE_BITS = 9,
	PROBES_PER_WORD = 7, /* 63 of its 64 bits */
};

/*
 * 2^64 divided by the golden ratio: multiplicative hashing, D. Knuth, TAOCP volume 3, section 6.4.
 */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

/* As many lines as a filter block may have. */
#define LINES_MAX ((SST_BLOCK_MAX - SST_FILTER_HEADER_SIZE) / SST_FILTER_LINE_SIZE)

_Static_assert(LINE_BITS == 1 << PROBE_BITS, "a probe is the number of a bit in a line");
_Static_assert(LINES_MAX <= UINT32_MAX, "the number of lines is 32 bit");

static uint64_t line_of(uint64_t hash, uint32_t line_count)
{
	return (hash >> 32) * line_count >> 32;
}

int bloom_parse(struct slice raw, struct bloom *ret_bloom)
{
	if (raw.len < SST_FILTER_HEADER_SIZE)
		return -EUCLEAN;

	uint32_t line_count = fixed32_get(raw.ptr + 4);
	unsigned probes = raw.ptr[8];

	raw = slice_skip(raw, SST_FILTER_HEADER_SIZE);
	if (raw.len != (uint64_t)line_count * SST_FILTER_LINE_SIZE)
		return -EUCLEAN;
	if (line_count == 0) {
		*ret_bloom = (struct bloom){0};
		return 0;
	}
	if (probes < 1 || probes > SST_PROBES_MAX)
		return -EUCLEAN;

	uint8_t *lines = aligned_alloc(SST_FILTER_LINE_SIZE, raw.len);

	if (!lines)
		return -ENOMEM;
	memcpy(lines, raw.ptr, raw.len);
	*ret_bloom = (struct bloom){.lines = lines, .line_count = line_count, .probes = probes};
	return 0;
}

void bloom_done(struct bloom *b)
{
	free(b->lines);
	*b = (struct bloom){0};
}

bool bloom_may_contain(const struct bloom *b, uint64_t hash)
{
	const uint8_t *line = b->lines + line_of(hash, b->line_count) * SST_FILTER_LINE_SIZE;
	uint64_t first = hash * SPREAD;

	for (unsigned left = b->probes; left > 0; first *= SPREAD) {
		uint64_t g = first;

		for (unsigned i = 0; i < PROBES_PER_WORD && left > 0; i++, left--) {
			unsigned bit = (unsigned)(g >> (64 - PROBE_BITS));

			if (!(line[bit / 8] & 1U << bit % 8))
				return false;
			g <<= PROBE_BITS;
		}
	}
	return true;
}

bool bloom_equal(const struct bloom *a, const struct bloom *b)
{
	return a->line_count == b->line_count && a->probes == b->probes &&
	       (!bloom_exists(a) || memcmp(a->lines, b->lines, bloom_memory(a)) == 0);
}

static void put_in(uint8_t *line, unsigned probes, uint64_t hash)
{
	uint64_t first = hash * SPREAD;

	for (unsigned left = probes; left > 0; first *= SPREAD) {
		uint64_t g = first;

		for (unsigned i = 0; i < PROBES_PER_WORD && left > 0; i++, left--) {
			unsigned bit = (unsigned)(g >> (64 - PROBE_BITS));

			line[bit / 8] = (uint8_t)(line[bit / 8] | 1U << bit % 8);
			g <<= PROBE_BITS;
		}
	}
}

void bloom_builder_done(struct bloom_builder *b)
{
	buf_done(&b->hashes);
}

static int add_hash(struct bloom_builder *b, struct slice s, uint64_t seed)
{
	uint64_t hash = hash64(s, seed);

	return buf_append(&b->hashes, &hash, sizeof(hash));
}

int bloom_builder_add(struct bloom_builder *b, struct slice key, size_t common)
{
	if (b->bits_per_key == 0)
		return 0;

	int rc = add_hash(b, key, SST_KEY_HASH_SEED);

	if (b->separator < 0)
		return rc;
	for (size_t i = common; i < key.len && !rc; i++) {
		if (key.ptr[i] == b->separator)
			rc = add_hash(b, slice_of(key.ptr, i + 1), SST_PREFIX_HASH_SEED);
	}
	return rc;
}

static uint64_t hash_count(const struct bloom_builder *b)
{
	return b->hashes.len / sizeof(uint64_t);
}

static uint32_t lines_wanted(const struct bloom_builder *b)
{
	uint64_t bits = hash_count(b) * b->bits_per_key;

	return (uint32_t)min_of((bits + LINE_BITS - 1) / LINE_BITS, LINES_MAX);
}

size_t bloom_builder_size(const struct bloom_builder *b)
{
	return SST_FILTER_HEADER_SIZE + (size_t)lines_wanted(b) * SST_FILTER_LINE_SIZE;
}

/*
 * ln 2 probes for each bit per key are best for a plain filter; as lines are not filled evenly, the
 * blocked one is best with a little fewer.
 */
static unsigned probes_for(unsigned bits_per_key)
{
	uint64_t probes = ((uint64_t)bits_per_key * 6 + 4) / 10;

	return (unsigned)max_of(min_of(probes, (uint64_t)SST_PROBES_MAX), UINT64_C(1));
}

int bloom_builder_finish(const struct bloom_builder *b, struct buf *out)
{
	uint32_t line_count = lines_wanted(b);
	unsigned probes = line_count ? probes_for(b->bits_per_key) : 0;
	size_t size = bloom_builder_size(b);
	int rc = buf_reserve(out, size);

	if (rc)
		return rc;

	uint8_t *header = out->ptr + out->len;
	uint8_t *lines = header + SST_FILTER_HEADER_SIZE;

	memset(header, 0, size);
	fixed32_put(header, (uint32_t)min_of(hash_count(b), (uint64_t)UINT32_MAX));
	fixed32_put(header + 4, line_count);
	header[8] = (uint8_t)probes;
	for (uint64_t i = 0; i < hash_count(b); i++) {
		uint64_t hash;

		memcpy(&hash, b->hashes.ptr + i * sizeof(hash), sizeof(hash));
		put_in(lines + line_of(hash, line_count) * SST_FILTER_LINE_SIZE, probes, hash);
	}
	out->len += size;
	return 0;
}
