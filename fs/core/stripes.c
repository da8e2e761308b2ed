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
	s->separator = separator;
}

void stripes_done(struct stripes *s)
{
	for (size_t i = 0; i < STRIPE_COUNT; i++)
		mutex_done(&s->all[i].mu);
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

static void note_change(struct stripes *s, struct stripe_set *set)
{
	/*
	 * Tickets order changes among each other and against readers that draw none: sequentially
	 * consistent, since a reader's load of the counter and its read of the store must not
	 * change places with a writer's draw and its write.
	 */
	uint64_t ticket = atomic_fetch_add(&s->ticket, 1) + 1;

	for (unsigned i = 0; i < set->count; i++)
		atomic_store(&set->members[i]->changed, ticket);
}

void stripes_lock(struct stripes *s, struct stripe_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		mutex_lock_same_rank(&set->members[i]->mu);
	note_change(s, set);
}

void stripes_unlock(struct stripes *s, struct stripe_set *set)
{
	note_change(s, set);
	for (unsigned i = set->count; i > 0; i--)
		mutex_unlock(&set->members[i - 1]->mu);
}

uint64_t stripes_ticket(struct stripes *s)
{
	return atomic_load(&s->ticket);
}

uint64_t stripe_changed(struct stripe *stripe)
{
	return atomic_load(&stripe->changed);
}
