#include "fs/core/node_index.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/hash.h"

enum {
	SLOT_BITS = 32,
	GENERATION_MAX = (1 << 14) - 1,
	BUCKETS_MIN = 1024,
	SLOTS_MIN = 1024,
};

_Static_assert(GENERATION_MAX >> (FS_NODE_BITS - SLOT_BITS) == 0, "numbers have their bits");

/* Inode numbers below are free for the root and for what others make up. */
#define INO_MASK  (FS_VIRTUAL_BIT - 1)
#define INO_FIRST UINT64_C(16)

int node_index_init(struct node_index *x)
{
	*x = (struct node_index){
		.slots = malloc(SLOTS_MIN * sizeof(struct node_slot)),
		.slot_count = 1,
		.slot_cap = SLOTS_MIN,
		.by_key = calloc(BUCKETS_MIN, sizeof(struct node *)),
		.by_ino = calloc(BUCKETS_MIN, sizeof(struct node *)),
		.bucket_count = BUCKETS_MIN,
	};
	return x->slots && x->by_key && x->by_ino ? 0 : -ENOMEM;
}

void node_index_done(struct node_index *x)
{
	free(x->slots);
	free(x->by_key);
	free(x->by_ino);
}

static uint64_t ino_of_hash(uint64_t hash)
{
	uint64_t ino = hash & INO_MASK;

	return ino < INO_FIRST ? ino + INO_FIRST : ino;
}

/* The candidate after ino: another hash, so that the candidates of two names do not run side by
 * side. */
static uint64_t ino_after(uint64_t ino)
{
	return ino_of_hash(hash64(slice_of(&ino, sizeof(ino)), 0));
}

static struct node **key_bucket(struct node_index *x, uint64_t hash)
{
	return &x->by_key[hash & (x->bucket_count - 1)];
}

static struct node **ino_bucket(struct node_index *x, uint64_t ino)
{
	return &x->by_ino[ino & (x->bucket_count - 1)];
}

struct node *node_index_by_name(struct node_index *x, const struct node_name *name, uint64_t hash)
{
	for (struct node *n = *key_bucket(x, hash); n; n = n->next_by_key) {
		if (n->key->hash == hash && node_name_eq(&n->key->name, name))
			return n;
	}
	return NULL;
}

static bool ino_is_taken(struct node_index *x, uint64_t ino)
{
	for (const struct node *n = *ino_bucket(x, ino); n; n = n->next_by_ino) {
		if (n->ino == ino)
			return true;
	}
	return false;
}

uint64_t node_index_free_ino(struct node_index *x, uint64_t hash)
{
	uint64_t ino = ino_of_hash(hash);

	while (ino_is_taken(x, ino))
		ino = ino_after(ino);
	return ino;
}

void node_index_link_name(struct node_index *x, struct node *n)
{
	struct node **bucket = key_bucket(x, n->key->hash);

	n->next_by_key = *bucket;
	*bucket = n;
}

void node_index_unlink_name(struct node_index *x, struct node *n)
{
	struct node **at = key_bucket(x, n->key->hash);

	while (*at != n)
		at = &(*at)->next_by_key;
	*at = n->next_by_key;
}

static void link_ino(struct node_index *x, struct node *n)
{
	struct node **bucket = ino_bucket(x, n->ino);

	n->next_by_ino = *bucket;
	*bucket = n;
}

static void unlink_ino(struct node_index *x, struct node *n)
{
	struct node **at = ino_bucket(x, n->ino);

	while (*at != n)
		at = &(*at)->next_by_ino;
	*at = n->next_by_ino;
}

/* Twice the buckets. Without the memory for them the chains just grow longer. */
static void buckets_grow(struct node_index *x)
{
	size_t count = x->bucket_count * 2;
	struct node **by_key = calloc(count, sizeof(struct node *));
	struct node **by_ino = calloc(count, sizeof(struct node *));

	if (!by_key || !by_ino) {
		free(by_key);
		free(by_ino);
		return;
	}
	free(x->by_key);
	free(x->by_ino);
	x->by_key = by_key;
	x->by_ino = by_ino;
	x->bucket_count = count;
	for (uint32_t i = 1; i < x->slot_count; i++) {
		struct node *n = x->slots[i].node;

		if (!n)
			continue;
		link_ino(x, n);
		if (!n->nameless)
			node_index_link_name(x, n);
	}
}

static int slots_grow(struct node_index *x)
{
	if (x->slot_cap > UINT32_MAX / 2)
		return -ENOMEM;

	uint32_t cap = x->slot_cap * 2;
	struct node_slot *slots = realloc(x->slots, cap * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	x->slots = slots;
	x->slot_cap = cap;
	return 0;
}

/* Give the node a slot, and its number with it. */
static int slot_take(struct node_index *x, struct node *n)
{
	uint32_t at = x->free_slot;

	if (at) {
		x->free_slot = x->slots[at].next_free;
	} else {
		if (x->slot_count == x->slot_cap) {
			int err = slots_grow(x);

			if (err)
				return err;
		}
		at = x->slot_count++;
		x->slots[at].generation = at == FS_ROOT ? 0 : 1;
	}
	x->slots[at].node = n;
	n->id = (uint64_t)x->slots[at].generation << SLOT_BITS | at;
	return 0;
}

static void slot_give_back(struct node_index *x, const struct node *n)
{
	uint32_t at = (uint32_t)n->id;
	struct node_slot *slot = &x->slots[at];

	slot->node = NULL;
	slot->generation = slot->generation == GENERATION_MAX ? 1 : slot->generation + 1;
	slot->next_free = x->free_slot;
	x->free_slot = at;
}

struct node *node_index_by_id(struct node_index *x, uint64_t id)
{
	uint32_t at = (uint32_t)id;

	if (at == 0 || at >= x->slot_count)
		return NULL;

	struct node *n = x->slots[at].node;

	return n && n->id == id ? n : NULL;
}

int node_index_add(struct node_index *x, struct node *n)
{
	/* Before the node has a slot, or it would be linked twice. */
	if (x->count >= x->bucket_count)
		buckets_grow(x);

	int err = slot_take(x, n);

	if (err)
		return err;
	n->ino = n->id == FS_ROOT ? FS_ROOT : node_index_free_ino(x, n->key->hash);
	link_ino(x, n);
	node_index_link_name(x, n);
	x->count++;
	return 0;
}

void node_index_remove(struct node_index *x, struct node *n)
{
	unlink_ino(x, n);
	if (!n->nameless)
		node_index_unlink_name(x, n);
	slot_give_back(x, n);
	x->count--;
}
