#include "lsm/mem/memtable_iter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct memtable_iter {
	struct iter base;
	struct memtable *table;       /* shared: a reference of our own */
	const struct skip_list *list; /* borrowed from table */
	const struct skip_node *at;   /* borrowed from table; NULL: nowhere */
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

static void it_first(struct iter *base)
{
	struct memtable_iter *it = self_of(base);

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
