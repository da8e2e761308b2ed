/*
 * An ordered list of records in an arena: a skip list (W. Pugh, "Skip Lists: A Probabilistic
 * Alternative to Balanced Trees", 1990) that is only ever added to. Private to lsm/mem and its
 * tests.
 *
 * Thread rule: reserve and insert by one thread at a time; everything else by any thread beside it,
 * without a lock. Nodes live until skip_list_done.
 *
 * Why that is right: a node is filled, its own links are set, and only then is it linked into its
 * predecessors, level 0 first, each by one release store. A reader reaches a node through an
 * acquire load of such a link, so it sees the node whole, with its links at that level and all
 * below. No link ever leads backwards and no node goes away, so a reader walks an ordered list at
 * every moment; it may miss records inserted since it began, and no others.
 */
#pragma once

#include "lsm/base/rng.h"
#include "lsm/mem/skip_node.h"

struct skip_list {
	struct skip_node *head; /* in head_block; before every record, holds none */
	void *head_block;       /* owned */
	_Atomic int height; /* levels in use; stored by the writer, any older value is good for a
			       reader */
	/* The writer's own: */
	struct arena arena;
	struct rng rng;
	struct skip_node *newest; /* the node inserted last; NULL at the start */
	struct skip_node
		*preds[SKIP_HEIGHT_MAX]; /* what stands before `newest`'s successor, per level */
};

/* -ENOMEM. */
must_check int skip_list_init(struct skip_list *l, struct arena_pool *pool);
void skip_list_done(struct skip_list *l);

/* Records that together take `bytes` (skip_node_bytes) can be inserted without failure. -ENOMEM. */
must_check int skip_list_reserve(struct skip_list *l, size_t bytes);

/* Copy a record in, into reserved room. No two with the same key and seqno. */
void skip_list_insert(struct skip_list *l, const struct record *rec);

/* The first node at or after (key, seqno) in record order; NULL: none. */
const struct skip_node *skip_list_at_or_after(const struct skip_list *l, struct slice key,
					      uint64_t seqno);
/* The last node before (key, seqno); NULL: none. */
const struct skip_node *skip_list_before(const struct skip_list *l, struct slice key,
					 uint64_t seqno);
/* The first node at or after n whose tower has a link at `level`; NULL: none. */
const struct skip_node *skip_list_tall(const struct skip_list *l, const struct skip_node *n,
				       int level);
const struct skip_node *skip_list_first(const struct skip_list *l);
const struct skip_node *skip_list_last(const struct skip_list *l);

/* Bytes of the records and their towers. */
static inline size_t skip_list_bytes(const struct skip_list *l)
{
	return arena_used(&l->arena);
}

/* Assert every invariant, O(n); for tests, with no writer about. The number of nodes. */
uint64_t skip_list_check(const struct skip_list *l);
