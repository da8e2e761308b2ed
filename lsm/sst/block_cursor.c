#include "lsm/sst/block_cursor.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	KEY_CAP_MIN = 256,
};

void block_cursor_done(struct block_cursor *c)
{
	free(c->key_room);
	*c = (struct block_cursor){0};
}

void block_cursor_enter(struct block_cursor *c, const struct block *b)
{
	assert(b->restart_count > 0);
	c->block = b;
	c->valid = false;
}

/* The new room is filled before the old one goes: base may lie in it. */
static int grow_key(struct block_cursor *c, struct slice base, size_t len)
{
	size_t cap = max_of(2 * len, (size_t)KEY_CAP_MIN);
	uint8_t *room = malloc(cap);

	if (!room)
		return -ENOMEM;
	if (base.len)
		memcpy(room, base.ptr, base.len);
	free(c->key_room);
	c->key_room = room;
	c->key_cap = cap;
	return 0;
}

/*
 * Stand on c->entry. base holds the bytes that its key shares with others: the key before it, or a
 * seek's target.
 */
static int stand(struct block_cursor *c, const uint8_t *base)
{
	struct slice suffix = c->entry.suffix;
	size_t shared = c->entry.shared;
	size_t len = shared + suffix.len;

	if (len > c->key_cap) {
		int rc = grow_key(c, slice_of(base, shared), len);

		if (rc)
			return rc;
	} else if (shared && base != c->key_room) {
		memmove(c->key_room, base, shared);
	}
	if (suffix.len)
		memcpy(c->key_room + shared, suffix.ptr, suffix.len);
	c->key = slice_of(c->key_room, len);
	c->valid = true;
	return 0;
}

static int stand_on_restart(struct block_cursor *c, uint32_t i)
{
	int rc = block_entry_at_restart(c->block, i, &c->entry);

	return rc ? rc : stand(c, c->key_room);
}

static int step(struct block_cursor *c)
{
	int rc = block_entry_next(c->block, &c->entry);

	return rc ? rc : stand(c, c->key_room);
}

int block_cursor_first(struct block_cursor *c)
{
	c->valid = false;
	return stand_on_restart(c, 0);
}

int block_cursor_last(struct block_cursor *c)
{
	c->valid = false;

	int rc = stand_on_restart(c, c->block->restart_count - 1);

	while (!rc && !block_entry_is_last(c->block, &c->entry))
		rc = step(c);
	if (rc)
		c->valid = false;
	return rc;
}

int block_cursor_seek(struct block_cursor *c, struct slice key, uint64_t seqno)
{
	bool same_key;

	c->valid = false;

	int rc = block_seek(c->block, key, seqno, &c->entry, &same_key);

	if (rc == -ENOENT)
		return 0;
	return rc ? rc : stand(c, key.ptr);
}

int block_cursor_seek_before(struct block_cursor *c, struct slice key, uint64_t seqno)
{
	int rc = block_cursor_seek(c, key, seqno);

	if (rc)
		return rc;
	return c->valid ? block_cursor_prev(c) : block_cursor_last(c);
}

int block_cursor_next(struct block_cursor *c)
{
	assert(c->valid);
	c->valid = false;
	if (block_entry_is_last(c->block, &c->entry))
		return 0;
	return step(c);
}

/* Entries lead forward only: begin again at the restart point before and stop one short. */
int block_cursor_prev(struct block_cursor *c)
{
	uint32_t target = c->entry.offset;
	uint32_t restart = c->entry.restart;

	assert(c->valid);
	c->valid = false;
	if (target == 0)
		return 0;
	if (target == block_restart(c->block, restart))
		restart--;

	int rc = stand_on_restart(c, restart);

	while (!rc && c->entry.end < target)
		rc = step(c);
	if (!rc && c->entry.end != target)
		rc = -EUCLEAN;
	if (rc)
		c->valid = false;
	return rc;
}
