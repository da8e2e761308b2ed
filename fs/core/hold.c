#include "fs/core/hold.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "fs/core/fs_internal.h"
#include "lsm/base/clock.h"

static const uint64_t ms_ns = 1000000;

void hold_init(struct hold *h)
{
	*h = (struct hold){0};
	mutex_init(&h->mu, RANK_FS_HELD);
	cond_init(&h->wake);
}

static void list_append(struct hold *h, struct held *held)
{
	held->prev = h->last;
	if (h->last)
		h->last->next = held;
	else
		h->first = held;
	h->last = held;
}

static void list_remove(struct hold *h, struct held *held)
{
	if (held->prev)
		held->prev->next = held->next;
	else
		h->first = held->next;
	if (held->next)
		held->next->prev = held->prev;
	else
		h->last = held->prev;
}

static void held_free(struct fs *fs, struct held *held)
{
	node_key_unref(held->key);
	nodes_release(&fs->nodes, held->node);
	buf_done(&held->xattrs);
	free(held);
}

void hold_done(struct fs *fs)
{
	struct hold *h = &fs->hold;

	while (h->first) {
		struct held *held = h->first;

		list_remove(h, held);
		held->node->held = NULL;
		held_free(fs, held);
	}
	cond_done(&h->wake);
	mutex_done(&h->mu);
}

/* NULL: out of memory. */
static struct held *held_new(struct fs *fs, const struct node_view *view, const struct attr *attr)
{
	struct held *held = calloc(1, sizeof(*held));

	if (!held || buf_set(&held->xattrs, attr->xattrs) < 0) {
		free(held);
		return NULL;
	}
	held->attr = *attr;
	held->attr.xattrs = buf_slice(&held->xattrs);
	held->node = view->node;
	held->key = node_key_ref(view->key);
	nodes_keep(&fs->nodes, view->node);
	return held;
}

bool hold_add(struct fs *fs, const struct node_view *view, const struct attr *attr, bool creation,
	      pid_t pid)
{
	struct hold *h = &fs->hold;

	/* on a full disk who creates a file is to hear of it, and at once */
	if (creation && lsm_is_low(fs->db))
		return false;
	/* since the caller looked: with a stripe in hand none of it changes (fs_freeze) */
	if (lsm_is_frozen(fs->db))
		return false;

	struct held *held = held_new(fs, view, attr);

	if (!held)
		return false;

	uint64_t now_ns = clock_mono_ns();

	held->pid = pid;
	held->creation = creation;
	held->deadline_ns = now_ns + FS_HOLD_MS * ms_ns;
	mutex_lock(&h->mu);
	assert(!view->node->held);
	bool room = atomic_load_explicit(&h->count, memory_order_relaxed) < HOLD_MAX;
	bool wake = room && h->asleep;

	if (room) {
		list_append(h, held);
		view->node->held = held;
		h->active_ns = now_ns;
		h->total++;
		h->asleep = false;
		atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
	}
	mutex_unlock(&h->mu);
	if (wake)
		cond_signal(&h->wake);
	if (!room)
		held_free(fs, held);
	return room;
}

void hold_share(struct fs *fs, struct node *node, pid_t pid)
{
	mutex_guard(&fs->hold.mu);
	assert(node->held);
	if (node->held->pid != pid)
		node->held->pid = HOLD_BY_MANY;
}

bool hold_peek(struct fs *fs, struct node *node, struct attr *ret_attr, bool *ret_creation)
{
	if (hold_is_empty(&fs->hold))
		return false;
	mutex_guard(&fs->hold.mu);
	if (!node->held)
		return false;
	*ret_attr = node->held->attr;
	*ret_creation = node->held->creation;
	return true;
}

void hold_end(struct fs *fs, struct node *node, bool merged)
{
	struct hold *h = &fs->hold;

	if (hold_is_empty(h))
		return;
	mutex_lock(&h->mu);
	struct held *held = node->held;

	if (held) {
		list_remove(h, held);
		node->held = NULL;
		h->merged += merged;
		atomic_fetch_sub_explicit(&h->count, 1, memory_order_relaxed);
	}
	mutex_unlock(&h->mu);
	if (held)
		held_free(fs, held);
}

int hold_log(struct fs *fs, struct node *node)
{
	if (hold_is_empty(&fs->hold))
		return 0;

	/* With the stripe in hand nobody takes it away; the mutex is for the order of memory. */
	mutex_lock(&fs->hold.mu);
	struct held *held = node->held;
	mutex_unlock(&fs->hold.mu);
	if (!held)
		return 0;

	/* The times have been shown already: they are stored, since the commit's is a little later.
	 */
	struct attr attr = held->attr;
	struct meta_bytes meta;

	attr_keep_times(&attr);
	attr.ctime_stored = true;
	attr_pack(&fs->defaults, fs->separator, held->key->name.bytes, &attr, &meta);

	/* it was answered when there was room, and who made it must be able to remove things */
	struct lsm_write_options options = {.meta = meta_slice(&meta), .use_reserve = true};
	int err = lsm_put(fs->db, held->key->name.bytes, slice_of(NULL, 0), &options);

	if (!err) {
		atomic_store_explicit(&fs->hold.failing, false, memory_order_relaxed);
		hold_end(fs, node, false);
	}
	return err;
}

