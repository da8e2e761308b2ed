/*
 * The blocked Bloom filter (lsm/sst/sst_format.h): one key touches one cache line.
 *
 * Which bits a hash h sets: line = (h >> 32) * lines >> 32; then, in that line's 512 bits, one bit
 * for each probe: the nine highest bits of g are its number (bit n is bit n % 8 of byte n / 8),
 * where g begins as h * 0x9e3779b97f4a7c15 and is shifted left by nine for the next probe; every
 * seventh probe, when g is used up, begins with g = the first g multiplied again by the same
 * constant (modulo 2^64).
 *
 * Thread rule: bloom, any thread; bloom_builder, one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/sst/sst_format.h"

struct bloom {
	uint8_t *lines; /* owned, aligned to a line; NULL: no filter */
	uint32_t line_count;
	unsigned probes;
};

/* Take a copy of a filter block's payload. -EUCLEAN, -ENOMEM. */
must_check int bloom_parse(struct slice raw, struct bloom *ret_bloom);
void bloom_done(struct bloom *b);

static inline bool bloom_exists(const struct bloom *b)
{
	return b->line_count > 0;
}

/* False: never put in. The filter exists. */
bool bloom_may_contain(const struct bloom *b, uint64_t hash);

static inline size_t bloom_memory(const struct bloom *b)
{
	return (size_t)b->line_count * SST_FILTER_LINE_SIZE;
}

/* Whether both are the same filter. */
bool bloom_equal(const struct bloom *a, const struct bloom *b);

struct bloom_builder {
	unsigned bits_per_key; /* 0: no filter */
	int separator;         /* of prefixes, or -1 */
	struct buf hashes;     /* owned; u64 each */
};

void bloom_builder_done(struct bloom_builder *b);

/*
 * Put in a user key, and of its prefixes those that the previous key does not have; keys come in
 * order, each once. common: how many bytes it shares with the previous one. -ENOMEM.
 */
must_check int bloom_builder_add(struct bloom_builder *b, struct slice key, size_t common);

/* About as many bytes would the filter block have. */
size_t bloom_builder_size(const struct bloom_builder *b);

/* Append the payload of the filter block. -ENOMEM. */
must_check int bloom_builder_finish(const struct bloom_builder *b, struct buf *out);
