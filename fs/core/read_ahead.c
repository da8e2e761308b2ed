#include "fs/core/read_ahead.h"

static uint64_t load(const _Atomic uint64_t *place)
{
	return atomic_load_explicit(place, memory_order_relaxed);
}

static void store(_Atomic uint64_t *place, uint64_t value)
{
	atomic_store_explicit(place, value, memory_order_relaxed);
}

void read_ahead_note(struct lsm *db, const struct node_view *view, const struct lsm_range *range)
{
	struct node *n = view->node;
	uint64_t end = range->offset + range->len;

	if (range->len < READ_AHEAD_MIN)
		return;
	uint64_t last = load(&n->read_end), ahead = load(&n->ahead_end);

	store(&n->read_end, end);
	if (range->offset > last + READ_AHEAD_SLACK || end + READ_AHEAD_SLACK < last) {
		store(&n->ahead_end, 0); /* somewhere else */
		return;
	}
	if (ahead >= end + READ_AHEAD_WINDOW / 2)
		return;
	uint64_t from = max_of(ahead, end);

	store(&n->ahead_end, end + READ_AHEAD_WINDOW);
	lsm_read_ahead(db, view->key->name.bytes, from, end + READ_AHEAD_WINDOW - from);
}
