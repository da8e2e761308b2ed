#include "lsm/base/helper_ring.h"

#include <assert.h>

void helper_ring_init(struct helper_ring *r, const char *name)
{
	*r = (struct helper_ring){
		.count = min_of((size_t)thread_cpus() + 1, (size_t)HELPER_RING_MAX)};
	for (size_t i = 0; i < r->count; i++)
		helper_init(&r->helpers[i], name);
}

static size_t oldest(const struct helper_ring *r)
{
	return (r->open + r->count - r->offered) % r->count;
}

void helper_ring_done(struct helper_ring *r)
{
	for (; r->offered > 0; r->offered--)
		helper_cancel(&r->helpers[oldest(r)], &r->tasks[oldest(r)]);
	for (size_t i = 0; i < r->count; i++)
		helper_done(&r->helpers[i]);
	r->count = 0;
}

void helper_ring_keep(struct helper_ring *r, void (*run)(void *arg), void *arg)
{
	assert(!helper_ring_is_full(r));
	r->tasks[r->open] = (struct helper_task){.run = run, .arg = arg};
	r->open = (r->open + 1) % r->count;
	r->offered++;
}

void helper_ring_offer(struct helper_ring *r, void (*run)(void *arg), void *arg)
{
	size_t slot = r->open;

	helper_ring_keep(r, run, arg);
	helper_offer(&r->helpers[slot], &r->tasks[slot]);
}

size_t helper_ring_finish(struct helper_ring *r)
{
	size_t slot = oldest(r);

	assert(!helper_ring_is_empty(r));
	helper_finish(&r->helpers[slot], &r->tasks[slot]);
	r->offered--;
	return slot;
}
