#include "fs/virt/virt_nodes.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"

void virt_nodes_init(struct virt_nodes *t, struct reasons *reasons)
{
	*t = (struct virt_nodes){.reasons = reasons};
	mutex_init(&t->mu, RANK_FS_VIRT);
	cond_init(&t->room);
}

void virt_nodes_done(struct virt_nodes *t)
{
	for (size_t i = 0; i < VIRT_BUCKETS; i++) {
		while (t->buckets[i]) {
			struct virt_node *node = t->buckets[i];

			t->buckets[i] = node->next;
			virt_node_free(node);
		}
	}
	cond_done(&t->room);
	mutex_done(&t->mu);
}

void virt_object_done(const struct virt_file *file, void *object)
{
	if (object && file->object_done)
		file->object_done(object);
}

int virt_node_new(const struct virt_file *file, void *arg, void *object,
		  struct virt_node **ret_node)
{
	struct virt_node *node = calloc(1, sizeof(*node));

	if (!node) {
		virt_object_done(file, object);
		return -ENOMEM;
	}
	node->file = file;
	node->arg = arg;
	node->object = object;
	node->lookups = 1;
	mutex_init(&node->write_mu, RANK_FS_CONTROL);
	*ret_node = node;
	return 0;
}

void virt_node_set_name(struct virt_node *node, uint64_t parent, struct slice name)
{
	size_t len = min_of(name.len, (size_t)NAME_MAX);

	memcpy(node->name, name.ptr, len);
	node->name[len] = '\0';
	node->parent = parent;
}

void virt_node_free(struct virt_node *node)
{
	virt_object_done(node->file, node->object);
	mutex_done(&node->write_mu);
	cut_write_done(&node->cut);
	buf_done(&node->text);
	free(node);
}

static size_t bucket_of(uint64_t number)
{
	return number & (VIRT_BUCKETS - 1);
}

static int check_room_locked(const struct virt_nodes *t, const struct virt_node *node)
{
	if (t->count == VIRT_NODES_MAX)
		return fail(-ENFILE, "more than %d virtual files are open", VIRT_NODES_MAX);
	if (node->text.len > VIRT_BYTES_MAX - min_of(t->bytes, (size_t)VIRT_BYTES_MAX))
		return fail(-ENFILE, "virtual files that are open have more than %d bytes",
			    VIRT_BYTES_MAX);
	return 0;
}

static int await_room_locked(struct virt_nodes *t, const struct virt_node *node)
{
	int rc = check_room_locked(t, node);

	if (!rc)
		return 0;
	uint64_t deadline_ns = clock_mono_ns() + VIRT_WAIT_MS * UINT64_C(1000000);

	t->ask_again = true;
	t->waiting++;
	while (rc && cond_wait_until(&t->room, &t->mu, deadline_ns))
		rc = check_room_locked(t, node);
	t->waiting--;
	return rc;
}

/* As the newest. */
static void line_up_locked(struct virt_nodes *t, struct virt_node *node)
{
	node->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = node;
	t->newest = node;
	if (!t->unasked)
		t->unasked = node;
	t->unasked_count++;
}

static void step_out_locked(struct virt_nodes *t, struct virt_node *node)
{
	if (node->number >= (t->unasked ? t->unasked->number : UINT64_MAX))
		t->unasked_count--;
	if (node == t->unasked)
		t->unasked = node->newer;
	*(node->older ? &node->older->newer : &t->oldest) = node->newer;
	*(node->newer ? &node->newer->older : &t->newest) = node->older;
}

int virt_nodes_add(struct virt_nodes *t, struct virt_node *node)
{
	mutex_guard(&t->mu);
	int rc = await_room_locked(t, node);

	if (rc)
		return rc;
	node->charged = node->text.len;
	t->bytes += node->charged;
	node->number = FS_VIRTUAL_BIT | t->next_number++;
	node->next = t->buckets[bucket_of(node->number)];
	t->buckets[bucket_of(node->number)] = node;
	line_up_locked(t, node);
	t->count++;
	return 0;
}

