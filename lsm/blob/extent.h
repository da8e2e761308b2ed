/*
 * Extents: where the parts of a large value are (lsm/blob/blob_format.h has the bytes).
 *
 * Lists are used as they stand in records; nothing is unpacked to find one extent of many.
 *
 * Thread rule: plain values.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/blob/blob_format.h"

struct extent {
	uint64_t offset;              /* in the value */
	uint64_t file;                /* the blob file's number */
	uint64_t at;                  /* the chunk's place in it */
	uint32_t stored_len, raw_len; /* of the chunk */
	uint32_t from, len;           /* the part of the unpacked chunk */
	uint32_t crc;                 /* of the chunk as stored */
};

static inline uint64_t extent_end(const struct extent *e)
{
	return e->offset + e->len;
}

/* The bytes that its part of the chunk takes on the disk, about: what is garbage when it goes. */
uint64_t extent_disk_bytes(const struct extent *e);

/* Both name parts of one chunk, and say the same of it. */
static inline bool extent_same_chunk(const struct extent *a, const struct extent *b)
{
	return a->file == b->file && a->at == b->at && a->stored_len == b->stored_len &&
	       a->raw_len == b->raw_len && a->crc == b->crc;
}

must_check int extent_append(struct buf *list, const struct extent *e);

static inline size_t extent_list_count(struct slice list)
{
	return list.len / BLOB_EXTENT_SIZE;
}

/* Extent i; -EUCLEAN with a sentence: it makes no sense by itself. i is below the count. */
must_check int extent_list_get(struct slice list, size_t i, struct extent *ret_extent);

/* The first extent that ends behind offset; the count when none does. Never reads beyond the list,
 * whatever it holds. */
size_t extent_list_find(struct slice list, uint64_t offset);

/* Check a list that nobody vouches for: whole extents, ascending, apart, within size. -EUCLEAN with
 * a sentence. */
must_check int extent_list_check(struct slice list, uint64_t size);
