#include "lsm/mem/skip_list.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* A place in record order. */
struct place {
	struct slice key;
	uint64_t prefix;
	uint64_t seqno;
};

static struct place place_of(struct slice key, uint64_t seqno)
{
	return (struct place){.key = key, .prefix = skip_prefix(key), .seqno = seqno};
}

static bool is_before(const struct skip_node *n, const struct place *p)
{
	if (n->prefix != p->prefix)
		return n->prefix < p->prefix;
	return record_cmp(skip_node_key(n), skip_node_seqno(n), p->key, p->seqno) < 0;
}

int skip_list_init(struct skip_list *l, struct arena_pool *pool)
{
	*l = (struct skip_list){0};
	l->head_block = calloc(1, skip_node_bytes(0, 0, 0, SKIP_HEIGHT_MAX));
	if (!l->head_block)
		return -ENOMEM;
	l->head = (struct skip_node *)((struct skip_link *)l->head_block + SKIP_HEIGHT_MAX);
	atomic_init(&l->height, 1);
	for (int i = 0; i < SKIP_HEIGHT_MAX; i++) {
		atomic_init(&skip_node_link(l->head, i)->to, NULL);
		l->preds[i] = l->head;
	}
	arena_init(&l->arena, pool);
	/* Heights need to be independent of the keys, not secret: a fixed seed makes runs
	 * repeatable. */
	rng_seed(&l->rng, 1);
	return 0;
}

void skip_list_done(struct skip_list *l)
{
	if (!l->head_block)
		return;
	arena_done(&l->arena);
	free(l->head_block);
	l->head_block = NULL;
}

int skip_list_reserve(struct skip_list *l, size_t bytes)
{
	return arena_reserve(&l->arena, bytes);
}

/*
 * Walk down to the last node before p; preds (NULL if not wanted) gets the last node before p of
 * each level in use, *ret_after the node that followed when level 0 was looked at. A reader must
 * use that one: by now another record, still before p, may have come in between.
 *
 * What costs here is waiting for memory, so the two nodes that may be looked at next, one step on
 * and one level down, are asked for before this one is compared, and a node that was found too far
 * on one level is not compared again on the next.
 */
static struct skip_node *descend(const struct skip_list *l, const struct place *p,
				 struct skip_node **preds, struct skip_node **ret_after)
{
	int level = atomic_load_explicit(&l->height, memory_order_relaxed) - 1;
	struct skip_node *at = l->head;
	struct skip_node *too_far = NULL;

	for (;;) {
		struct skip_node *next = skip_node_next(at, level);

		if (level > 0)
			__builtin_prefetch(skip_node_next(at, level - 1));
		if (next)
			__builtin_prefetch(skip_node_next(next, level));
		if (next && next != too_far && is_before(next, p)) {
			at = next;
			continue;
		}
		if (preds)
			preds[level] = at;
		if (level == 0) {
			*ret_after = next;
			return at;
		}
		too_far = next;
		level--;
	}
}

/* One level, and with probability 1/4 each one more. */
static int draw_height(struct skip_list *l)
{
	uint64_t stop = UINT64_C(1) << (2 * (SKIP_HEIGHT_MAX - 1));

	return 1 + __builtin_ctzll(rng_next(&l->rng) | stop) / 2;
}

static struct skip_node *make_node(struct skip_list *l, const struct record *rec, int height)
{
	size_t bytes = skip_node_bytes(rec->key.len, rec->meta.len, rec->value_len, height);
	struct skip_link *tower = arena_alloc(&l->arena, bytes);
	struct skip_node *n = (struct skip_node *)(tower + height);
	uint8_t *payload = (uint8_t *)(n + 1);

	*n = (struct skip_node){
		.prefix = skip_prefix(rec->key),
		.tag = record_tag(rec->seqno, rec->kind),
		.time_ns = rec->time_ns,
		.key_len = rec->key.len & 0xffff,
		.meta_len = rec->meta.len & 0x1ffff,
		.value_len = rec->value_len & 0x7fffffff,
	};
	memcpy(payload, rec->key.ptr, rec->key.len);
	if (rec->meta.len)
		memcpy(payload + rec->key.len, rec->meta.ptr, rec->meta.len);
	if (rec->value_len)
		memcpy(payload + rec->key.len + rec->meta.len, rec->value.ptr, rec->value_len);
	return n;
}

