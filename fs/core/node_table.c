#include "fs/core/node_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/hash.h"

enum {
	SLOT_BITS = 32,
	GENERATION_MAX = (1 << 29) - 1, /* numbers stay below FS_VIRTUAL_BIT */
	BUCKETS_MIN = 1024,
	SLOTS_MIN = 1024,
};

/* Inode numbers below are free for the root and for what others make up. */
#define INO_MASK  (FS_VIRTUAL_BIT - 1)
#define INO_FIRST UINT64_C(16)

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

static struct node **key_bucket(struct node_table *t, uint64_t hash)
{
	return &t->by_key[hash & (t->bucket_count - 1)];
}

static struct node **ino_bucket(struct node_table *t, uint64_t ino)
{
	return &t->by_ino[ino & (t->bucket_count - 1)];
}

static struct node *find_locked(struct node_table *t, const struct node_name *name, uint64_t hash)
{
	for (struct node *n = *key_bucket(t, hash); n; n = n->next_by_key) {
		if (n->key->hash == hash && node_name_eq(&n->key->name, name))
			return n;
	}
	return NULL;
}

static bool ino_is_taken(struct node_table *t, uint64_t ino)
{
	for (const struct node *n = *ino_bucket(t, ino); n; n = n->next_by_ino) {
		if (n->ino == ino)
			return true;
	}
	return false;
}

static uint64_t free_ino(struct node_table *t, uint64_t hash)
{
	uint64_t ino = ino_of_hash(hash);

	while (ino_is_taken(t, ino))
		ino = ino_after(ino);
	return ino;
}

static void link_key(struct node_table *t, struct node *n)
{
	struct node **bucket = key_bucket(t, n->key->hash);

	n->next_by_key = *bucket;
	*bucket = n;
}

static void unlink_key(struct node_table *t, struct node *n)
{
	struct node **at = key_bucket(t, n->key->hash);

	while (*at != n)
		at = &(*at)->next_by_key;
	*at = n->next_by_key;
}

static void link_ino(struct node_table *t, struct node *n)
{
	struct node **bucket = ino_bucket(t, n->ino);

	n->next_by_ino = *bucket;
	*bucket = n;
}

static void unlink_ino(struct node_table *t, struct node *n)
{
	struct node **at = ino_bucket(t, n->ino);

	while (*at != n)
		at = &(*at)->next_by_ino;
	*at = n->next_by_ino;
}

/* Twice the buckets. Without the memory for them the chains just grow longer. */
static void buckets_grow(struct node_table *t)
{
	size_t count = t->bucket_count * 2;
	struct node **by_key = calloc(count, sizeof(struct node *));
	struct node **by_ino = calloc(count, sizeof(struct node *));

	if (!by_key || !by_ino) {
		free(by_key);
		free(by_ino);
		return;
	}
	free(t->by_key);
	free(t->by_ino);
	t->by_key = by_key;
	t->by_ino = by_ino;
	t->bucket_count = count;
	for (uint32_t i = 1; i < t->slot_count; i++) {
		struct node *n = t->slots[i].node;

		if (!n)
			continue;
		link_ino(t, n);
		if (!n->nameless)
			link_key(t, n);
	}
}

static int slots_grow(struct node_table *t)
{
	if (t->slot_cap > UINT32_MAX / 2)
		return -ENOMEM;

	uint32_t cap = t->slot_cap * 2;
	struct node_slot *slots = realloc(t->slots, cap * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	t->slot_cap = cap;
	return 0;
}

/* Give the node a slot, and its number with it. */
static int slot_take(struct node_table *t, struct node *n)
{
	uint32_t at = t->free_slot;

	if (at) {
		t->free_slot = t->slots[at].next_free;
	} else {
		if (t->slot_count == t->slot_cap) {
			int err = slots_grow(t);

			if (err)
				return err;
		}
		at = t->slot_count++;
		t->slots[at].generation = at == FS_ROOT ? 0 : 1;
	}
	t->slots[at].node = n;
	n->id = (uint64_t)t->slots[at].generation << SLOT_BITS | at;
	return 0;
}

static void slot_give_back(struct node_table *t, const struct node *n)
{
	uint32_t at = (uint32_t)n->id;
	struct node_slot *slot = &t->slots[at];

	slot->node = NULL;
	slot->generation = slot->generation == GENERATION_MAX ? 1 : slot->generation + 1;
	slot->next_free = t->free_slot;
	t->free_slot = at;
}

static struct node *slot_find(struct node_table *t, uint64_t id)
{
	uint32_t at = (uint32_t)id;

	if (at == 0 || at >= t->slot_count)
		return NULL;

	struct node *n = t->slots[at].node;

	return n && n->id == id ? n : NULL;
}

static int add_locked(struct node_table *t, struct node *n)
{
	/* Before the node has a slot, or it would be linked twice. */
	if (t->count >= t->bucket_count)
		buckets_grow(t);

	int err = slot_take(t, n);

	if (err)
		return err;
	n->ino = n->id == FS_ROOT ? FS_ROOT : free_ino(t, n->key->hash);
	link_ino(t, n);
	link_key(t, n);
	t->count++;
	return 0;
}

static struct node *node_new(const struct node_name *name)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->key = node_key_new(name);
	if (!n->key) {
		free(n);
		return NULL;
	}
	return n;
}

