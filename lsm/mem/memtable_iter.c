#include "lsm/mem/memtable_iter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/*
 * Walking a list whose nodes lie anywhere costs a wait for memory at each of them. So a long walk
 * has scouts ahead of it: the list is cut into segments by its nodes of some height (one in
 * sixteen), each scout walks a segment of its own, and asks for each node one round before it steps
 * on it. A scout steps at each SCOUTS-th step of the walk, so they stay ahead by as much as
 * they were, about; by segments' different lengths they drift, so they begin anew now and then.
 */
enum {
	SEGMENT_LEVEL = 2,
	SCOUTS = 4,
	SCOUT_AFTER = 32, /* steps in a row; shorter walks are not worth it */
	SCOUT_STEPS = 512,
};

struct scout {
	const struct skip_node *at, *end; /* borrowed from the list; NULL: it has ended */
};

struct memtable_iter {
	struct iter base;
	struct memtable *table;       /* shared: a reference of our own */
	const struct skip_list *list; /* borrowed from table */
	const struct skip_node *at;   /* borrowed from table; NULL: nowhere */
	unsigned steps;               /* forward, in a row */
	struct scout scouts[SCOUTS];
	const struct skip_node *segment; /* where the first begins that no scout has; NULL: none */
};

static struct memtable_iter *self_of(struct iter *base)
{
	return container_of(base, struct memtable_iter, base);
}

/* Stand on n, or nowhere. */
static void stand_on(struct memtable_iter *it, const struct skip_node *n)
{
	it->at = n;
	it->base.valid = n != NULL;
	if (!n)
		return;
	it->base.rec = (struct record){
		.key = skip_node_key(n),
		.seqno = skip_node_seqno(n),
		.kind = skip_node_kind(n),
		.time_ns = n->time_ns,
		.meta = skip_node_meta(n),
		.value_len = n->value_len,
	};
}

/* Give the scout the next segment. */
static void send_out(struct memtable_iter *it, struct scout *s)
{
	s->at = it->segment;
	if (!s->at)
		return;
	s->end = it->segment = skip_node_next(s->at, SEGMENT_LEVEL);
	__builtin_prefetch(s->end);
}

static void scout_ahead(struct memtable_iter *it)
{
	struct scout *s = &it->scouts[it->steps % SCOUTS];

	if (it->steps == SCOUT_AFTER) {
		it->segment = skip_list_tall(it->list, it->at, SEGMENT_LEVEL);
		for (size_t i = 0; i < SCOUTS; i++)
			send_out(it, &it->scouts[i]);
	} else if (it->steps == SCOUT_AFTER + SCOUT_STEPS) {
		it->steps = SCOUT_AFTER - 1;
	} else if (s->at) {
		const struct skip_node *next = skip_node_next(s->at, 0);

		if (next == s->end) {
			send_out(it, s);
			return;
		}
		s->at = next;
		__builtin_prefetch(skip_node_link(next, 0));
		__builtin_prefetch(skip_node_payload(next) + sizeof(*next));
	}
}

static void it_first(struct iter *base)
{
	struct memtable_iter *it = self_of(base);

	it->steps = 0;
	stand_on(it, skip_list_first(it->list));
}

static void it_last(struct iter *base)
{
	struct memtable_iter *it = self_of(base);

	stand_on(it, skip_list_last(it->list));
}

static void it_seek(struct iter *base, struct slice key, uint64_t seqno)
{
	struct memtable_iter *it = self_of(base);

	it->steps = 0;
	stand_on(it, skip_list_at_or_after(it->list, key, seqno));
}

static void it_seek_before(struct iter *base, struct slice key, uint64_t seqno)
{
	struct memtable_iter *it = self_of(base);

	stand_on(it, skip_list_before(it->list, key, seqno));
}

static void it_next(struct iter *base)
{
	struct memtable_iter *it = self_of(base);

	assert(it->at);
	stand_on(it, skip_node_next(it->at, 0));
	if (++it->steps >= SCOUT_AFTER && it->at)
		scout_ahead(it);
}

/* Links lead forward only, so a step back is a search; back links would cost every node eight
 * bytes. */
static void it_prev(struct iter *base)
{
	struct memtable_iter *it = self_of(base);

	assert(it->at);
	stand_on(it, skip_list_before(it->list, skip_node_key(it->at), skip_node_seqno(it->at)));
}

static int it_value(struct iter *base, struct slice *ret_value)
{
	struct memtable_iter *it = self_of(base);

	assert(it->at);
	*ret_value = skip_node_value(it->at);
	return 0;
}

static void it_free(struct iter *base)
{
	struct memtable_iter *it = self_of(base);

	memtable_unref(it->table);
	free(it);
}

static const struct iter_ops memtable_iter_ops = {
	.first = it_first,
	.last = it_last,
	.seek = it_seek,
	.seek_before = it_seek_before,
	.next = it_next,
	.prev = it_prev,
	.value = it_value,
	.free = it_free,
};

int memtable_iter_new(struct memtable *m, const struct skip_list *list, struct iter **ret_iter)
{
	struct memtable_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return -ENOMEM;
	it->base.ops = &memtable_iter_ops;
	it->table = memtable_ref(m);
	it->list = list;
	*ret_iter = &it->base;
	return 0;
}
