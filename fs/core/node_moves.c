/*
 * Other names for many nodes at once: a part of the node table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/core/node_table.h"
#include "lsm/base/array.h"
#include "lsm/base/buf.h"

/*
 * What is to be put in front of `tail` where the name lies in what moves. A folder "a/" takes along
 * the file "a", which shows as its own value.
 */
static bool is_moved(const struct node_name *name, const struct node_name *from,
		     struct slice *ret_tail)
{
	if (!from->folder) {
		*ret_tail = slice_of(NULL, 0);
		return node_name_eq(name, from);
	}
	if (slice_starts_with(name->bytes, from->bytes)) {
		*ret_tail = slice_skip(name->bytes, from->bytes.len);
		return true;
	}
	*ret_tail = slice_of(NULL, 0);
	return !name->folder &&
	       slice_eq(name->bytes, slice_of(from->bytes.ptr, from->bytes.len - 1));
}

/* Pin the nodes that lie in it. */
static int collect(struct node_table *t, const struct node_name *from, struct node_moves *moves)
{
	mutex_guard(&t->mu);

	for (uint32_t i = 1; i < t->index.slot_count; i++) {
		struct node *n = t->index.slots[i].node;
		struct slice tail;

		if (!n || n->nameless || !is_moved(&n->key->name, from, &tail))
			continue;
		struct node_move *grown =
			array_grow(moves->items, &moves->cap, moves->count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		moves->items = grown;
		moves->items[moves->count++] = (struct node_move){.view = node_view_of_locked(n)};
	}
	return 0;
}

/* The node's name with `to` in the place of `from`. NULL: -ENOMEM. */
static struct node_key *moved_key(const struct node_name *name, const struct node_name *from,
				  const struct node_name *to)
{
	cleanup_buf struct buf bytes = {0};
	struct node_name moved = *name;
	struct slice tail, head = to->bytes;

	if (!is_moved(name, from, &tail))
		return NULL;
	if (name->bytes.len < from->bytes.len) /* the own value: without the separator */
		head.len--;
	if (buf_append_slice(&bytes, head) || buf_append_slice(&bytes, tail))
		return NULL;
	moved.bytes = buf_slice(&bytes);
	return node_key_new(&moved);
}

int nodes_add_moves(struct node_table *t, const struct node_name *from, const struct node_name *to,
		    struct node_moves *moves)
{
	size_t first = moves->count;
	int err = collect(t, from, moves);

	for (size_t i = first; !err && i < moves->count; i++) {
		struct node_move *move = &moves->items[i];

		move->key = moved_key(&move->view.key->name, from, to);
		err = move->key ? 0 : -ENOMEM;
	}
	return err;
}

void nodes_set_moving(struct node_table *t, const struct node_moves *moves, bool moving)
{
	mutex_guard(&t->mu);

	for (size_t i = 0; i < moves->count; i++)
		moves->items[i].view.node->leaving = moving;
}

void nodes_move(struct node_table *t, struct node_moves *moves)
{
	mutex_guard(&t->mu);

	for (size_t i = 0; i < moves->count; i++)
		node_index_unlink_name(&t->index, moves->items[i].view.node);
	for (size_t i = 0; i < moves->count; i++) {
		struct node_move *move = &moves->items[i];
		struct node *n = move->view.node;
		struct node *other =
			node_index_by_name(&t->index, &move->key->name, move->key->hash);

		if (other)
			nodes_unname_locked(t, other);
		/* the old key's reference goes to the move, and with it when the lock is free */
		struct node_key *old = n->key;

		n->key = move->key;
		move->key = old;
		node_index_link_name(&t->index, n);
		n->leaving = false;
	}
}

void node_moves_done(struct node_table *t, struct node_moves *moves)
{
	for (size_t i = 0; i < moves->count; i++) {
		node_key_unref(moves->items[i].key);
		nodes_unpin(t, &moves->items[i].view);
	}
	free(moves->items);
	*moves = (struct node_moves){0};
}