void virt_nodes_keep_spare(struct virt_nodes *t, struct virt_node *node, pid_t pid, uint64_t asked)
{
	const struct virt_file *file = node->file;

	if (!file->render || file->write || file->grow || node->text.len > VIRT_SPARE_BYTES_MAX)
		return;
	mutex_lock(&t->mu);
	struct virt_node *before = t->spare.node;

	node->lookups++;
	t->spare = (struct virt_spare){
		.node = node,
		.pid = pid,
		.asked = asked,
		.until_ns = clock_mono_ns() + VIRT_SPARE_MS * UINT64_C(1000000),
	};
	mutex_unlock(&t->mu);
	if (before)
		virt_nodes_forget(t, before->number, 1);
}

struct virt_node *virt_nodes_take_spare(struct virt_nodes *t, uint64_t parent, struct slice name,
					pid_t pid, uint64_t asked)
{
	mutex_guard(&t->mu);
	const struct virt_spare *spare = &t->spare;
	struct virt_node *node = spare->node;

	if (!node || spare->pid != pid || spare->asked + 1 != asked ||
	    clock_mono_ns() > spare->until_ns)
		return NULL;
	if (node->parent != parent || !slice_eq(slice_str(node->name), name))
		return NULL;
	t->spare.node = NULL; /* its lookup is the caller's */
	return node;
}

/* Whether the kernel has its name for another one by now; of one far behind nobody can tell. */
static bool has_successor(const struct virt_node *node)
{
	const struct virt_node *at = node->newer;

	for (unsigned i = 0; at && i < VIRT_ASK_TOGETHER; i++, at = at->newer) {
		if (at->inode == node->inode) /* a hash of folder and name */
			return true;
	}
	return false;
}

int virt_nodes_trim(struct virt_nodes *t, struct fs_stale *stale)
{
	int rc = 0;

	mutex_guard(&t->mu);
	if (t->count <= VIRT_NODES_MANY && t->bytes <= VIRT_BYTES_MANY)
		return 0;
	if (t->ask_again) {
		t->unasked = t->oldest;
		t->unasked_count = t->count;
		t->ask_again = false;
	} else if (t->unasked_count <= VIRT_ASK_TOGETHER && t->bytes <= VIRT_BYTES_MANY) {
		return 0;
	}
	for (; t->unasked && t->unasked != t->newest && !rc; t->unasked = t->unasked->newer) {
		t->unasked_count--;
		if (!has_successor(t->unasked))
			rc = fs_stale_add_name(stale, t->unasked->parent,
					       slice_str(t->unasked->name));
	}
	return rc;
}

/* The link that points to the node, or to NULL. */
static struct virt_node **link_find_locked(struct virt_nodes *t, uint64_t number)
{
	struct virt_node **link = &t->buckets[bucket_of(number)];

	mutex_assert_held(&t->mu);
	while (*link && (*link)->number != number)
		link = &(*link)->next;
	return link;
}

struct virt_node *virt_nodes_find(struct virt_nodes *t, uint64_t number)
{
	mutex_guard(&t->mu);
	return *link_find_locked(t, number);
}

/* Nobody is left who could be told by an errno. */
static void note_cut(struct virt_nodes *t, const struct virt_node *node)
{
	if (node->cut.bytes.len == 0)
		return;
	ignore_result(fail(-EINVAL, "the last write never ended, and is not applied"));
	log_error("%s: %s", node->name, fail_text());
	if (t->reasons)
		reasons_note(t->reasons, 0, slice_str(node->name), -EINVAL);
}

void virt_nodes_forget(struct virt_nodes *t, uint64_t number, uint64_t lookups)
{
	struct virt_node *dead = NULL;

	mutex_lock(&t->mu);
	struct virt_node **link = link_find_locked(t, number);

	if (*link && (*link)->lookups <= lookups) {
		dead = *link;
		*link = dead->next;
		step_out_locked(t, dead);
		t->count--;
		t->bytes -= dead->charged;
		if (t->waiting > 0)
			cond_broadcast(&t->room);
	} else if (*link) {
		(*link)->lookups -= lookups;
	}
	mutex_unlock(&t->mu);
	if (!dead)
		return;
	note_cut(t, dead);
	virt_node_free(dead);
}

uint64_t virt_nodes_size(struct virt_nodes *t, const struct virt_node *node)
{
	mutex_guard(&t->mu);
	return node->size;
}

void virt_nodes_grow(struct virt_nodes *t, struct virt_node *node, uint64_t end)
{
	mutex_guard(&t->mu);
	node->size = max_of(node->size, end);
}

void virt_nodes_set_size(struct virt_nodes *t, struct virt_node *node, uint64_t size)
{
	mutex_guard(&t->mu);
	node->size = size;
}
