#include "lsm/base/shared_slot.h"

#include <sched.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"
#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

enum {
	WORD_COUNT_SHIFT = 48, /* where the word keeps its count of borrowed references */
	MOVE_ABOVE = 1 << 15,  /* and when that is moved into the object */
	ALIVE = 0x600d,
};

/* An object whose memory is really freed, so that the sanitizers see a use that comes too late. */
struct object {
	struct shared shared;
	unsigned int state; /* ALIVE until freed */
	uint64_t number;
};

static _Atomic long live_objects;

static void object_free(struct shared *shared)
{
	struct object *o = container_of(shared, struct object, shared);

	ck_assert(o->state == ALIVE);
	o->state = 0;
	atomic_fetch_sub(&live_objects, 1);
	free(o);
}

static struct shared *object_new(uint64_t number)
{
	struct object *o = malloc(sizeof(*o));

	ck_assert(o);
	shared_init(&o->shared, object_free);
	o->state = ALIVE;
	o->number = number;
	atomic_fetch_add(&live_objects, 1);
	return &o->shared;
}

static uint64_t object_number(struct shared *shared)
{
	struct object *o = container_of(shared, struct object, shared);

	ck_assert(o->state == ALIVE);
	return o->number;
}

static long live(void)
{
	return atomic_load(&live_objects);
}

START_TEST(object_outside_a_slot_counts_plainly)
{
	struct shared *o = object_new(1);

	shared_ref(o);
	shared_ref(o);
	shared_unref(o);
	shared_unref(o);
	ck_assert_int_eq(live(), 1);
	shared_unref(o);
	ck_assert_int_eq(live(), 0);
	shared_unref(NULL);
}
END_TEST

START_TEST(slot_alone_keeps_its_object)
{
	struct shared_slot slot;

	shared_slot_init(&slot, object_new(1));
	for (int i = 0; i < 10; i++)
		shared_unref(shared_slot_acquire(&slot));
	ck_assert_int_eq(live(), 1);
	shared_slot_done(&slot);
	ck_assert_int_eq(live(), 0);
	shared_slot_done(&slot); /* empty now */
}
END_TEST

START_TEST(readers_keep_what_was_replaced)
{
	struct shared_slot slot;

	shared_slot_init(&slot, object_new(1));

	struct shared *first = shared_slot_acquire(&slot);
	struct shared *again = shared_slot_acquire(&slot);

	shared_slot_replace(&slot, object_new(2));
	ck_assert_uint_eq(object_number(first), 1);

	struct shared *second = shared_slot_acquire(&slot);

	ck_assert_uint_eq(object_number(second), 2);
	shared_unref(first);
	ck_assert_int_eq(live(), 2);
	shared_ref(again);
	shared_unref(again);
	ck_assert_int_eq(live(), 2);
	shared_unref(again);
	ck_assert_int_eq(live(), 1);
	shared_slot_done(&slot);
	ck_assert_int_eq(live(), 1);
	shared_unref(second);
	ck_assert_int_eq(live(), 0);
}
END_TEST

START_TEST(owner_may_keep_a_reference_of_its_own)
{
	struct shared *o = object_new(1);
	struct shared_slot slot, other;

	shared_ref(o);
	shared_slot_init(&slot, o);
	shared_ref(o);
	shared_slot_init(&other, o);
	shared_slot_done(&slot);
	shared_unref(shared_slot_acquire(&other));
	shared_slot_done(&other);
	ck_assert_int_eq(live(), 1);
	shared_unref(o);
	ck_assert_int_eq(live(), 0);
}
END_TEST

START_TEST(object_may_replace_itself)
{
	struct shared_slot slot;

	shared_slot_init(&slot, object_new(1));

	struct shared *o = shared_slot_acquire(&slot);

	for (int i = 0; i < 5; i++) {
		shared_ref(o);
		shared_slot_replace(&slot, o);
		shared_unref(shared_slot_acquire(&slot));
	}
	shared_slot_done(&slot);
	ck_assert_int_eq(live(), 1);
	shared_unref(o);
	ck_assert_int_eq(live(), 0);
}
END_TEST

