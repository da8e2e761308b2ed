/*
 * The record: one version of one key, as it travels through every layer of the engine.
 *
 * Versions are ordered by user key (byte order), newest (highest seqno) first. The commit time
 * never orders anything.
 */
#pragma once

#include "lsm/base/slice.h"

/* Stable numbers: they stand in files. */
enum record_kind {
	RECORD_DELETE = 0, /* tombstone: no meta, no value */
	RECORD_PUT = 1,    /* the whole value */
	RECORD_PATCH = 2,  /* a change of what the versions below make (lsm/blob/blob_format.h) */
	RECORD_LARGE = 3,  /* the extents of a whole value (lsm/blob/blob_format.h) */
};

enum {
	RECORD_KEY_MAX = 65535,
	RECORD_META_MAX =
		64 * 1024 + 10, /* the caller's, and the size of a large value before it */
};

#define RECORD_SEQNO_MAX ((UINT64_C(1) << 56) - 1)
#define RECORD_VALUE_MAX (UINT64_C(1) << 30) /* of one PUT */

/* What a table may hold. */
static inline bool record_kind_is_whole(enum record_kind kind)
{
	return kind == RECORD_DELETE || kind == RECORD_PUT || kind == RECORD_LARGE;
}

struct record {
	struct slice key;
	uint64_t seqno; /* 1 .. RECORD_SEQNO_MAX */
	enum record_kind kind;
	uint64_t time_ns; /* commit time, since 1970 */
	struct slice meta;
	uint64_t value_len;
	struct slice value; /* value_len bytes; .ptr NULL where the value has not been loaded */
};

/* seqno and kind in one word, as they stand in files and memory. */
static inline uint64_t record_tag(uint64_t seqno, enum record_kind kind)
{
	return seqno << 8 | (uint64_t)kind;
}

/* The order of versions: by key, then newest first. */
static inline int record_cmp(struct slice a_key, uint64_t a_seqno, struct slice b_key,
			     uint64_t b_seqno)
{
	int order = slice_cmp(a_key, b_key);

	if (order)
		return order;
	return (a_seqno < b_seqno) - (a_seqno > b_seqno);
}
