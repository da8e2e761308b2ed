#include "lsm/db/feed.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"
#include "lsm/base/thread.h"
#include "lsm/mem/batch.h"
#include "tests/unit/unit.h"

enum {
	WORD = 8,
	HEAD_BYTES = 3 * WORD,
	STRESS_READERS = 3,
	STRESS_CHANGES = 200000 / UNIT_SLOWNESS,
};

/* What change number seqno is, so that a reader can tell. */
static size_t key_of(uint64_t seqno, uint8_t *key, size_t longest)
{
	size_t len = 1 + (size_t)(seqno * 2654435761U % longest);

	for (size_t i = 0; i < len; i++)
		key[i] = (uint8_t)(seqno * 31 + i * 7);
	return len;
}

static enum record_kind kind_of(uint64_t seqno)
{
	static const enum record_kind kinds[] = {RECORD_DELETE, RECORD_PUT, RECORD_PATCH,
						 RECORD_LARGE};

	return kinds[seqno % array_size(kinds)];
}

/* Changes [first, first + count), as one batch. */
static void push(struct feed *f, uint64_t first, uint64_t count, size_t longest)
{
	static uint8_t key[RECORD_KEY_MAX];
	struct batch b = {0};

	for (uint64_t seqno = first; seqno < first + count; seqno++) {
		const struct record rec = {
			.key = slice_of(key, key_of(seqno, key, longest)),
			.kind = kind_of(seqno),
			.value = slice_str(kind_of(seqno) == RECORD_DELETE ? "" : "v"),
		};

		ck_assert(batch_add(&b, &rec) == 0);
	}
	feed_push_batch(f, buf_slice(&b.rep), first, first * 1000);
	batch_done(&b);
}

static void check(const struct feed_entry *e, uint64_t seqno, uint8_t *key, size_t longest)
{
	size_t len = key_of(seqno, key, longest);

	ck_assert(e->seqno == seqno && e->kind == kind_of(seqno));
	ck_assert(slice_eq(e->key, slice_of(key, len)));
}

static void expect_next(struct feed_reader *r, uint64_t seqno, uint64_t lost, size_t longest)
{
	static uint8_t key[RECORD_KEY_MAX];
	struct feed_entry e;

	ck_assert_int_eq(feed_next(r, &e), 0);
	ck_assert_uint_eq(e.seqno, seqno);
	ck_assert_uint_eq(e.lost, lost);
	check(&e, seqno, key, longest);
}

static void expect_end(struct feed_reader *r)
{
	struct feed_entry e = {.seqno = 77};

	ck_assert_int_eq(feed_next(r, &e), -EAGAIN);
	ck_assert_uint_eq(e.seqno, 77);
}

START_TEST(changes_come_in_their_order)
{
	struct feed *f = feed_new(FEED_BYTES_MIN);
	struct feed_reader r = {.feed = f, .next_seqno = 5}, late = {.feed = f, .next_seqno = 7};

	expect_end(&r);
	push(f, 5, 1, 20);
	push(f, 6, 3, 20);
	for (uint64_t seqno = 5; seqno < 9; seqno++)
		expect_next(&r, seqno, 0, 20);
	expect_end(&r);
	expect_next(&late, 7, 0, 20);
	push(f, 9, 1, 20);
	expect_next(&r, 9, 0, 20);
	expect_next(&late, 8, 0, 20);
	expect_next(&late, 9, 0, 20);
	expect_end(&late);
	buf_done(&r.key);
	buf_done(&late.key);
	free(f);
}
END_TEST

