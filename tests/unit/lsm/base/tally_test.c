#include "lsm/base/tally.h"

#include <sched.h>

#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

enum {
	ADDITIONS = 20000,
	THREADS = TALLY_SLOTS + 16, /* more than there are slots */
};

static struct counted {
	_Alignas(64) _Atomic uint64_t causes;
	_Atomic uint64_t effects;
} shards[TALLY_SLOTS];
static _Atomic unsigned waiting;
static _Atomic bool go;

static uint64_t sum_of(_Atomic uint64_t *first)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < TALLY_SLOTS; i++)
		sum += atomic_load_explicit(
			(_Atomic uint64_t *)((char *)first + i * sizeof(struct counted)),
			memory_order_acquire);
	return sum;
}

static void reset(void)
{
	for (size_t i = 0; i < TALLY_SLOTS; i++)
		shards[i].causes = shards[i].effects = 0;
	waiting = 0;
	go = false;
}

static void count(void *arg)
{
	(void)arg;
	unsigned slot = tally_slot();

	waiting++;
	while (!go)
		sched_yield(); /* all of them are there at once */
	for (int i = 0; i < ADDITIONS; i++) {
		tally_add(&shards[slot].causes, slot, 1);
		tally_add(&shards[slot].effects, slot, 1);
	}
}

START_TEST(thread_keeps_its_slot)
{
	unsigned slot = tally_slot();

	ck_assert_uint_lt(slot, TALLY_SLOTS);
	ck_assert_uint_eq(tally_slot(), slot);
}
END_TEST

START_TEST(nothing_is_lost_when_threads_outnumber_the_slots)
{
	struct thread threads[THREADS] = {0};

	reset();
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "count", count, NULL), 0);
	while (waiting < THREADS)
		sched_yield();
	go = true;
	for (size_t i = 0; i < THREADS; i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(sum_of(&shards[0].causes), (uint64_t)THREADS * ADDITIONS);
	ck_assert_uint_eq(sum_of(&shards[0].effects), (uint64_t)THREADS * ADDITIONS);
	ck_assert_uint_gt(shards[TALLY_SHARED].causes, 0);
}
END_TEST

START_TEST(slots_of_threads_that_ended_are_taken_again)
{
	reset();
	go = true;
	for (int i = 0; i < 3 * TALLY_SLOTS; i++) {
		struct thread thread = {0};

		ck_assert_int_eq(thread_start(&thread, "count", count, NULL), 0);
		thread_join(&thread);
	}
	ck_assert_uint_eq(shards[TALLY_SHARED].causes, 0);
	ck_assert_uint_eq(sum_of(&shards[0].causes), UINT64_C(3) * TALLY_SLOTS * ADDITIONS);
}
END_TEST

START_TEST(no_reader_sees_more_effects_than_causes)
{
	struct thread threads[4] = {0};

	reset();
	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "count", count, NULL), 0);
	go = true;
	for (uint64_t effects = 0; effects < array_size(threads) * ADDITIONS;) {
		effects = sum_of(&shards[0].effects);
		ck_assert_uint_le(effects, sum_of(&shards[0].causes));
	}
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
}
END_TEST

static const TTest *const *const tests[] = {
	&thread_keeps_its_slot,
	&nothing_is_lost_when_threads_outnumber_the_slots,
	&slots_of_threads_that_ended_are_taken_again,
	&no_reader_sees_more_effects_than_causes,
};

UNIT_SUITE("lsm/base/tally", tests)
