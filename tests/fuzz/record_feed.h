/*
 * Records in record order out of an input: each begins with how much of the key before it is kept,
 * so that long shared prefixes and many versions of one key are easily found. What is out of order
 * is left out.
 *
 *	record: kept bytes of the last key (u8), key bytes that follow (u8), flags (u8), meta length
 *	(u8, by RECORD_FEED_META), value length (u8, in units of 8 by RECORD_FEED_LONG); key, meta,
 *	value
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/mem/record.h"
#include "tests/fuzz/feed.h"

enum {
	RECORD_FEED_DELETE = 1,
	RECORD_FEED_META = 2,
	RECORD_FEED_LONG = 4,
	RECORD_FEED_OLD = 8, /* a large step back in seqno and time */
	RECORD_FEED_LARGE = 16,
};

struct record_feed {
	struct feed *feed; /* borrowed */
	struct buf key;    /* owned; of the last record */
	uint64_t seqno;    /* its */
	bool begun;
};

static inline void record_feed_done(struct record_feed *r)
{
	buf_done(&r->key);
}

/* The seqno of the next record, whose key is `key`; 0: there is none left for this key. */
static inline uint64_t record_feed_seqno(const struct record_feed *r, struct slice key,
					 unsigned flags)
{
	uint64_t step = flags & RECORD_FEED_OLD ? UINT64_C(1) << 50 : 1;

	if (!r->begun || slice_cmp(buf_slice(&r->key), key) < 0)
		return RECORD_SEQNO_MAX - step;
	if (!slice_eq(buf_slice(&r->key), key))
		return 0;
	return r->seqno > step ? r->seqno - step : 0;
}

/* Nothing below the tree looks into what a large record names. */
static inline enum record_kind record_feed_kind(unsigned flags)
{
	if (flags & RECORD_FEED_DELETE)
		return RECORD_DELETE;
	return flags & RECORD_FEED_LARGE ? RECORD_LARGE : RECORD_PUT;
}

/* False: the input is at its end. Slices are good until the next call. */
static inline bool record_feed_next(struct record_feed *r, struct record *ret_rec)
{
	while (!feed_is_empty(r->feed)) {
		cleanup_buf struct buf key = {0};
		size_t kept = feed_byte(r->feed);
		size_t more = feed_byte(r->feed);
		unsigned flags = feed_byte(r->feed);
		size_t meta_len = flags & RECORD_FEED_META ? feed_byte(r->feed) : 0;
		size_t value_len = feed_byte(r->feed) * (flags & RECORD_FEED_LONG ? 8UL : 1UL);

		feed_put(&key, slice_of(r->key.ptr, min_of(kept, r->key.len)));
		feed_put(&key, feed_bytes(r->feed, more));
		struct record rec = {
			.kind = record_feed_kind(flags),
			.seqno = record_feed_seqno(r, buf_slice(&key), flags),
		};

		if (rec.kind != RECORD_DELETE) {
			rec.meta = feed_bytes(r->feed, meta_len);
			rec.value = feed_bytes(r->feed, value_len);
		}
		if (key.len == 0 || rec.seqno == 0)
			continue;
		expect(buf_set(&r->key, buf_slice(&key)) == 0);
		r->seqno = rec.seqno;
		r->begun = true;
		rec.key = buf_slice(&r->key);
		rec.value_len = rec.value.len;
		rec.time_ns = rec.seqno * 1000;
		*ret_rec = rec;
		return true;
	}
	return false;
}

/* Append count records for a seed. */
static inline void record_feed_seed(struct buf *out, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char suffix[8];
		unsigned flags = (i % 4 == 3 ? RECORD_FEED_DELETE : 0U) |
				 (i % 3 == 1 ? RECORD_FEED_META : 0U) |
				 (i % 5 == 2 ? RECORD_FEED_LONG : 0U) |
				 (i % 7 == 6 ? RECORD_FEED_LARGE : 0U);
		size_t value_len = 3 * (i % 5);

		(void)snprintf(suffix, sizeof(suffix), "%02u/%u", i / 2, i / 2);
		/* every second one is an older version of the same key */
		feed_put_byte(out, i % 2 ? 255 : 2);
		feed_put_byte(out, (uint8_t)(i % 2 ? 0 : strlen(suffix)));
		feed_put_byte(out, (uint8_t)flags);
		if (flags & RECORD_FEED_META)
			feed_put_byte(out, 5);
		feed_put_byte(out, (uint8_t)value_len);
		feed_put(out, slice_str(i % 2 ? "" : suffix));
		if (flags & RECORD_FEED_DELETE)
			continue;
		if (flags & RECORD_FEED_META)
			feed_put(out, slice_str("meta."));
		for (size_t n = 0; n < value_len * (flags & RECORD_FEED_LONG ? 8 : 1); n++)
			feed_put_byte(out, (uint8_t)('a' + (n / 4 + i) % 20));
	}
}
