/*
 * The protocol, with every number in it. For one object let
 *	own      = 1 for the reference of shared_init, + 1 for each shared_ref,
 *	hold     = the slots that hold the object now (usually 0 or 1),
 *	acquired = references ever handed out by a slot's acquire,
 *	pending  = the part of acquired that a slot's word still counts (its `borrowed`),
 *	returned = references ever given back, to shared_unref or to a slot that took them over.
 * Then at each moment between two steps
 *	balance = own + (acquired - pending) - returned + hold * SHARED_BIAS.
 *
 * step                                     change of balance        change of the word
 * shared_init                              = 1
 * shared_ref                               + 1
 * shared_unref                             - 1
 * into a slot (it takes over a reference)  + SHARED_BIAS - 1        the pointer, borrowed 0
 * acquire                                                           borrowed + 1
 * move (when borrowed has grown large)     + borrowed               borrowed 0
 * out of the slot                          + borrowed - SHARED_BIAS another pointer, or none
 *
 * Out of all slots pending is 0, so balance is the number of live references; the step that makes
 * it 0 ended the last of them and frees. In a slot balance is at least SHARED_BIAS - pending, and
 * pending is below 2^16, so it is not 0. Two changes of one step are two atomic operations; what
 * if other steps come between?
 *
 * - Into a slot: balance first, then the word. Before the word is seen nobody acquires.
 * - Out of the slot: the word first, then balance. In between balance still has the bias and is
 *   not 0, whatever else is returned.
 * - Move: balance first, then the word by compare-and-swap. In between balance is too high by n,
 *   which frees nothing too early; it cannot hide the end of the last reference either, for the
 *   mover has one. If the swap fails, n is taken back, and the mover's own reference keeps
 *   balance above 0. The other order would be wrong: a replacer in between would find a word
 *   without the n and a balance without them, and free an object that n readers use.
 *   The swap may find the same pointer put in a second time (not another object at the same
 *   address: the mover's reference keeps this one). That is as good: it moves n that are there.
 *
 * Overflow: borrowed is 16 bits. An acquirer that finds it above MOVE_ABOVE does not return before
 * it was below again, so each thread raises it at most once past MOVE_ABOVE: it would take 2^15
 * threads inside shared_slot_acquire at one moment.
 */
#include "lsm/base/shared_slot.h"

#include <assert.h>
#include <stddef.h>

enum {
	POINTER_BITS = 48, /* Linux hands out wider user addresses only to who asks mmap for one */
	MOVE_ABOVE = 1 << 15,
};

#define SHARED_BIAS  ((int64_t)1 << 32) /* above any number of borrowed references */
#define BORROWED_ONE ((uint64_t)1 << POINTER_BITS)

static struct shared *word_object(uint64_t word)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): sharing a word with a count is the point */
	return (struct shared *)(uintptr_t)(word & (BORROWED_ONE - 1));
}

static int64_t word_borrowed(uint64_t word)
{
	return (int64_t)(word >> POINTER_BITS);
}

/* Add to the balance; whoever brings it to 0 frees: true. */
static bool balance_settle(struct shared *object, int64_t change)
{
	/*
	 * Release: what this thread did with the object comes before its end. Acquire: the thread
	 * that frees sees what all others, whose releases it reads here, did with it.
	 */
	int64_t before = atomic_fetch_add_explicit(&object->balance, change, memory_order_acq_rel);

	assert(before + change >= 0);
	if (before + change != 0)
		return false;
	object->free(object);
	return true;
}

void shared_init(struct shared *object, void (*free_object)(struct shared *))
{
	atomic_init(&object->balance, 1);
	object->free = free_object;
}

void shared_ref(struct shared *object)
{
	/* Relaxed: the caller's own reference keeps the object meanwhile. */
	int64_t before = atomic_fetch_add_explicit(&object->balance, 1, memory_order_relaxed);

	assert(before > 0);
	(void)before;
}

bool shared_unref(struct shared *object)
{
	return object && balance_settle(object, -1);
}

/* The word for an object that enters a slot with the caller's reference. */
static uint64_t word_enter(struct shared *object)
{
	uint64_t word = (uint64_t)(uintptr_t)object;

	assert(object && word < BORROWED_ONE);
	/* Relaxed: made visible by the release of the word. */
	atomic_fetch_add_explicit(&object->balance, SHARED_BIAS - 1, memory_order_relaxed);
	return word;
}

/* The slot's hold on what it held ends; an empty word is allowed. */
static void word_leave(uint64_t word)
{
	struct shared *object = word_object(word);

	if (object)
		(void)balance_settle(object, word_borrowed(word) - SHARED_BIAS);
}

/* Move the word's borrowed references into the balance; the caller has one of them. */
static void borrowed_move(struct shared_slot *slot, uint64_t word)
{
	struct shared *object = word_object(word);

	while (word_object(word) == object && word_borrowed(word) > MOVE_ABOVE) {
		int64_t moved = word_borrowed(word);

		/* Relaxed: ordered before the swap by its release. */
		atomic_fetch_add_explicit(&object->balance, moved, memory_order_relaxed);
		/*
		 * Release: pairs with the acquire of the exchange in shared_slot_replace, so that a
		 * replacer who finds the smaller count changes a balance that has the rest.
		 */
		if (atomic_compare_exchange_strong_explicit(
			    &slot->word, &word, (uint64_t)(uintptr_t)object, memory_order_release,
			    memory_order_relaxed))
			return;
		/* Relaxed: not the last reference, nothing is freed by it. */
		atomic_fetch_sub_explicit(&object->balance, moved, memory_order_relaxed);
	}
}

void shared_slot_init(struct shared_slot *slot, struct shared *object)
{
	/* Release: pairs with the acquire in shared_slot_acquire. */
	atomic_store_explicit(&slot->word, word_enter(object), memory_order_release);
}

struct shared *shared_slot_acquire(struct shared_slot *slot)
{
	/*
	 * Acquire: pairs with the release that put the object in; the adds and swaps of other
	 * threads in between are read-modify-writes and so continue that release's sequence.
	 */
	uint64_t before =
		atomic_fetch_add_explicit(&slot->word, BORROWED_ONE, memory_order_acquire);
	uint64_t word = before + BORROWED_ONE;

	assert(word_object(word) && word_borrowed(word) > 0);
	if (word_borrowed(word) > MOVE_ABOVE)
		borrowed_move(slot, word);
	return word_object(word);
}

void shared_slot_replace(struct shared_slot *slot, struct shared *object)
{
	/* Release: publishes the new object. Acquire: pairs with the swap in borrowed_move. */
	uint64_t old =
		atomic_exchange_explicit(&slot->word, word_enter(object), memory_order_acq_rel);

	word_leave(old);
}

void shared_slot_done(struct shared_slot *slot)
{
	word_leave(atomic_exchange_explicit(&slot->word, 0, memory_order_acq_rel));
}
