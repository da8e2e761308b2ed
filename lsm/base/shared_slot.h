/*
 * A slot that holds a pointer to a shared object, which readers take a reference to without a lock.
 *
 * The classic trap is that a reader loads the pointer, the writer replaces and frees the object,
 * and the reader then counts itself in on freed memory. Here pointer and a count of borrowed
 * references share one 64-bit word, so "load the pointer and count me in" is one fetch_add. The
 * count is moved into the object when the slot is given another one, or when it has grown large
 * (the "split" or "differential" reference count: A. Williams, C++ Concurrency in Action,
 * section 7.2.4).
 *
 * Correctness, in short: `word` = pointer (low 48 bits) | borrowed (high 16 bits). An object's
 * `balance` starts at 1, the maker's reference. A slot that takes a reference over turns it into
 * SHARED_BIAS. Every acquire adds 1 to borrowed, every release subtracts 1 from balance. Replacing
 * the object adds borrowed - SHARED_BIAS to balance. So balance is (references handed out) -
 * (references returned) once it has left the slot, and whoever brings it to 0 frees the object,
 * exactly once; while in the slot it cannot reach 0. shared_slot.c has the whole table.
 *
 * Thread rule: acquire and release from any thread; replace by one thread at a time (the caller's
 * lock).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* First member of (or embedded in) the shared object. */
struct shared {
	_Atomic int64_t balance;
	void (*free)(struct shared *); /* called once, by the thread that ends the last reference */
};

struct shared_slot {
	_Atomic uint64_t word;
};

/* A new object, in no slot, with one reference that belongs to the caller. */
void shared_init(struct shared *object, void (*free_object)(struct shared *));

/* One more reference for a caller that already has one. */
void shared_ref(struct shared *object);

/* Return a reference, however it was gained; NULL is allowed. True when it was the last one: the
 * object is freed. */
bool shared_unref(struct shared *object);

/* The slot takes over the caller's reference to object, which is not NULL. */
void shared_slot_init(struct shared_slot *slot, struct shared *object);

/* A reference to the present object. Lock-free; acquire order, pairs with shared_slot_replace. */
struct shared *shared_slot_acquire(struct shared_slot *slot);

/* Put in another object (the caller's reference goes to the slot) and drop the slot's hold on the
 * old. */
void shared_slot_replace(struct shared_slot *slot, struct shared *object);

/* Drop the slot's hold, if any (all zero is an empty slot); no other call on the slot is under way
 * or follows. */
void shared_slot_done(struct shared_slot *slot);