/* Which of the held things to log. */
struct wanted {
	uint64_t due_ns; /* those whose time has come */
	bool of_anyone;
	pid_t pid;
	struct slice except; /* a key */
};

static bool is_wanted(const struct held *held, const struct wanted *wanted)
{
	if (held->deadline_ns > wanted->due_ns)
		return false;
	if (!wanted->of_anyone && held->pid != wanted->pid && held->pid != HOLD_BY_MANY)
		return false;
	return !slice_eq(held->key->name.bytes, wanted->except);
}

/* The oldest one wanted: its node, pinned, and its key with a reference. False: there is none. */
static bool oldest_wanted(struct fs *fs, const struct wanted *wanted, struct node_view *ret_view)
{
	mutex_guard(&fs->hold.mu);
	for (struct held *held = fs->hold.first; held; held = held->next) {
		if (!is_wanted(held, wanted))
			continue;
		nodes_keep(&fs->nodes, held->node);
		*ret_view = (struct node_view){.node = held->node, .key = node_key_ref(held->key)};
		return true;
	}
	return false;
}

/* With the stripe of the view's key: whether the node still holds one of them, and under that key.
 */
static bool still_wanted(struct fs *fs, const struct node_view *view, const struct wanted *wanted)
{
	mutex_guard(&fs->hold.mu);
	const struct held *held = view->node->held;

	return held && held->key == view->key && is_wanted(held, wanted);
}

/*
 * Each is found without its stripe and logged with it, as the ranks demand. In between somebody
 * else may have logged or ended it: then there is nothing to do.
 */
static int log_wanted(struct fs *fs, const struct wanted *wanted)
{
	struct node_view view;
	int err = 0;

	if (hold_is_empty(&fs->hold))
		return 0;
	while (!err && oldest_wanted(fs, wanted, &view)) {
		struct stripe_set set = {0};

		stripe_set_add(&set, stripe_of(&fs->stripes, &view.key->name));
		stripes_lock(&fs->stripes, &set);
		if (still_wanted(fs, &view, wanted))
			err = hold_log(fs, view.node);
		stripes_unlock(&fs->stripes, &set);
		nodes_unpin(&fs->nodes, &view);
	}
	return err;
}

int hold_log_all_locked(struct fs *fs)
{
	struct wanted wanted = {.due_ns = UINT64_MAX, .of_anyone = true};
	struct node_view view;
	int err = 0;

	while (!err && oldest_wanted(fs, &wanted, &view)) {
		err = hold_log(fs, view.node);
		nodes_unpin(&fs->nodes, &view);
	}
	return err;
}

int hold_log_of(struct fs *fs, pid_t pid, struct slice except)
{
	struct wanted wanted = {.due_ns = UINT64_MAX, .pid = pid, .except = except};

	return log_wanted(fs, &wanted);
}

int hold_log_all(struct fs *fs)
{
	struct wanted wanted = {.due_ns = UINT64_MAX, .of_anyone = true};

	return log_wanted(fs, &wanted);
}

int hold_expire(struct fs *fs, uint64_t now_ns)
{
	struct wanted wanted = {.due_ns = now_ns, .of_anyone = true};

	return log_wanted(fs, &wanted);
}

bool hold_has(struct fs *fs, struct slice key)
{
	struct node_name name = node_name_file(key);
	struct node_view view;
	struct attr attr;
	bool creation;

	if (hold_is_empty(&fs->hold) || !nodes_find(&fs->nodes, &name, &view))
		return false;

	bool has = hold_peek(fs, view.node, &attr, &creation);

	nodes_unpin(&fs->nodes, &view);
	return has;
}

static bool is_creation_below(const struct held *held, struct slice prefix)
{
	return held->creation && slice_starts_with(held->key->name.bytes, prefix);
}

bool hold_has_below(struct fs *fs, struct slice prefix)
{
	if (hold_is_empty(&fs->hold))
		return false;
	mutex_guard(&fs->hold.mu);
	for (const struct held *held = fs->hold.first; held; held = held->next) {
		if (is_creation_below(held, prefix))
			return true;
	}
	return false;
}

static int key_order(const void *a, const void *b)
{
	const struct slice *key_a = a;
	const struct slice *key_b = b;

	return slice_cmp(*key_a, *key_b);
}

int hold_keys_below(struct fs *fs, struct slice prefix, struct buf *ret_keys)
{
	if (hold_is_empty(&fs->hold))
		return 0;

	struct slice keys[HOLD_MAX];
	size_t count = 0;
	int err = 0;

	mutex_guard(&fs->hold.mu);
	for (const struct held *held = fs->hold.first; held; held = held->next) {
		if (is_creation_below(held, prefix))
			keys[count++] = held->key->name.bytes;
	}
	qsort(keys, count, sizeof(keys[0]), key_order);
	for (size_t i = 0; !err && i < count; i++)
		err = buf_append_sized(ret_keys, keys[i]);
	return err;
}

void hold_stats(struct hold *h, struct fs_stats *ret_stats)
{
	mutex_guard(&h->mu);
	ret_stats->held_now = atomic_load_explicit(&h->count, memory_order_relaxed);
	ret_stats->held_total = h->total;
	ret_stats->held_merged = h->merged;
}
