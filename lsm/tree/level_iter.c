#include "lsm/tree/level_iter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct level_iter {
	struct iter base;
	struct table_cache *tables; /* borrowed */
	struct version *version;    /* a reference */
	struct version_run span;    /* files are borrowed from the version or the caller */
	enum table_access access;
	size_t at;          /* which file `inner` reads */
	struct iter *inner; /* owned; NULL: none is open */
};

static struct level_iter *level_of(struct iter *it)
{
	return container_of(it, struct level_iter, base);
}

static void stand_nowhere(struct level_iter *l, int status)
{
	l->base.valid = false;
	l->base.status = status;
}

static int open_table(struct level_iter *l, size_t at)
{
	struct table *table;
	struct iter *inner;

	if (l->inner && l->at == at)
		return 0;
	int err = table_cache_get(l->tables, l->span.files[at], &table);
	if (err)
		return err;
	err = table_iter_as(table, l->access, &inner);
	table_unref(table);
	if (err)
		return err;
	iter_free(l->inner);
	l->inner = inner;
	l->at = at;
	return 0;
}

/* True when the search is over: the inner iterator stands on a version, or failed. */
static bool take_over(struct level_iter *l)
{
	int status = iter_status(l->inner);

	if (!iter_valid(l->inner)) {
		stand_nowhere(l, status);
		return status != 0;
	}
	l->base.valid = true;
	l->base.status = 0;
	l->base.rec = l->inner->rec;
	return true;
}

/* From the start of file `at` on. */
static void walk_forward(struct level_iter *l, size_t at)
{
	for (; at < l->span.count; at++) {
		int err = open_table(l, at);

		if (err) {
			stand_nowhere(l, err);
			return;
		}
		iter_first(l->inner);
		if (take_over(l))
			return;
	}
	stand_nowhere(l, 0);
}

/* From the end of file `end` - 1 backwards. */
static void walk_backward(struct level_iter *l, size_t end)
{
	while (end-- > 0) {
		int err = open_table(l, end);

		if (err) {
			stand_nowhere(l, err);
			return;
		}
		iter_last(l->inner);
		if (take_over(l))
			return;
	}
	stand_nowhere(l, 0);
}

static void level_first(struct iter *it)
{
	walk_forward(level_of(it), 0);
}

static void level_last(struct iter *it)
{
	struct level_iter *l = level_of(it);

	walk_backward(l, l->span.count);
}

static void level_seek(struct iter *it, struct slice key, uint64_t seqno)
{
	struct level_iter *l = level_of(it);
	size_t at = version_find(&l->span, key);

	if (at == l->span.count || slice_cmp(l->span.files[at]->smallest, key) > 0) {
		walk_forward(l, at);
		return;
	}
	int err = open_table(l, at);
	if (err) {
		stand_nowhere(l, err);
		return;
	}
	iter_seek(l->inner, key, seqno);
	if (!take_over(l))
		walk_forward(l, at + 1);
}

static void level_seek_before(struct iter *it, struct slice key, uint64_t seqno)
{
	struct level_iter *l = level_of(it);
	size_t at = version_find(&l->span, key);

	if (at == l->span.count || slice_cmp(l->span.files[at]->smallest, key) > 0) {
		walk_backward(l, at);
		return;
	}
	int err = open_table(l, at);
	if (err) {
		stand_nowhere(l, err);
		return;
	}
	iter_seek_before(l->inner, key, seqno);
	if (!take_over(l))
		walk_backward(l, at);
}

static void level_next(struct iter *it)
{
	struct level_iter *l = level_of(it);

	assert(it->valid);
	iter_next(l->inner);
	if (!take_over(l))
		walk_forward(l, l->at + 1);
}

static void level_prev(struct iter *it)
{
	struct level_iter *l = level_of(it);

	assert(it->valid);
	iter_prev(l->inner);
	if (!take_over(l))
		walk_backward(l, l->at);
}

static int level_value(struct iter *it, struct slice *ret_value)
{
	assert(it->valid);
	return iter_value(level_of(it)->inner, ret_value);
}

static void level_free(struct iter *it)
{
	struct level_iter *l = level_of(it);

	iter_free(l->inner);
	version_unref(l->version);
	free(l);
}

static const struct iter_ops level_ops = {
	.first = level_first,
	.last = level_last,
	.seek = level_seek,
	.seek_before = level_seek_before,
	.next = level_next,
	.prev = level_prev,
	.value = level_value,
	.free = level_free,
};

int level_iter_new(const struct level_iter_source *source, struct iter **ret_iter)
{
	struct level_iter *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->base.ops = &level_ops;
	l->tables = source->tables;
	l->version = version_ref(source->version);
	l->span = (struct version_run){.files = source->files, .count = source->count};
	l->access = source->access;
	*ret_iter = &l->base;
	return 0;
}
