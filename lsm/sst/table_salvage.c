#include "lsm/sst/table_salvage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/sst/table_salvage_impl.h"

bool table_is_damage(int error)
{
	return error == -EBADMSG || error == -EUCLEAN || error == -EIO;
}

static const char *reason_of(int error)
{
	switch (error) {
	case -EBADMSG:
		return "block checksum is wrong";
	case -EIO:
		return "block cannot be read";
	default:
		return "block makes no sense";
	}
}

void salvage_tell(const struct salvage_table *t, enum table_loss_kind kind)
{
	const struct table_loss loss = {.kind = kind, .file = t->name};

	t->source.lost(t->source.arg, &loss);
}

static bool is_within(const struct table_salvage_source *bounds, struct slice key)
{
	return (bounds->smallest.len == 0 || slice_cmp(key, bounds->smallest) >= 0) &&
	       (bounds->largest.len == 0 || slice_cmp(key, bounds->largest) <= 0);
}

static bool makes_sense(const struct block_cursor *c)
{
	return c->entry.seqno > 0 && record_kind_is_whole(c->entry.kind);
}

static int walk_entry(struct salvage_block *walk, const struct block_cursor *c,
		      const struct table_salvage_source *bounds)
{
	const struct salvage_place *before = walk->entries ? &walk->end : walk->from;

	if (!makes_sense(c) || !is_within(bounds, c->key))
		return -EUCLEAN;
	if (before->any &&
	    record_cmp(buf_slice(&before->key), before->seqno, c->key, c->entry.seqno) >= 0)
		return -EUCLEAN;
	if (block_entry_is_outside(&c->entry))
		walk->values_offset = min_of(walk->values_offset, c->entry.outside.offset);
	walk->entries++;
	walk->end.seqno = c->entry.seqno;
	walk->end.any = true;
	return buf_set(&walk->end.key, c->key);
}

int salvage_block_walk(struct salvage_block *walk, const struct table_salvage_source *bounds)
{
	struct block_cursor c = {0};
	int rc = 0;

	walk->values_offset = UINT64_MAX;
	if (walk->block->restart_count == 0)
		return -EUCLEAN;
	block_cursor_enter(&c, walk->block);
	rc = block_cursor_first(&c);
	while (!rc && c.valid) {
		rc = walk_entry(walk, &c, bounds);
		if (!rc)
			rc = block_cursor_next(&c);
	}
	block_cursor_done(&c);
	return rc;
}

/* The index brackets a block's keys; else its neighbours do, and the table's own bounds. */
static int set_bounds(struct salvage_table *t, size_t block)
{
	bool indexed = t->index.count > 0;
	int rc;

	if (indexed && block > 0)
		rc = table_index_key(&t->index, block - 1, &t->first);
	else if (!indexed && t->at.any)
		rc = buf_set(&t->first, buf_slice(&t->at.key));
	else
		rc = buf_set(&t->first, t->source.smallest);
	if (rc)
		return rc;
	if (indexed && block < t->index.count)
		return table_index_key(&t->index, block, &t->last);
	return buf_set(&t->last, t->source.largest);
}

static struct slice bound(const struct buf *key)
{
	return key->len ? buf_slice(key) : (struct slice){0};
}

/* Everything from `covered` on to `end` is lost. */
static void tell_until(struct salvage_table *t, uint64_t end, enum table_loss_kind kind,
		       const char *what)
{
	const struct table_loss loss = {
		.kind = kind,
		.file = t->name,
		.offset = t->covered,
		.bytes = end - t->covered,
		.what = what,
		.first = bound(&t->first),
		.last = bound(&t->last),
	};

	t->source.lost(t->source.arg, &loss);
	t->covered = end;
}

static int lose_block(struct salvage_table *t, size_t i, int why)
{
	uint64_t end = block_handle_end(t->blocks[i]);
	int rc = set_bounds(t, i);

	if (rc)
		return rc;
	tell_until(t, max_of(end, t->covered), TABLE_LOST_BLOCK, reason_of(why));
	return 0;
}

/* Block i is good: what lies between the one before and its own value blocks belongs to none. */
static int lose_gap(struct salvage_table *t, size_t i, const struct salvage_block *walk)
{
	uint64_t begin = min_of(walk->values_offset, t->blocks[i].offset);
	struct block_cursor c = {0};
	int rc = 0;

	if (begin <= t->covered)
		return 0;
	rc = set_bounds(t, i);
	block_cursor_enter(&c, walk->block);
	if (!rc)
		rc = block_cursor_first(&c);
	if (!rc)
		rc = buf_set(&t->last, c.key);
	if (!rc)
		tell_until(t, begin, TABLE_LOST_BYTES, "no block can be found");
	block_cursor_done(&c);
	return rc;
}

static int open_block(struct salvage_table *t, size_t i)
{
	struct salvage_block walk = {.from = &t->at};
	cleanup_free struct heap_block *block = NULL;
	int rc = block_read(&t->blocks_source, t->blocks[i], &block);

	if (!rc) {
		walk.block = &block->view;
		rc = salvage_block_walk(&walk, &t->source);
	}
	if (!rc)
		rc = lose_gap(t, i, &walk);
	buf_done(&walk.end.key);
	if (table_is_damage(rc))
		return lose_block(t, i, rc);
	if (rc)
		return rc;
	t->entries += walk.entries;
	t->covered = block_handle_end(t->blocks[i]);
	t->block = move_ptr(&block);
	block_cursor_enter(&t->cursor, &t->block->view);
	return block_cursor_first(&t->cursor);
}

static const char *doubt_of(const struct salvage_table *t, uint64_t end)
{
	if (t->has_footer)
		return "no block can be found";
	if (t->covered < end)
		return "no block can be found, there may have been some";
	return "the file ends behind a block, there may have been more";
}

