/*
 * The iterator that every ordered source of records offers: memtable, block, table, level, and the
 * merge of several.
 *
 * It stands on one version of one key, or nowhere. After a failure it stands nowhere and `status`
 * holds the negative errno; standing nowhere with status 0 is the end. rec.value is not set (see
 * iter_value); rec.key and rec.meta are good until the next move.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/mem/record.h"

struct iter;

struct iter_ops {
	void (*first)(struct iter *);
	void (*last)(struct iter *);
	/* To the first version at or after (key, seqno) in record order. */
	void (*seek)(struct iter *, struct slice key, uint64_t seqno);
	/* To the last version before (key, seqno) in record order. */
	void (*seek_before)(struct iter *, struct slice key, uint64_t seqno);
	/* It stands on a version. */
	void (*next)(struct iter *);
	void (*prev)(struct iter *);
	/* The value of the version it stands on, good until the next move. */
	int (*value)(struct iter *, struct slice *ret_value);
	void (*free)(struct iter *);
};

struct iter {
	const struct iter_ops *ops;
	bool valid;
	int status;
	struct record rec;
};

static inline bool iter_valid(const struct iter *it)
{
	return it->valid;
}

must_check static inline int iter_status(const struct iter *it)
{
	return it->status;
}

static inline void iter_first(struct iter *it)
{
	it->ops->first(it);
}

static inline void iter_last(struct iter *it)
{
	it->ops->last(it);
}

static inline void iter_seek(struct iter *it, struct slice key, uint64_t seqno)
{
	it->ops->seek(it, key, seqno);
}

static inline void iter_seek_before(struct iter *it, struct slice key, uint64_t seqno)
{
	it->ops->seek_before(it, key, seqno);
}

static inline void iter_next(struct iter *it)
{
	it->ops->next(it);
}

static inline void iter_prev(struct iter *it)
{
	it->ops->prev(it);
}

must_check static inline int iter_value(struct iter *it, struct slice *ret_value)
{
	return it->ops->value(it, ret_value);
}

static inline void iter_free(struct iter *it)
{
	if (it)
		it->ops->free(it);
}
