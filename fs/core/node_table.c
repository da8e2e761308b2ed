#include "fs/core/node_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static struct node *node_new(const struct node_name *name)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->subfolders.count = SUBFOLDERS_UNKNOWN;
	n->key = node_key_new(name);
	if (!n->key) {
		free(n);
		return NULL;
	}
	return n;
}

static void node_free(struct node *n)
{
	if (!n)
		return;
	orphan_free(n->orphan);
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
	if (n->nameless)
		t->nameless_files -= !n->key->name.folder;
	node_index_remove(&t->index, n);
	return n;
}

struct node_view node_view_of_locked(struct node *n)
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
	root->lookups = 1; /* for good */
	return node_index_add(&t->index,
			      root); /* no one else is here yet, and the first slot is there */
}

int nodes_init(struct node_table *t)
{
	*t = (struct node_table){0};
	mutex_init(&t->mu, RANK_FS_NODES);

	int err = node_index_init(&t->index);

	if (!err)
		err = root_add(t);
	if (err)
		nodes_done(t);
	return err;
}

void nodes_done(struct node_table *t)
{
	for (uint32_t i = 1; t->index.slots && i < t->index.slot_count; i++)
		node_free(t->index.slots[i].node);
	node_index_done(&t->index);
	mutex_done(&t->mu);
}

int nodes_pin(struct node_table *t, uint64_t id, struct node_view *ret_view)
{
	mutex_guard(&t->mu);
	struct node *n = node_index_by_id(&t->index, id);

	if (!n)
		return -ESTALE;
	*ret_view = node_view_of_locked(n);
	return 0;
}

bool nodes_find(struct node_table *t, const struct node_name *name, struct node_view *ret_view)
{
	uint64_t hash = node_name_hash(name);

	mutex_guard(&t->mu);
	struct node *n = node_index_by_name(&t->index, name, hash);

	if (n)
		*ret_view = node_view_of_locked(n);
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
	node_free(unused);
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
	struct node *n = node_index_by_name(&t->index, name, hash);

	if (!n || (settled && (n->lookups == 0 || n->leaving)))
		return false;
	n->lookups++;
	*ret_view = node_view_of_locked(n);
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
	int err = node_index_add(&t->index, n);

	if (!err) {
		n->lookups = 1;
		*ret_view = node_view_of_locked(n);
	}
	mutex_unlock(&t->mu);
	if (err)
		node_free(n);
	return err;
}

bool nodes_forget(struct node_table *t, uint64_t id, uint64_t lookups)
{
	if (id == FS_ROOT)
		return false;

	mutex_lock(&t->mu);
	struct node *n = node_index_by_id(&t->index, id);
	struct node *unused = NULL;
	bool last = false;

	if (n) {
		n->lookups -= min_of(lookups, n->lookups);
		last = n->lookups == 0;
		unused = take_if_unused(t, n);
	}
	mutex_unlock(&t->mu);
	node_free(unused);
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
	assert(!node->nameless && !node_index_by_name(&t->index, &key->name, key->hash));
	struct node_key *old = node->key;

	node_index_unlink_name(&t->index, node);
	node->key = key;
	node_index_link_name(&t->index, node);
	mutex_unlock(&t->mu);
	node_key_unref(old);
}

void nodes_set_leaving(struct node_table *t, struct node *node, bool leaving)
{
	mutex_guard(&t->mu);
	node->leaving = leaving;
}

void nodes_unname_locked(struct node_table *t, struct node *node)
{
	assert(!node->nameless);
	node_index_unlink_name(&t->index, node);
	node->nameless = true;
	node->leaving = false;
	t->nameless_files += !node->key->name.folder;
}

void nodes_unname(struct node_table *t, struct node *node, struct orphan *orphan)
{
	mutex_guard(&t->mu);
	assert(!node->orphan);
	nodes_unname_locked(t, node);
	node->orphan = orphan;
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

struct subfolders nodes_subfolders(struct node_table *t, struct node *node)
{
	mutex_guard(&t->mu);
	return node->subfolders;
}

void nodes_subfolders_counted(struct node_table *t, const struct node_view *view,
			      struct subfolders before, int64_t count)
{
	struct node *node = view->node;

	mutex_guard(&t->mu);
	bool changed = before.changing > 0 || node->subfolders.changing > 0 ||
		       node->subfolders.changes != before.changes;
	bool moved = node->key != view->key || node->leaving || node->nameless;

	if (!changed && !moved)
		node->subfolders.count = count;
}

void nodes_subfolders_begin(struct node_table *t, struct node *node)
{
	mutex_guard(&t->mu);
	node->subfolders.changing++;
}

void nodes_subfolders_end(struct node_table *t, struct node *node, int more)
{
	mutex_guard(&t->mu);
	assert(node->subfolders.changing > 0);
	node->subfolders.changing--;
	node->subfolders.changes++;
	if (node->subfolders.count >= 0)
		node->subfolders.count = max_of(node->subfolders.count + more, (int64_t)0);
}

void nodes_subfolders_forget(struct node_table *t, struct node *node)
{
	mutex_guard(&t->mu);
	node->subfolders.changes++;
	if (node->subfolders.count >= 0)
		node->subfolders.count = SUBFOLDERS_UNKNOWN;
}

uint64_t nodes_ino(struct node_table *t, const struct node_name *name)
{
	uint64_t hash = node_name_hash(name);

	if (name->folder && name->bytes.len == 0)
		return FS_ROOT;
	mutex_guard(&t->mu);
	const struct node *n = node_index_by_name(&t->index, name, hash);

	return n ? n->ino : node_index_free_ino(&t->index, hash);
}

void nodes_stats(struct node_table *t, struct fs_stats *ret_stats)
{
	mutex_lock(&t->mu);
	ret_stats->nodes = t->index.count;
	ret_stats->unlinked_nodes = t->nameless_files;
	mutex_unlock(&t->mu);
	ret_stats->unlinked_bytes =
		atomic_load_explicit(&t->orphan_memory.bytes, memory_order_relaxed);
}
