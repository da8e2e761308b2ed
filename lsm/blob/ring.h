/*
 * A ring of objects in the order in which they were added. An object is in at most one ring by each
 * of its links.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded in the object (container_of leads back). All zero: in no ring. */
struct ring_link {
	struct ring_link *next, *prev;
};

struct ring {
	struct ring_link ends; /* next: the oldest, prev: the newest */
	size_t count;
};

static inline void ring_init(struct ring *r)
{
	r->ends.next = r->ends.prev = &r->ends;
	r->count = 0;
}

static inline bool ring_link_used(const struct ring_link *l)
{
	return l->next != NULL;
}

static inline void ring_add(struct ring *r, struct ring_link *l)
{
	assert(!ring_link_used(l));
	l->next = &r->ends;
	l->prev = r->ends.prev;
	l->prev->next = l;
	r->ends.prev = l;
	r->count++;
}

/* l is in r. */
static inline void ring_remove(struct ring *r, struct ring_link *l)
{
	assert(ring_link_used(l) && r->count > 0);
	l->next->prev = l->prev;
	l->prev->next = l->next;
	l->next = l->prev = NULL;
	r->count--;
}

/* Take the oldest out; NULL: the ring is empty. */
static inline struct ring_link *ring_take(struct ring *r)
{
	struct ring_link *oldest = r->ends.next;

	if (r->count == 0)
		return NULL;
	r->ends.next = oldest->next;
	oldest->next->prev = &r->ends;
	oldest->next = oldest->prev = NULL;
	r->count--;
	return oldest;
}
