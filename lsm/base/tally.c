#include "lsm/base/tally.h"

#include <pthread.h>
#include <stdbool.h>

_Thread_local unsigned tally_thread_slot = TALLY_SHARED;
static _Thread_local bool thread_asked;

static _Atomic uint64_t slots_taken; /* a bit a slot; that of TALLY_SHARED is never set */
static pthread_key_t thread_end_key;
static bool thread_end_known;

_Static_assert(TALLY_SLOTS == 64, "slots are the bits of one word");

/* Keys hold pointers: slot n is the address n + 1, as NULL would not be told of. */
static void *slot_as_value(unsigned slot)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): never followed */
	return (void *)(uintptr_t)(slot + 1);
}

/* The thread ends. Other destructors may still count. */
static void slot_give_back(void *value)
{
	uint64_t slot = (uint64_t)(uintptr_t)value - 1;

	tally_thread_slot = TALLY_SHARED;
	/* Release: pairs with the acquire of the next owner in slot_find. */
	atomic_fetch_and_explicit(&slots_taken, ~(UINT64_C(1) << slot), memory_order_release);
}

static void watch_thread_ends(void)
{
	thread_end_known = pthread_key_create(&thread_end_key, slot_give_back) == 0;
}

static unsigned slot_find(void)
{
	uint64_t taken = atomic_load_explicit(&slots_taken, memory_order_relaxed);

	for (;;) {
		unsigned slot = (unsigned)__builtin_ctzll(~taken | UINT64_C(1) << TALLY_SHARED);

		if (slot == TALLY_SHARED)
			return slot;
		/* Acquire: pairs with the release of the owner before. */
		if (atomic_compare_exchange_weak_explicit(
			    &slots_taken, &taken, taken | UINT64_C(1) << slot, memory_order_acquire,
			    memory_order_relaxed))
			return slot;
	}
}

unsigned tally_take_slot(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (thread_asked)
		return TALLY_SHARED;
	thread_asked = true;
	(void)pthread_once(&once, watch_thread_ends); /* cannot fail */
	unsigned slot = thread_end_known ? slot_find() : TALLY_SHARED;

	/* a slot whose owner's end nobody would be told of must not be taken for good */
	if (slot != TALLY_SHARED && pthread_setspecific(thread_end_key, slot_as_value(slot)) != 0) {
		slot_give_back(slot_as_value(slot));
		slot = TALLY_SHARED;
	}
	tally_thread_slot = slot;
	return slot;
}