static void node_free(struct node_table *t, struct node *n)
{
	if (!n)
		return;
	if (n->orphan)
		nodes_note_orphan(t, n->orphan->bytes.cap, 0);
	orphan_free(t->db, n->orphan);
	buf_done(&n->sibling);
	node_key_unref(n->key);
	free(n);
}

/* The node when nothing keeps it any more, taken out of the table; the caller frees it without the
 * lock. */
static struct node *take_if_unused(struct node_table *t, struct node *n)
{
	if (n->lookups > 0 || n->pins > 0)
		return NULL;
	unlink_ino(t, n);
	if (n->nameless)
		t->nameless_files -= !n->key->name.folder;
	else
		unlink_key(t, n);
	slot_give_back(t, n);
	t->count--;
	return n;
}

static struct node_view view_of(struct node *n)
{
	n->pins++;
	return (struct node_view){.node = n, .key = node_key_ref(n->key), .nameless = n->nameless};
}

static int root_add(struct node_table *t)
{
	struct node_name name = node_name_folder(slice_of(NULL, 0), false);
	struct node *root = node_new(&name);

	if (!root)
		return -ENOMEM;
	root->lookups = 1;          /* for good */
	return add_locked(t, root); /* no one else is here yet, and the first slot is there */
}

int nodes_init(struct node_table *t, struct lsm *db)
{
	*t = (struct node_table){
		.db = db,
		.slots = malloc(SLOTS_MIN * sizeof(struct node_slot)),
		.slot_count = 1,
		.slot_cap = SLOTS_MIN,
		.by_key = calloc(BUCKETS_MIN, sizeof(struct node *)),
		.by_ino = calloc(BUCKETS_MIN, sizeof(struct node *)),
		.bucket_count = BUCKETS_MIN,
	};
	mutex_init(&t->mu, RANK_FS_NODES);

	int err = t->slots && t->by_key && t->by_ino ? root_add(t) : -ENOMEM;

	if (err)
		nodes_done(t);
	return err;
}

void nodes_done(struct node_table *t)
{
	for (uint32_t i = 1; t->slots && i < t->slot_count; i++)
		node_free(t, t->slots[i].node);
	free(t->slots);
	free(t->by_key);
	free(t->by_ino);
	mutex_done(&t->mu);
}

int nodes_pin(struct node_table *t, uint64_t id, struct node_view *ret_view)
{
	mutex_guard(&t->mu);
	struct node *n = slot_find(t, id);

	if (!n)
		return -ESTALE;
	*ret_view = view_of(n);
	return 0;
}

bool nodes_find(struct node_table *t, const struct node_name *name, struct node_view *ret_view)
{
	uint64_t hash = node_name_hash(name);

	mutex_guard(&t->mu);
	struct node *n = find_locked(t, name, hash);

	if (n)
		*ret_view = view_of(n);
	return n != NULL;
}

void nodes_unpin(struct node_table *t, struct node_view *view)
{
	node_key_unref(view->key);
	nodes_release(t, view->node);
	*view = (struct node_view){0};
}

void nodes_keep(struct node_table *t, struct node *node)
{
	mutex_guard(&t->mu);
	node->pins++;
}

void nodes_release(struct node_table *t, struct node *node)
{
	mutex_lock(&t->mu);
	assert(node->pins > 0);
	node->pins--;
	struct node *unused = take_if_unused(t, node);
	mutex_unlock(&t->mu);
	node_free(t, unused);
}

