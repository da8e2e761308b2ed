#include "lsm/sst/block_search.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"

#define POLYNOMIAL UINT32_C(0x82f63b78) /* of CRC-32C, reflected */
#define ONE        (UINT32_C(1) << 31)  /* x^0, reflected */
_Static_assert(SST_STORED == 0, "so it adds nothing to the register");

enum {
	HASH_SIZE = 1 << 16,       /* about one place in a hundred looks like a trailer */
	HASH_MASK = HASH_SIZE - 1, /* keys are as good as random */
};

/* All ones if the lowest bit is set: a branch on random bits would cost more than the rest. */
static uint32_t mask_of(uint32_t bit)
{
	return 0 - (bit & 1);
}

/* The product of two polynomials modulo the CRC's. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (int i = 31; i >= 0; i--) {
		product ^= b & mask_of(a >> i);
		b = b >> 1 ^ (POLYNOMIAL & mask_of(b));
	}
	return product;
}

/* crc32c() inverts its register at both ends; here the bare register is wanted. */
static uint32_t advance(uint32_t reg, const void *bytes, size_t len)
{
	return ~crc32c(~reg, bytes, len);
}

int block_search_init(struct block_search *s)
{
	const uint8_t zero = 0, lz4 = SST_LZ4;

	s->window_max = (size_t)min_of(s->file_size, (uint64_t)BLOCK_SEARCH_WINDOW) + 1;
	s->window = malloc(s->window_max);
	s->registers = malloc((s->window_max + 1) * sizeof(uint32_t));
	s->end_keys = malloc(s->window_max * sizeof(uint32_t));
	s->next_end = malloc(s->window_max * sizeof(uint32_t));
	s->first_end = malloc(HASH_SIZE * sizeof(uint32_t));
	s->powers = malloc((s->window_max + 1) * sizeof(uint32_t));
	s->lz4 = malloc((s->window_max + 1) * sizeof(uint32_t));
	if (!s->window || !s->registers || !s->end_keys || !s->next_end || !s->first_end ||
	    !s->powers || !s->lz4)
		return -ENOMEM;
	s->powers[0] = ONE;
	s->lz4[0] = advance(0, &lz4, 1);
	for (size_t i = 0; i < s->window_max; i++) {
		s->powers[i + 1] = advance(s->powers[i], &zero, 1);
		s->lz4[i + 1] = advance(s->lz4[i], &zero, 1);
	}
	return 0;
}

void block_search_done(struct block_search *s)
{
	free(s->window);
	free(s->registers);
	free(s->end_keys);
	free(s->next_end);
	free(s->first_end);
	free(s->powers);
	free(s->lz4);
	*s = (struct block_search){0};
}

static bool is_codec(uint8_t byte)
{
	return byte == SST_STORED || byte == SST_LZ4;
}

/* A trailer may begin at `end`: remember under which key. */
static void note_end(struct block_search *s, size_t end)
{
	uint32_t wanted = ~fixed32_get(s->window + end + 1);
	uint32_t key = multiply(s->powers[s->window_len - end], wanted ^ s->registers[end]);

	s->end_keys[end] = key;
	s->next_end[end] = s->first_end[key & HASH_MASK];
	s->first_end[key & HASH_MASK] = (uint32_t)end + 1;
}

static int load_window(struct block_search *s, uint64_t from)
{
	size_t len = min_of(s->file_size - from, (uint64_t)BLOCK_SEARCH_WINDOW);
	int rc = env_file_read_patchy(s->source->file, s->source->name, from, s->window, len,
				      &s->unreadable);

	if (rc)
		return rc;
	s->window_offset = from;
	s->window_len = len;
	memset(s->first_end, 0, HASH_SIZE * sizeof(uint32_t));
	s->registers[0] = 0;
	for (size_t i = 0; i < len; i++)
		s->registers[i + 1] = advance(s->registers[i], s->window + i, 1);
	for (size_t end = 0; end + SST_TRAILER_SIZE <= len; end++) {
		if (is_codec(s->window[end]))
			note_end(s, end);
	}
	return 0;
}

/* Whether the window holds the longest block at p, or reaches to the file's end. */
static bool is_in_window(const struct block_search *s, uint64_t p)
{
	uint64_t window_end = s->window_offset + s->window_len;

	if (s->window_len == 0 || p < s->window_offset || p >= window_end)
		return false;
	return window_end == s->file_size || window_end - p >= BLOCK_SEARCH_MAX;
}

/* What a payload that begins at `start` depends on, stored as it is. */
static uint32_t start_key(const struct block_search *s, size_t start)
{
	const struct block_payload nothing = {slice_str(""), SST_STORED};
	uint32_t reg = ~block_crc(s->source->table_id, s->window_offset + start, nothing);

	return multiply(s->powers[s->window_len - start], reg ^ s->registers[start]);
}

/* The blocks at `start` of the window with that key and codec, offered to accept. */
static int try_key(struct block_search *s, size_t start, uint32_t key, enum sst_codec codec,
		   struct block_handle *ret_handle)
{
	for (uint32_t at = s->first_end[key & HASH_MASK]; at > 0; at = s->next_end[at - 1]) {
		size_t end = at - 1;
		struct block_handle handle = {.offset = s->window_offset + start,
					      .stored_len = end - start};
		int rc;

		if (end <= start || s->end_keys[end] != key || s->window[end] != codec)
			continue;
		rc = s->accept(s->arg, handle);
		if (rc == 0)
			*ret_handle = handle;
		if (rc != -ENOENT)
			return rc;
	}
	return -ENOENT;
}

static int try_start(struct block_search *s, size_t start, struct block_handle *ret_handle)
{
	uint32_t key = start_key(s, start);
	int rc = try_key(s, start, key, SST_STORED, ret_handle);

	if (rc != -ENOENT)
		return rc;
	key ^= s->lz4[s->window_len - start];
	return try_key(s, start, key, SST_LZ4, ret_handle);
}

int block_search_next(struct block_search *s, uint64_t from, struct block_handle *ret_handle)
{
	for (uint64_t p = from; p + SST_TRAILER_SIZE < s->file_size; p++) {
		int rc = is_in_window(s, p) ? 0 : load_window(s, p);

		if (rc)
			return rc;
		rc = try_start(s, (size_t)(p - s->window_offset), ret_handle);
		if (rc != -ENOENT)
			return rc;
	}
	return -ENOENT;
}