START_TEST(what_the_window_has_no_more_is_counted)
{
	static const size_t longest[] = {1, 8, 9, 200, RECORD_KEY_MAX};

	for (size_t i = 0; i < array_size(longest); i++) {
		struct feed *f = feed_new(FEED_BYTES_MIN);
		struct feed_reader r = {.feed = f, .next_seqno = 1};
		struct feed_entry e;
		/* several times as much as it holds */
		uint64_t pushes = 10 * FEED_BYTES_MIN / (HEAD_BYTES + longest[i] / 2);
		uint64_t last = 1;

		for (; last < pushes; last++)
			push(f, last, 1, longest[i]);
		ck_assert_int_eq(feed_next(&r, &e), 0);
		ck_assert_uint_eq(e.lost, e.seqno - 1);
		ck_assert_uint_gt(e.lost, 0);
		/* the window is about as long as it says */
		uint64_t bytes = (last - e.seqno) * (HEAD_BYTES + longest[i] / 2);

		ck_assert_uint_lt(bytes, UINT64_C(2) * FEED_BYTES_MIN);
		for (uint64_t seqno = e.seqno + 1; seqno < last; seqno++)
			expect_next(&r, seqno, 0, longest[i]);
		expect_end(&r);
		buf_done(&r.key);
		free(f);
	}
}
END_TEST

START_TEST(a_batch_longer_than_the_window_leaves_its_end)
{
	struct feed *f = feed_new(FEED_BYTES_MIN);
	struct feed_reader r = {.feed = f, .next_seqno = 1};
	struct feed_entry e;

	push(f, 1, 2, 100);
	expect_next(&r, 1, 0, 100);
	push(f, 3, 50000, 100);
	ck_assert_int_eq(feed_next(&r, &e), 0);
	ck_assert_uint_eq(e.lost, e.seqno - 2);
	for (uint64_t seqno = e.seqno + 1; seqno < 50003; seqno++)
		expect_next(&r, seqno, 0, 100);
	expect_end(&r);
	buf_done(&r.key);
	free(f);
}
END_TEST

struct follower {
	struct feed *feed;
	struct thread thread;
	uint64_t met, lost;
	_Atomic bool *done;
};

/* Nothing but whole changes, in their order; each one met or lost. */
static void follow(void *arg)
{
	struct follower *w = arg;
	struct feed_reader r = {.feed = w->feed, .next_seqno = 1};
	uint8_t *key = malloc(RECORD_KEY_MAX);
	struct feed_entry e;

	while (w->met + w->lost < STRESS_CHANGES) {
		bool done = atomic_load(w->done);
		int err = feed_next(&r, &e);

		ck_assert(err == 0 || (err == -EAGAIN && !done));
		if (err)
			continue;
		check(&e, w->met + w->lost + e.lost + 1, key, 300);
		w->lost += e.lost;
		w->met++;
	}
	ck_assert(feed_next(&r, &e) == -EAGAIN);
	buf_done(&r.key);
	free(key);
}

START_TEST(readers_follow_a_writer_that_overtakes_them)
{
	struct feed *f = feed_new(FEED_BYTES_MIN);
	struct follower followers[STRESS_READERS] = {{0}};
	_Atomic bool done = false;
	uint64_t seqno = 1, met = 0;
	struct rng rng;

	rng_seed(&rng, 1);
	for (size_t i = 0; i < array_size(followers); i++) {
		followers[i] = (struct follower){.feed = f, .done = &done};
		ck_assert_int_eq(
			thread_start(&followers[i].thread, "follower", follow, &followers[i]), 0);
	}
	while (seqno <= STRESS_CHANGES) {
		uint64_t count = min_of(1 + rng_below(&rng, 30), STRESS_CHANGES - seqno + 1);

		push(f, seqno, count, 300);
		seqno += count;
	}
	atomic_store(&done, true);
	for (size_t i = 0; i < array_size(followers); i++) {
		thread_join(&followers[i].thread);
		ck_assert_uint_eq(followers[i].met + followers[i].lost, STRESS_CHANGES);
		met += followers[i].met;
	}
	ck_assert_uint_gt(met, 0);
	free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&changes_come_in_their_order,
	&what_the_window_has_no_more_is_counted,
	&a_batch_longer_than_the_window_leaves_its_end,
	&readers_follow_a_writer_that_overtakes_them,
};

UNIT_SUITE("lsm/db/feed", tests)