bool nodes_refresh(struct node_table *t, struct node_view *view)
{
	struct node_key *old = NULL;

	mutex_lock(&t->mu);
	bool changed = view->key != view->node->key || view->nameless != view->node->nameless;

	if (changed) {
		old = view->key;
		view->key = node_key_ref(view->node->key);
		view->nameless = view->node->nameless;
	}
	bool leaving = view->node->leaving;

	mutex_unlock(&t->mu);
	node_key_unref(old);
	return changed || leaving;
}

/* `settled`: only a node that surely keeps its name until this is over. */
static bool enter(struct node_table *t, const struct node_name *name, bool settled,
		  struct node_view *ret_view)
{
	uint64_t hash = node_name_hash(name);

	mutex_guard(&t->mu);
	struct node *n = find_locked(t, name, hash);

	if (!n || (settled && (n->lookups == 0 || n->leaving)))
		return false;
	n->lookups++;
	*ret_view = view_of(n);
	return true;
}

bool nodes_enter_known(struct node_table *t, const struct node_name *name,
		       struct node_view *ret_view)
{
	return enter(t, name, true, ret_view);
}

int nodes_enter(struct node_table *t, const struct node_name *name, struct node_view *ret_view)
{
	if (enter(t, name, false, ret_view))
		return 0;

	/* Nobody else adds this name meanwhile: its stripe is ours. */
	struct node *n = node_new(name);

	if (!n)
		return -ENOMEM;
	mutex_lock(&t->mu);
	int err = add_locked(t, n);

	if (!err) {
		n->lookups = 1;
		*ret_view = view_of(n);
	}
	mutex_unlock(&t->mu);
	if (err)
		node_free(t, n);
	return err;
}

bool nodes_forget(struct node_table *t, uint64_t id, uint64_t lookups)
{
	if (id == FS_ROOT)
		return false;

	mutex_lock(&t->mu);
	struct node *n = slot_find(t, id);
	struct node *unused = NULL;
	bool last = false;

	if (n) {
		n->lookups -= min_of(lookups, n->lookups);
		last = n->lookups == 0;
		unused = take_if_unused(t, n);
	}
	mutex_unlock(&t->mu);
	node_free(t, unused);
	return last;
}

bool nodes_is_looked_up(struct node_table *t, struct node *node)
{
	mutex_guard(&t->mu);
	return node->lookups > 0;
}

void nodes_rename(struct node_table *t, struct node *node, struct node_key *key)
{
	mutex_lock(&t->mu);
	assert(!node->nameless && !find_locked(t, &key->name, key->hash));
	struct node_key *old = node->key;

	unlink_key(t, node);
	node->key = key;
	link_key(t, node);
	mutex_unlock(&t->mu);
	node_key_unref(old);
}

void nodes_set_leaving(struct node_table *t, struct node *node, bool leaving)
{
	mutex_guard(&t->mu);
	node->leaving = leaving;
}

void nodes_unname(struct node_table *t, struct node *node, struct orphan *orphan)
{
	mutex_guard(&t->mu);
	assert(!node->nameless && !node->orphan);
	unlink_key(t, node);
	node->nameless = true;
	node->leaving = false;
	node->orphan = orphan;
	t->nameless_files += !node->key->name.folder;
}

void nodes_note_orphan(struct node_table *t, size_t before, size_t after)
{
	/* Unsigned arithmetic wraps: a smaller `after` subtracts. */
	atomic_fetch_add_explicit(&t->orphan_bytes, (uint64_t)after - (uint64_t)before,
				  memory_order_relaxed);
}

void nodes_touch(struct node_table *t, struct node *node, int64_t time_ns)
{
	mutex_guard(&t->mu);
	node->touched_ns = time_ns;
}

int64_t nodes_touched(struct node_table *t, struct node *node)
{
	mutex_guard(&t->mu);
	return node->touched_ns;
}

uint64_t nodes_ino(struct node_table *t, const struct node_name *name)
{
	uint64_t hash = node_name_hash(name);

	if (name->folder && name->bytes.len == 0)
		return FS_ROOT;
	mutex_guard(&t->mu);
	const struct node *n = find_locked(t, name, hash);

	return n ? n->ino : free_ino(t, hash);
}

void nodes_stats(struct node_table *t, struct fs_stats *ret_stats)
{
	mutex_lock(&t->mu);
	ret_stats->nodes = t->count;
	ret_stats->unlinked_nodes = t->nameless_files;
	mutex_unlock(&t->mu);
	ret_stats->unlinked_bytes = atomic_load_explicit(&t->orphan_bytes, memory_order_relaxed);
}
