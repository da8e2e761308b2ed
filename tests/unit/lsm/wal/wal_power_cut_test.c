/*
 * Random runs of a writer over several logs, with syncs now and then, ended by a power cut that
 * keeps, loses, zeros or spoils each unsynced stretch as it likes. An honest power cut is never
 * taken for damage and never costs what was synced, also in logs made of older ones; a hole in what
 * was synced is never taken for a power cut once a later record proves it.
 */
#include "tests/unit/lsm/wal/recover_fixture.h"

enum {
	LOGS_MAX = 4,
	OLDER_LOG = 99,
	STRETCH = 64, /* the kernel's page, made small for the test's sake */
};

struct run {
	struct disk disk;
	struct rng rng;
	struct wal_writer *w;
	size_t logs;
	uint64_t next_seqno;
	uint64_t durable_seqno;
	/* Of log i + 1: */
	uint64_t written[LOGS_MAX];
	uint64_t synced[LOGS_MAX];
	struct buf older[LOGS_MAX]; /* when made of another: the file as last synced */
};

/* A log of the same seqnos and so of the same bytes but for the checksums, to be made into another;
 * some with free space behind. */
static void make_older_log(struct run *r)
{
	uint64_t seqno = r->next_seqno;
	struct wal_writer *w;

	ck_assert_int_eq(wal_writer_create(r->disk.dir, OLDER_LOG, fixture_salt(OLDER_LOG), &w), 0);
	for (uint64_t left = rng_below(&r->rng, 40); left > 0; left--) {
		struct spec s = {seqno, 1 + (uint32_t)rng_below(&r->rng, 3), seqno - 1};

		ck_assert_int_eq(fixture_append(w, &s), 0);
		seqno += s.count;
	}
	if (rng_below(&r->rng, 2))
		ck_assert_int_eq(wal_writer_reserve(w, FIXTURE_PAYLOAD_MAX, 300), 0);
	wal_writer_close(w);
}

static void begin_log(struct run *r)
{
	uint64_t number = r->logs + 1;

	wal_writer_close(r->w);
	if (rng_below(&r->rng, 2)) {
		make_older_log(r);
		ck_assert_int_eq(wal_writer_recycle(r->disk.dir, OLDER_LOG, number,
						    fixture_salt(number), &r->w),
				 0);
		r->older[r->logs] = fixture_bytes(&r->disk, number);
	} else {
		ck_assert_int_eq(
			wal_writer_create(r->disk.dir, number, fixture_salt(number), &r->w), 0);
	}
	r->written[r->logs] = wal_writer_size(r->w);
	r->synced[r->logs] = wal_writer_size(r->w);
	r->logs++;
}

/* As the engine does: all logs up to the present one, then everything so far is durable. */
static void sync_all(struct run *r)
{
	for (size_t i = 0; i < r->logs; i++) {
		r->synced[i] = r->written[i];
		if (r->older[i].len) {
			buf_done(&r->older[i]);
			r->older[i] = fixture_bytes(&r->disk, i + 1);
		}
	}
	r->durable_seqno = r->next_seqno - 1;
}

static void append_one(struct run *r)
{
	struct spec s = {
		.first_seqno = r->next_seqno,
		.count = (uint32_t)rng_below(&r->rng, 4),
		.durable_seqno = r->durable_seqno,
	};

	if (rng_below(&r->rng, 4) == 0)
		ck_assert_int_eq(wal_writer_reserve(r->w, FIXTURE_PAYLOAD_MAX, 300), 0);
	ck_assert_int_eq(fixture_append(r->w, &s), 0);
	r->next_seqno += s.count;
	r->written[r->logs - 1] = wal_writer_size(r->w);
}

static void write_history(struct run *r)
{
	begin_log(r);
	for (uint64_t steps = 5 + rng_below(&r->rng, 60); steps > 0; steps--) {
		uint64_t dice = rng_below(&r->rng, 20);

		if (dice == 0 && r->logs < LOGS_MAX)
			begin_log(r);
		else if (dice <= 3)
			sync_all(r);
		else
			append_one(r);
	}
	wal_writer_close(r->w);
	r->w = NULL;
}

/* What the disk makes of bytes that were not synced. */
static void spoil(struct run *r, size_t log, uint8_t *bytes, size_t at, size_t len)
{
	const struct buf *older = &r->older[log];
	size_t end = min_of(at + len, older->len);

	bytes += at;
	switch (rng_below(&r->rng, 4)) {
	case 0:
		memset(bytes, 0, len);
		if (at < end)
			memcpy(bytes, older->ptr + at, end - at);
		break;
	case 1:
		rng_fill(&r->rng, bytes, len);
		break;
	default:
		break; /* it had just been written back */
	}
}