/* All blocks are passed: was there more? */
static int settle_end(struct salvage_table *t)
{
	uint64_t end = max_of(t->blocks_end, t->has_footer ? 0 : t->source.size_bytes);
	int rc;

	if (t->count == 0) {
		t->covered = 0;
		rc = buf_set(&t->first, t->source.smallest);
		if (!rc)
			rc = buf_set(&t->last, t->source.largest);
		if (!rc)
			tell_until(t, max_of(t->file_size, t->source.size_bytes), TABLE_LOST_ALL,
				   "nothing of the table can be read");
		return rc;
	}
	/* a file that was cut behind a block looks whole to who knows neither footer nor size */
	bool end_is_known = t->has_footer || t->source.size_bytes > 0;

	if (t->index.count > 0 || (t->covered >= end && end_is_known))
		return 0;
	if (!t->has_footer && t->source.entries && t->entries == t->source.entries)
		return 0;
	rc = set_bounds(t, t->count);
	if (!rc)
		tell_until(t, end, TABLE_LOST_BYTES, doubt_of(t, end));
	return rc;
}

static void leave_block(struct salvage_table *t)
{
	free(t->value);
	t->value = NULL;
	free(t->block);
	t->block = NULL;
	t->cursor.valid = false;
}

/* Make the cursor stand on a record, in this block or a later one; or nowhere, at the end. */
static int go_on(struct salvage_table *t)
{
	int rc = 0;

	while (!rc && !t->cursor.valid && t->next < t->count) {
		leave_block(t);
		rc = open_block(t, t->next++);
	}
	return rc;
}

static int stand(struct salvage_table *t)
{
	const struct block_cursor *c = &t->cursor;

	if (!c->valid) {
		leave_block(t);
		return settle_end(t);
	}
	t->at.any = true;
	t->at.seqno = c->entry.seqno;
	t->base.valid = true;
	t->base.rec = (struct record){
		.key = c->key,
		.seqno = c->entry.seqno,
		.kind = c->entry.kind,
		.time_ns = c->entry.time_ns,
		.meta = c->entry.meta,
		.value_len = c->entry.value_len,
	};
	return buf_set(&t->at.key, c->key);
}

static void end_move(struct salvage_table *t, int rc)
{
	if (!rc)
		rc = go_on(t);
	if (!rc)
		rc = stand(t);
	if (!rc)
		return;
	t->base.valid = false;
	t->base.status = rc;
	leave_block(t);
}

static struct salvage_table *salvage_of(struct iter *base)
{
	return container_of(base, struct salvage_table, base);
}

static void salvage_first(struct iter *base)
{
	struct salvage_table *t = salvage_of(base);

	assert(t->next == 0);
	end_move(t, 0);
}

static void salvage_next(struct iter *base)
{
	struct salvage_table *t = salvage_of(base);

	assert(base->valid);
	base->valid = false;
	free(t->value);
	t->value = NULL;
	end_move(t, block_cursor_next(&t->cursor));
}

/* Value blocks stand before the data block that names them. */
static int load_value(struct salvage_table *t)
{
	const struct block_entry *e = &t->cursor.entry;
	uint64_t before = t->blocks[t->next - 1].offset;
	struct heap_block *block;
	int rc;

	if (!block_handle_fits(e->outside, before))
		return block_fail(&t->blocks_source, e->outside.offset, -EUCLEAN,
				  "value block outside of the file");
	rc = block_read(&t->blocks_source, e->outside, &block);
	if (rc)
		return rc;
	if (block->view.len != e->value_len) {
		free(block);
		return block_fail(&t->blocks_source, e->outside.offset, -EUCLEAN,
				  "value block has the wrong length");
	}
	t->value = block;
	return 0;
}

static int salvage_value(struct iter *base, struct slice *ret_value)
{
	struct salvage_table *t = salvage_of(base);
	int rc = 0;

	assert(base->valid);
	if (!block_entry_is_outside(&t->cursor.entry)) {
		*ret_value = t->cursor.entry.value;
		return 0;
	}
	if (!t->value)
		rc = load_value(t);
	if (table_is_damage(rc))
		salvage_tell(t, TABLE_LOST_VALUE);
	if (!rc)
		*ret_value = block_bytes(&t->value->view);
	return rc;
}

static void salvage_free(struct iter *base)
{
	struct salvage_table *t = salvage_of(base);

	leave_block(t);
	block_cursor_done(&t->cursor);
	table_index_done(&t->index);
	free(t->blocks);
	buf_done(&t->at.key);
	buf_done(&t->first);
	buf_done(&t->last);
	env_file_close(t->file);
	free(t);
}

static const struct iter_ops salvage_ops = {
	.first = salvage_first,
	.next = salvage_next,
	.value = salvage_value,
	.free = salvage_free,
};

static int open_file(struct salvage_table *t)
{
	int rc = env_dir_open(t->source.dir, t->name, ENV_READ, &t->file);

	if (!rc)
		rc = env_file_size(t->file, &t->file_size);
	if (rc)
		return rc;
	t->blocks_source = (struct block_source){
		.file = t->file,
		.name = t->name,
		.table_id = t->source.id,
		.counters = &t->counters,
	};
	env_file_read_ahead(t->file, 0, 0);
	return salvage_find_blocks(t);
}

int table_salvage_open(const struct table_salvage_source *source, struct iter **ret_iter)
{
	struct salvage_table *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->base.ops = &salvage_ops;
	t->source = *source;
	table_file_name(source->number, t->name);
	rc = open_file(t);
	if (rc)
		salvage_free(&t->base);
	else
		*ret_iter = &t->base;
	return rc;
}
