#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/buf.h"
#include "lsm/sst/block_cursor.h"
#include "lsm/sst/scan_reader.h"
#include "lsm/sst/table_private.h"

/* `block` of an iterator that is in none. */
#define NO_BLOCK SIZE_MAX

/*
 * Two levels: a number of a data block, that is a place in the index, and a cursor in that block.
 */
struct table_iter {
	struct iter base;
	struct table *table; /* a reference */
	size_t block;        /* the data block that cursor is in */
	struct block_cursor cursor;
	struct cache_entry *held_block; /* what cursor is in; NULL: it came by way of `reader` */
	struct cache_entry *held_value; /* what iter_value answered with; NULL: none, or as above */
	struct slice value;             /* what it answered; ptr NULL: not asked yet */
	bool ask_cache;                 /* before `reader` */
	struct scan_reader *reader;     /* owned; NULL: blocks come by way of the cache */
};

static void release(struct cache_entry **held)
{
	if (*held)
		cache_release(*held);
	*held = NULL;
}

static void leave_block(struct table_iter *it)
{
	release(&it->held_block);
	it->cursor.valid = false;
	it->block = NO_BLOCK;
}

static int load_block(struct table_iter *it, size_t i, const struct block **ret_block)
{
	if (!it->reader)
		return table_data_block(it->table, i, &it->held_block, ret_block);
	if (it->ask_cache) {
		int rc = table_cached_data_block(it->table, i, &it->held_block, ret_block);

		if (rc != -ENOENT)
			return rc;
	}
	return scan_reader_block(it->reader, i, ret_block);
}

/* Go to data block i, wherever in it. */
static int enter_block(struct table_iter *it, size_t i)
{
	const struct block *block;

	if (it->block == i)
		return 0;
	leave_block(it);

	int rc = load_block(it, i, &block);

	if (rc)
		return rc;
	block_cursor_enter(&it->cursor, block);
	it->block = i;
	return 0;
}

static int enter_first(struct table_iter *it, size_t i)
{
	int rc = enter_block(it, i);

	return rc ? rc : block_cursor_first(&it->cursor);
}

static int enter_last(struct table_iter *it, size_t i)
{
	int rc = enter_block(it, i);

	return rc ? rc : block_cursor_last(&it->cursor);
}

/* Every move begins here: what the last position lent out ends. */
static struct table_iter *begin_move(struct iter *base)
{
	struct table_iter *it = container_of(base, struct table_iter, base);

	release(&it->held_value);
	it->value = (struct slice){0};
	base->valid = false;
	base->status = 0;
	return it;
}

/* And ends here: the iterator stands where the cursor does, or it failed. */
static void end_move(struct table_iter *it, int rc)
{
	const struct block_cursor *c = &it->cursor;
	const struct block_entry *e = &c->entry;

	if (rc) {
		it->base.status =
			it->block == NO_BLOCK ? rc : table_explain(it->table, it->block, rc);
		leave_block(it);
		return;
	}
	it->base.valid = c->valid;
	if (!c->valid)
		return;
	it->base.rec = (struct record){
		.key = c->key,
		.seqno = e->seqno,
		.kind = e->kind,
		.time_ns = e->time_ns,
		.meta = e->meta,
		.value_len = e->value_len,
	};
}

/* The cursor may have run off the end of its block: on to the next one's first entry. */
static int go_on(struct table_iter *it)
{
	if (it->cursor.valid || it->block + 1 >= it->table->meta.index.count)
		return 0;
	return enter_first(it, it->block + 1);
}

static int go_back(struct table_iter *it)
{
	if (it->cursor.valid || it->block == 0)
		return 0;
	return enter_last(it, it->block - 1);
}

static void table_iter_first(struct iter *base)
{
	struct table_iter *it = begin_move(base);

	end_move(it, enter_first(it, 0));
}