/*
 * Whether p falls between the newest node and its successor. Then l->preds is right for p already:
 * up to the newest node's height it stands there itself, and above it nothing lies between its own
 * predecessor and p. So records that come in order, as copies of trees and bulk loads do, are
 * inserted without a search.
 */
static bool follows_newest(const struct skip_list *l, const struct place *p)
{
	if (!l->newest || !is_before(l->newest, p))
		return false;
	const struct skip_node *after = skip_node_next(l->newest, 0);

	return !after || !is_before(after, p);
}

void skip_list_insert(struct skip_list *l, const struct record *rec)
{
	struct place p = place_of(rec->key, rec->seqno);
	struct skip_node *after;
	int height = draw_height(l);

	assert(rec->key.len > 0 && rec->key.len <= RECORD_KEY_MAX);
	assert(rec->meta.len <= RECORD_META_MAX && rec->value_len <= RECORD_VALUE_MAX);
	assert(rec->value.len == rec->value_len && rec->seqno <= RECORD_SEQNO_MAX);

	if (!follows_newest(l, &p))
		(void)descend(l, &p, l->preds, &after); /* levels not in use keep the head */
	struct skip_node *n = make_node(l, rec, height);

	for (int i = 0; i < height; i++)
		atomic_init(&skip_node_link(n, i)->to, skip_node_next(l->preds[i], i));
	for (int i = 0; i < height; i++) {
		/* Pairs with the acquire in skip_node_next. */
		atomic_store_explicit(&skip_node_link(l->preds[i], i)->to, n, memory_order_release);
		l->preds[i] = n;
	}
	l->newest = n;
	/*
	 * Relaxed: a reader that sees the old height walks a list that is as right, and one that
	 * sees the new height early finds NULL in the head up there.
	 */
	if (height > atomic_load_explicit(&l->height, memory_order_relaxed))
		atomic_store_explicit(&l->height, height, memory_order_relaxed);
}

const struct skip_node *skip_list_at_or_after(const struct skip_list *l, struct slice key,
					      uint64_t seqno)
{
	struct place p = place_of(key, seqno);
	struct skip_node *after;

	(void)descend(l, &p, NULL, &after);
	return after;
}

const struct skip_node *skip_list_before(const struct skip_list *l, struct slice key,
					 uint64_t seqno)
{
	struct place p = place_of(key, seqno);
	struct skip_node *after;
	const struct skip_node *n = descend(l, &p, NULL, &after);

	return n == l->head ? NULL : n;
}

const struct skip_node *skip_list_tall(const struct skip_list *l, const struct skip_node *n,
				       int level)
{
	struct place p = place_of(skip_node_key(n), skip_node_seqno(n));
	const struct skip_node *at = l->head;
	int i = atomic_load_explicit(&l->height, memory_order_relaxed) - 1;

	while (i >= level) {
		const struct skip_node *next = skip_node_next(at, i);

		if (next && is_before(next, &p))
			at = next;
		else if (i-- == level)
			return next;
	}
	return NULL;
}

const struct skip_node *skip_list_first(const struct skip_list *l)
{
	return skip_node_next(l->head, 0);
}

const struct skip_node *skip_list_last(const struct skip_list *l)
{
	const struct skip_node *at = l->head;
	int level = atomic_load_explicit(&l->height, memory_order_relaxed) - 1;

	while (level >= 0) {
		const struct skip_node *next = skip_node_next(at, level);

		if (next)
			at = next;
		else
			level--;
	}
	return at == l->head ? NULL : at;
}

uint64_t skip_list_check(const struct skip_list *l)
{
	uint64_t count = 0;

	for (int level = 0; level < SKIP_HEIGHT_MAX; level++) {
		const struct skip_node *below = l->head;
		const struct skip_node *at = l->head;
		const struct skip_node *next;

		for (; (next = skip_node_next(at, level)) != NULL; at = next) {
			struct place p = place_of(skip_node_key(next), skip_node_seqno(next));

			assert(level < atomic_load_explicit(&l->height, memory_order_relaxed));
			assert(next->prefix == p.prefix);
			assert(at == l->head || is_before(at, &p));
			/* Whatever stands on a level stands on the one below. */
			while (level > 0 && below && below != next)
				below = skip_node_next(below, level - 1);
			assert(below);
			count += level == 0;
		}
	}
	return count;
}
