#include "fs/core/stripes.h"

#include <assert.h>

#include "lsm/base/hash.h"

enum {
	/* Other than that of the node table, lest the names of one stripe crowd one bucket. */
	STRIPE_SEED = 2,
};

void stripes_init(struct stripes *s, uint8_t separator)
{
	for (size_t i = 0; i < STRIPE_COUNT; i++) {
		mutex_init(&s->all[i].mu, RANK_FS_PATH);
		atomic_init(&s->all[i].changed, 0);
	}
	atomic_init(&s->ticket, 0);
	mutex_init(&s->move_mu, RANK_FS_MOVE);
	atomic_init(&s->all_taken, false);
	s->separator = separator;
}

void stripes_done(struct stripes *s)
{
	for (size_t i = 0; i < STRIPE_COUNT; i++)
		mutex_done(&s->all[i].mu);
	mutex_done(&s->move_mu);
}

struct slice folder_anchor(uint8_t separator, const struct node_name *folder)
{
	size_t len = folder->bytes.len;

	if (folder->partial) {
		while (len > 0 && folder->bytes.ptr[len - 1] != separator)
			len--;
	}
	return slice_of(folder->bytes.ptr, len);
}

struct stripe *stripe_of(struct stripes *s, const struct node_name *name)
{
	struct slice key = name->bytes;

	if (name->folder) {
		key = folder_anchor(s->separator, name);
		if (key.len > 0)
			key.len--; /* the separator: the file of this name has the same stripe */
	}
	return &s->all[hash64(key, STRIPE_SEED) % STRIPE_COUNT];
}

/* Kept in address order, the order in which they are locked. */
void stripe_set_add(struct stripe_set *set, struct stripe *stripe)
{
	unsigned at = 0;

	while (at < set->count && set->members[at] < stripe)
		at++;
	if (at < set->count && set->members[at] == stripe)
		return;
	assert(set->count < STRIPE_SET_MAX);
	for (unsigned i = set->count; i > at; i--)
		set->members[i] = set->members[i - 1];
	set->members[at] = stripe;
	set->count++;
}

/*
 * Tickets order changes among each other and against readers that draw none: sequentially
 * consistent, since a reader's load of the counter and its read of the store must not change places
 * with a writer's draw and its write.
 */
static uint64_t draw_ticket(struct stripes *s)
{
	return atomic_fetch_add(&s->ticket, 1) + 1;
}

static void note_change(struct stripes *s, struct stripe_set *set)
{
	uint64_t ticket = draw_ticket(s);

	for (unsigned i = 0; i < set->count; i++)
		atomic_store(&set->members[i]->changed, ticket);
}

static void unlock_members(struct stripe_set *set)
{
	for (unsigned i = set->count; i > 0; i--)
		mutex_unlock(&set->members[i - 1]->mu);
}

/*
 * With a stripe in hand: whether somebody has all of them. Who has them passed through this stripe
 * after raising the flag, or waits for its holder, so true is never missed. Acquire: who finds
 * false sees what they did.
 */
static bool all_are_taken(struct stripes *s)
{
	return unlikely(atomic_load_explicit(&s->all_taken, memory_order_acquire));
}

static void wait_for_all(struct stripes *s)
{
	mutex_lock(&s->move_mu);
	mutex_unlock(&s->move_mu);
}

void stripes_lock(struct stripes *s, struct stripe_set *set)
{
	for (;;) {
		for (unsigned i = 0; i < set->count; i++)
			mutex_lock_same_rank(&set->members[i]->mu);
		if (!all_are_taken(s))
			break;
		unlock_members(set);
		wait_for_all(s);
	}
	note_change(s, set);
}

void stripes_unlock(struct stripes *s, struct stripe_set *set)
{
	note_change(s, set);
	unlock_members(set);
}

void stripes_note_all(struct stripes *s)
{
	uint64_t ticket = draw_ticket(s);

	for (size_t i = 0; i < STRIPE_COUNT; i++)
		atomic_store(&s->all[i].changed, ticket);
}

void stripes_lock_all(struct stripes *s)
{
	mutex_lock(&s->move_mu);
	/* Relaxed: the stripes' mutexes, passed next, carry it. */
	atomic_store_explicit(&s->all_taken, true, memory_order_relaxed);
	for (size_t i = 0; i < STRIPE_COUNT; i++) {
		mutex_lock(&s->all[i].mu);
		mutex_unlock(&s->all[i].mu);
	}
	stripes_note_all(s);
}

void stripes_unlock_all(struct stripes *s)
{
	stripes_note_all(s);
	/* Release: pairs with all_are_taken. */
	atomic_store_explicit(&s->all_taken, false, memory_order_release);
	mutex_unlock(&s->move_mu);
}

void stripe_lock(struct stripes *s, struct stripe *stripe)
{
	for (;;) {
		mutex_lock(&stripe->mu);
		if (!all_are_taken(s))
			return;
		mutex_unlock(&stripe->mu);
		wait_for_all(s);
	}
}

void stripe_unlock(struct stripe *stripe)
{
	mutex_unlock(&stripe->mu);
}

uint64_t stripes_ticket(struct stripes *s)
{
	return atomic_load(&s->ticket);
}

uint64_t stripe_changed(struct stripe *stripe)
{
	return atomic_load(&stripe->changed);
}