START_TEST(borrowed_count_never_overflows)
{
	enum {
		HELD = 5 * MOVE_ABOVE + 7, /* more than the word's 16 bits can count */
	};
	struct shared_slot slot;
	struct shared *o = NULL;

	shared_slot_init(&slot, object_new(1));
	for (int i = 0; i < HELD; i++) {
		o = shared_slot_acquire(&slot);
		ck_assert(atomic_load(&slot.word) >> WORD_COUNT_SHIFT <= MOVE_ABOVE);
	}
	/* as many returned while it is in the slot, so that the bias is what keeps it */
	for (int i = 0; i < HELD - 100; i++)
		shared_unref(o);
	shared_slot_replace(&slot, object_new(2));
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(live(), 2);
		ck_assert_uint_eq(object_number(o), 1);
		shared_unref(o);
	}
	ck_assert_int_eq(live(), 1);
	shared_slot_done(&slot);
	ck_assert_int_eq(live(), 0);
}
END_TEST

enum {
	READERS = 4,
	HOLD_MAX = 64,
	REPLACES = 150,
};

struct stress {
	struct shared_slot slot;
	_Atomic bool over;
	uint64_t seed;
};

struct reader {
	struct stress *stress;
	uint64_t number;
};

/* Hold up to HOLD_MAX references at a time, some of them doubled, and return them in another order.
 */
static void read_round(struct shared_slot *slot, struct rng *rng, uint64_t *newest)
{
	struct shared *held[HOLD_MAX];
	size_t count = 1 + (size_t)rng_below(rng, HOLD_MAX);

	for (size_t i = 0; i < count; i++) {
		held[i] = shared_slot_acquire(slot);

		uint64_t number = object_number(held[i]);

		ck_assert(number >= *newest); /* the slot never goes back */
		*newest = number;
		if (i % 8 == 0)
			shared_ref(held[i]);
	}
	for (size_t i = 0; i < count; i++) {
		object_number(held[i]);
		shared_unref(held[i]);
		if (i % 8 == 0) {
			object_number(held[i]);
			shared_unref(held[i]);
		}
	}
}

static void read_until_over(void *arg)
{
	struct reader *reader = arg;
	struct rng rng;
	uint64_t newest = 0;

	rng_seed(&rng, reader->stress->seed + reader->number);
	while (!atomic_load(&reader->stress->over))
		read_round(&reader->stress->slot, &rng, &newest);
}

/* Until the readers have made the count grow to `wanted`, or it was moved away under our eyes. */
static void wait_for_borrowed(struct shared_slot *slot, uint64_t wanted)
{
	uint64_t highest = 0;
	uint64_t borrowed = 0;

	while (borrowed < wanted && borrowed >= highest) {
		highest = borrowed;
		sched_yield();
		borrowed = atomic_load(&slot->word) >> WORD_COUNT_SHIFT;
	}
}

static void replace_often(struct stress *stress)
{
	struct rng rng;

	rng_seed(&rng, stress->seed);
	for (uint64_t i = 2; i <= REPLACES; i++) {
		/* Every third time close to the moment when a reader moves the count, else at once.
		 */
		if (i % 3 == 0)
			wait_for_borrowed(&stress->slot, MOVE_ABOVE - rng_below(&rng, 100));
		else
			wait_for_borrowed(&stress->slot, rng_below(&rng, 200));
		shared_slot_replace(&stress->slot, object_new(i));
	}
}

START_TEST(readers_and_a_replacer_free_each_object_once)
{
	struct stress stress = {.seed = unit_seed()};
	struct reader readers[READERS];
	struct thread threads[READERS] = {0};

	shared_slot_init(&stress.slot, object_new(1));
	for (size_t i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.stress = &stress, .number = i + 1};
		ck_assert_int_eq(thread_start(&threads[i], "reader", read_until_over, &readers[i]),
				 0);
	}
	replace_often(&stress);
	atomic_store(&stress.over, true);
	for (size_t i = 0; i < READERS; i++)
		thread_join(&threads[i]);
	ck_assert_int_eq(live(), 1);
	shared_slot_done(&stress.slot);
	ck_assert_int_eq(live(), 0);
}
END_TEST

static const TTest *const *const tests[] = {
	&object_outside_a_slot_counts_plainly,
	&slot_alone_keeps_its_object,
	&readers_keep_what_was_replaced,
	&owner_may_keep_a_reference_of_its_own,
	&object_may_replace_itself,
	&borrowed_count_never_overflows,
	&readers_and_a_replacer_free_each_object_once,
};

UNIT_SUITE("lsm/base/shared_slot", tests)