static void cut_power(struct run *r)
{
	for (size_t i = 0; i < r->logs; i++) {
		struct buf bytes = fixture_bytes(&r->disk, i + 1);
		uint64_t at = r->synced[i];

		/* what the file has had since its log began does not get lost */
		uint64_t shortest = max_of(at, (uint64_t)r->older[i].len);

		bytes.len = shortest + rng_below(&r->rng, bytes.len - shortest + 1);
		/* Reserved space was never written: it stays zeros. */
		bool marked = r->older[i].len && r->written[i] > r->synced[i];
		uint64_t written = r->written[i] + (marked ? WAL_RECORD_HEADER_SIZE : 0);
		uint64_t end = min_of(written, (uint64_t)bytes.len);

		while (at < end) {
			uint64_t len = min_of(STRETCH - at % STRETCH, end - at);

			spoil(r, i, bytes.ptr, at, len);
			at += len;
		}
		fixture_set_bytes(&r->disk, i + 1, buf_slice(&bytes));
		buf_done(&bytes);
	}
}

static void done(struct run *r)
{
	for (size_t i = 0; i < r->logs; i++)
		buf_done(&r->older[i]);
	disk_close(&r->disk);
}

START_TEST(a_power_cut_leaves_a_prefix_that_holds_all_that_was_synced)
{
	uint64_t seed = unit_seed();

	for (uint64_t round = 0; round < 1500; round++) {
		struct run r = {.next_seqno = 1};
		struct wal_recovery found;

		rng_seed(&r.rng, seed + round);
		disk_open(&r.disk);
		write_history(&r);
		cut_power(&r);
		ck_assert_msg(recover(&r.disk, r.logs, &found) == 0, "round %llu: %s",
			      (unsigned long long)round, fail_text());
		ck_assert_uint_ge(found.last_seqno, r.durable_seqno);
		ck_assert_uint_lt(found.last_seqno, r.next_seqno);
		done(&r);
	}
}
END_TEST

/* Zero or flip something in the synced part of a log; false when there is nothing. */
static bool damage_synced(struct run *r)
{
	size_t i = rng_below(&r->rng, r->logs);

	if (r->synced[i] <= WAL_FILE_HEADER_SIZE)
		return false;
	struct buf bytes = fixture_bytes(&r->disk, i + 1);
	uint64_t room = r->synced[i] - WAL_FILE_HEADER_SIZE;
	uint64_t at = WAL_FILE_HEADER_SIZE + rng_below(&r->rng, room);
	uint64_t len = min_of(1 + rng_below(&r->rng, 200), r->synced[i] - at);
	bool changed = false;

	for (uint64_t k = 0; k < len; k++)
		changed |= bytes.ptr[at + k] != 0;
	memset(bytes.ptr + at, 0, len);
	fixture_set_bytes(&r->disk, i + 1, buf_slice(&bytes));
	buf_done(&bytes);
	return changed;
}

START_TEST(damage_to_what_was_synced_is_found_when_a_later_record_proves_it)
{
	uint64_t seed = unit_seed();
	uint64_t damaged = 0;

	for (uint64_t round = 0; round < 1500; round++) {
		struct run r = {.next_seqno = 1};
		struct wal_recovery found;

		rng_seed(&r.rng, seed + round);
		disk_open(&r.disk);
		write_history(&r);
		/* A clean close: the MARK, whose loss alone is no loss. */
		struct spec mark = {r.next_seqno, 0, r.next_seqno - 1};

		ck_assert_int_eq(wal_writer_resume(r.disk.dir, r.logs, r.written[r.logs - 1], &r.w),
				 0);
		ck_assert_int_eq(fixture_append(r.w, &mark), 0);
		wal_writer_close(r.w);
		for (size_t i = 0; i < r.logs; i++)
			r.synced[i] = r.written[i];
		if (damage_synced(&r)) {
			int rc = recover(&r.disk, r.logs, &found);

			/* A spoilt MARK in the middle tells nothing of changes, but it shows. */
			ck_assert(rc == -EUCLEAN ||
				  (rc == 0 && found.last_seqno == r.next_seqno - 1));
			damaged += rc == -EUCLEAN;
		}
		done(&r);
	}
	ck_assert_uint_gt(damaged, 100);
}
END_TEST

START_TEST(without_a_cut_nothing_is_torn)
{
	uint64_t seed = unit_seed();

	for (uint64_t round = 0; round < 500; round++) {
		struct run r = {.next_seqno = 1};
		struct wal_recovery found;

		rng_seed(&r.rng, seed + round);
		disk_open(&r.disk);
		write_history(&r);
		ck_assert_msg(recover(&r.disk, r.logs, &found) == 0, "%s", fail_text());
		ck_assert_uint_eq(found.last_seqno, r.next_seqno - 1);
		ck_assert(!found.torn);
		done(&r);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&a_power_cut_leaves_a_prefix_that_holds_all_that_was_synced,
	&without_a_cut_nothing_is_torn,
	&damage_to_what_was_synced_is_found_when_a_later_record_proves_it,
};

UNIT_SUITE("lsm/wal/wal_power_cut", tests)
