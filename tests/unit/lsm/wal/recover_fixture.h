/*
 * What the tests of log recovery share: an apply function that holds every batch against what was
 * written.
 */
#pragma once

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/wal/wal_recover.h"
#include "tests/unit/lsm/wal/wal_fixture.h"

/* What apply saw. */
struct history {
	uint64_t due; /* the next first seqno */
	uint64_t records;
	uint64_t stop_at; /* answer stop_error at this first seqno; 0: never */
	int stop_error;
};

static inline int history_apply(void *arg, const struct wal_record *rec)
{
	struct history *h = arg;
	uint8_t space[FIXTURE_PAYLOAD_MAX];

	ck_assert_int_eq(rec->type, WAL_BATCH);
	ck_assert_uint_eq(rec->first_seqno, h->due);
	ck_assert_uint_eq(rec->time_ns, 1000 + rec->first_seqno);
	ck_assert(slice_eq(rec->payload, fixture_payload(rec->first_seqno, space)));
	if (rec->first_seqno == h->stop_at)
		return h->stop_error;
	h->due += rec->count;
	h->records++;
	return 0;
}

/* Recover logs 1 .. count through `dir`; checks that the answer agrees with what was applied. */
must_check static inline int recover_in(struct env_dir *dir, size_t count,
					struct wal_recovery *ret_recovery)
{
	static const uint64_t numbers[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct history h = {.due = 1};

	ck_assert_uint_le(count, array_size(numbers));
	fail_clear();
	int rc = wal_recover(dir, &(struct wal_set){.numbers = numbers, .count = count},
			     history_apply, &h, ret_recovery);
	if (rc)
		return rc;
	ck_assert_uint_eq(ret_recovery->last_seqno, h.due - 1);
	ck_assert_uint_eq(ret_recovery->records, h.records);
	ck_assert(ret_recovery->torn == (ret_recovery->torn_bytes > 0));
	ck_assert_str_eq(fail_text(), "");
	return 0;
}

must_check static inline int recover(struct disk *d, size_t count,
				     struct wal_recovery *ret_recovery)
{
	return recover_in(d->dir, count, ret_recovery);
}

/* It ends at last_seqno, in this log at this offset, torn or not. */
static inline void expect_history(struct disk *d, size_t count, uint64_t last_seqno,
				  uint64_t tail_number, uint64_t tail_offset, bool torn)
{
	struct wal_recovery found;

	ck_assert_msg(recover(d, count, &found) == 0, "%s", fail_text());
	ck_assert_uint_eq(found.last_seqno, last_seqno);
	ck_assert_uint_eq(found.tail_number, tail_number);
	ck_assert_uint_eq(found.tail_offset, tail_offset);
	ck_assert(found.torn == torn);
}

/* It is damage, and the sentence names both places (proof NULL: none). */
static inline void expect_damage(struct disk *d, size_t count, const char *defect,
				 const char *proof)
{
	struct wal_recovery found = {.records = 123};

	ck_assert_int_eq(recover(d, count, &found), -EUCLEAN);
	ck_assert_uint_eq(found.records, 123);
	ck_assert_msg(strstr(fail_text(), defect) == fail_text(), "%s", fail_text());
	if (proof)
		ck_assert_msg(strstr(fail_text(), proof) != NULL, "%s", fail_text());
}