static void table_iter_last(struct iter *base)
{
	struct table_iter *it = begin_move(base);

	end_move(it, enter_last(it, it->table->meta.index.count - 1));
}

static void table_iter_seek(struct iter *base, struct slice key, uint64_t seqno)
{
	struct table_iter *it = begin_move(base);
	size_t i = table_index_seek(&it->table->meta.index, key, seqno);

	if (i == it->table->meta.index.count) {
		it->cursor.valid = false;
		return;
	}

	int rc = enter_block(it, i);

	if (!rc)
		rc = block_cursor_seek(&it->cursor, key, seqno);
	if (!rc)
		rc = go_on(it);
	end_move(it, rc);
}

static void table_iter_seek_before(struct iter *base, struct slice key, uint64_t seqno)
{
	struct table_iter *it = begin_move(base);
	size_t count = it->table->meta.index.count;
	size_t i = min_of(table_index_seek(&it->table->meta.index, key, seqno), count - 1);
	int rc = enter_block(it, i);

	if (!rc)
		rc = block_cursor_seek_before(&it->cursor, key, seqno);
	if (!rc)
		rc = go_back(it);
	end_move(it, rc);
}

static void table_iter_next(struct iter *base)
{
	assert(base->valid);

	struct table_iter *it = begin_move(base);
	int rc = block_cursor_next(&it->cursor);

	if (!rc)
		rc = go_on(it);
	end_move(it, rc);
}

static void table_iter_prev(struct iter *base)
{
	assert(base->valid);

	struct table_iter *it = begin_move(base);
	int rc = block_cursor_prev(&it->cursor);

	if (!rc)
		rc = go_back(it);
	end_move(it, rc);
}

static int load_value(struct table_iter *it)
{
	const struct block_entry *e = &it->cursor.entry;

	if (!block_entry_is_outside(e)) {
		it->value = e->value;
		return 0;
	}
	if (!it->reader)
		return table_value_block(it->table, e->outside, e->value_len, &it->held_value,
					 &it->value);
	if (it->ask_cache) {
		int rc = table_cached_value_block(it->table, e->outside, e->value_len,
						  &it->held_value, &it->value);

		if (rc != -ENOENT)
			return rc;
	}
	return scan_reader_value(it->reader, e->outside, e->value_len, &it->value);
}

static int table_iter_value(struct iter *base, struct slice *ret_value)
{
	struct table_iter *it = container_of(base, struct table_iter, base);
	int rc = 0;

	assert(base->valid);
	if (!it->value.ptr)
		rc = load_value(it);
	if (!rc)
		*ret_value = it->value;
	return rc;
}

static void table_iter_free(struct iter *base)
{
	struct table_iter *it = begin_move(base);

	leave_block(it);
	block_cursor_done(&it->cursor);
	if (it->reader)
		scan_reader_done(it->reader);
	free(it->reader);
	table_unref(it->table);
	free(it);
}

static const struct iter_ops table_iter_ops = {
	.first = table_iter_first,
	.last = table_iter_last,
	.seek = table_iter_seek,
	.seek_before = table_iter_seek_before,
	.next = table_iter_next,
	.prev = table_iter_prev,
	.value = table_iter_value,
	.free = table_iter_free,
};

int table_iter_as(struct table *t, enum table_access access, struct iter **ret_iter)
{
	struct table_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return -ENOMEM;
	if (access != TABLE_CACHED) {
		it->reader = calloc(1, sizeof(*it->reader));
		if (!it->reader) {
			free(it);
			return -ENOMEM;
		}
		if (access == TABLE_SCAN)
			scan_reader_init(it->reader, t);
		else
			scan_reader_init_steps(it->reader, t);
	}
	it->ask_cache = access == TABLE_PAST_CACHE;
	it->base.ops = &table_iter_ops;
	it->block = NO_BLOCK;
	it->table = table_ref(t);
	*ret_iter = &it->base;
	return 0;
}
