/*
 * What is in a store, as a sum that does not depend on how it lies there. Of long values (damage
 * may claim any length) only both ends are read.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <errno.h>

#include "lsm/base/crc32c.h"
#include "lsm/lsm.h"
#include "tests/fuzz/feed.h"

/* Keys that begin with this are left out. */
#define STORE_NEW_KEYS "user/new"

enum {
	SCAN_WHOLE_MAX = 64 << 10,
	SCAN_PART = 4096,
};

/* -ESTALE: of a store opened for reading, a blob file that is named and is not there. */
static inline void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG || rc == -ESTALE);
}

/* What a scan met. */
struct scan {
	uint64_t records;
	uint64_t sum;       /* of keys, metas and values, in any order; new ones left out */
	uint64_t named_sum; /* of the sums of named snapshots */
	bool sorted;
	int status;
};

static inline int read_part(struct lsm_iter *it, uint64_t offset, uint32_t *crc)
{
	uint8_t part[SCAN_PART];
	const struct lsm_range range = {.offset = offset, .into = part, .len = sizeof(part)};
	size_t len = 0;
	int rc = lsm_iter_read(it, &range, &len);

	if (rc)
		return rc;
	expect(len == min_of(lsm_iter_record(it)->value_len - offset, (uint64_t)SCAN_PART));
	*crc = crc32c(*crc, part, len);
	return 0;
}

static inline int read_value(struct lsm_iter *it, uint32_t *crc)
{
	uint64_t len = lsm_iter_record(it)->value_len;
	struct slice value;
	int rc;

	if (len > SCAN_WHOLE_MAX) {
		rc = read_part(it, 0, crc);
		return rc ? rc : read_part(it, len - SCAN_PART, crc);
	}
	rc = lsm_iter_value(it, &value);
	if (rc)
		return rc;
	expect(value.len == len);
	*crc = crc32c(*crc, value.ptr, value.len);
	return 0;
}

static inline int note(struct scan *s, struct lsm_iter *it)
{
	const struct lsm_record *rec = lsm_iter_record(it);
	const struct slice new_keys = slice_str(STORE_NEW_KEYS);
	uint32_t crc = crc32c(0, rec->key.ptr, rec->key.len);
	int rc;

	if (slice_starts_with(rec->key, new_keys))
		return 0;
	crc = crc32c(crc, rec->meta.ptr, rec->meta.len);
	rc = read_value(it, &crc);
	if (rc)
		return rc;
	s->sum += (uint64_t)crc * 0x9e3779b1 + rec->seqno + rec->value_len;
	s->records++;
	return 0;
}

/* snapshot NULL: of what is there now. */
static inline struct scan scan(struct lsm *db, const struct lsm_snapshot *snapshot, bool forward)
{
	const struct lsm_read_options options = {.snapshot = snapshot};
	struct scan s = {.sorted = true};
	cleanup_buf struct buf last = {0};
	struct lsm_iter *it;
	bool begun = false;

	expect(lsm_iter_new(db, &options, &it) == 0);
	for (forward ? lsm_iter_first(it) : lsm_iter_last(it); lsm_iter_valid(it);
	     forward ? lsm_iter_next(it) : lsm_iter_prev(it)) {
		const struct lsm_record *rec = lsm_iter_record(it);
		int order = slice_cmp(buf_slice(&last), rec->key);
		int rc = note(&s, it);

		if (rc) {
			expect_refusal(rc);
			s.status = rc;
			continue;
		}
		if (begun && (forward ? order >= 0 : order <= 0))
			s.sorted = false;
		begun = true;
		expect(buf_set(&last, rec->key) == 0);
	}
	if (lsm_iter_status(it)) {
		expect_refusal(lsm_iter_status(it));
		s.status = lsm_iter_status(it);
	}
	lsm_iter_free(it);
	return s;
}

static inline void expect_same(const struct scan *a, const struct scan *b)
{
	expect(a->sorted && b->sorted && !a->status && !b->status);
	expect(a->records == b->records && a->sum == b->sum && a->named_sum == b->named_sum);
}
