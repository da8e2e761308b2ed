/*
 * Finds blocks in a table file by their checksums alone, for when the index that names them is
 * lost.
 *
 * A block is a payload of any length, a codec, and the CRC of table id, file offset, codec and
 * payload (lsm/sst/sst_format.h). So each pair of a start and an end is a question that only the
 * CRC answers. Asked one by one they are as many as the square of the file's size; but a CRC is
 * linear (over GF(2)), which brings each question into the form "what depends on the start ==
 * what depends on the end", and a hash table of the ends answers it for a start at once. The time
 * is proportional to the file's size.
 *
 * With start p, end e (of the payload), the register s(p) after id, offset and codec, the register
 * P(i) after the window's bytes up to i from 0, and M^n for n zero bytes:
 *
 *	crc(p, e) = M^(e-p) (s(p) ^ P(p)) ^ P(e)          what is computed
 *	          = t(e)                                  what stands behind e
 *
 * and with M^(E-e) applied to both sides, E being the window's end:
 *
 *	M^(E-p) (s(p) ^ P(p)) = M^(E-e) (t(e) ^ P(e))
 *
 * M^n is a multiplication by x^(8n) modulo the CRC's polynomial, as in crc32_combine of zlib (M.
 * Adler). 32 bits agree by chance once in a while, so each find is to be looked into.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/sst/block_source.h"

enum {
	/*
	 * The longest block found, stored, with its trailer. Longer ones (of values, mostly, which
	 * have handles) are not.
	 */
	BLOCK_SEARCH_MAX = 256 * 1024,
	BLOCK_SEARCH_WINDOW = 2 * BLOCK_SEARCH_MAX,
};

struct block_search {
	const struct block_source *source; /* borrowed */
	uint64_t file_size;
	/* Asked about a block whose checksum is right: 0: it is one; -ENOENT: none; or an error. */
	int (*accept)(void *arg, struct block_handle handle);
	void *arg;
	/* The search's own: */
	uint64_t unreadable; /* bytes of the file that the disk did not give */
	size_t window_max;   /* bytes of the file looked at at once */
	uint64_t window_offset;
	size_t window_len;
	uint8_t *window; /* owned */
	/* By place in the window: */
	uint32_t *registers; /* owned; P */
	uint32_t *end_keys;  /* owned; the right side, for ends */
	uint32_t *next_end;  /* owned; of the same hash, + 1; 0: none */
	uint32_t *first_end; /* owned; by hash */
	/* By distance to the window's end: */
	uint32_t *powers; /* owned; x^(8n) */
	uint32_t *lz4;    /* owned; what SST_LZ4 in SST_STORED's place makes of the left side */
};

/*
 * Fill the public fields of a zero-initialised search first. -ENOMEM. Ended with block_search_done,
 * also when it failed.
 */
must_check int block_search_init(struct block_search *s);
void block_search_done(struct block_search *s);

/*
 * The first block at or behind `from` that accept takes. -ENOENT: none. Or the errors of accept and
 * of the env.
 */
must_check int block_search_next(struct block_search *s, uint64_t from,
				 struct block_handle *ret_handle);
