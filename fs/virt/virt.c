/*
 * A lookup renders a file into a node of its own, which never changes afterwards. Why not one node
 * a file whose content moves on: the kernel takes the size from the lookup, and a reader that finds
 * less or more than that is padded with zeros (tar), cut (sendfile) or told of a changed file. The
 * nodes are few: the kernel drops the name at the next lookup and forgets the node when the last
 * reader closes it.
 */
#include "fs/virt/virt.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "fs/virt/stats_render.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/base/mutex.h"

enum {
	VIRT_BUCKETS = 64,     /* of the node table; a power of two */
	VIRT_NODES_MAX = 4096, /* files rendered and not forgotten */
	VIRT_MODE = S_IFREG | 0444,
	VIRT_BLOCK = 512, /* what st_blocks counts in: stat(2) */
};

struct virt_node {
	struct virt_node *next; /* in its bucket; guarded by virt.mu */
	uint64_t number;
	uint64_t inode;   /* what stat(2) shows: the same for each lookup of a name, or cp takes it
			     for replaced */
	uint64_t lookups; /* guarded by virt.mu */
	uint64_t render_ns; /* its three times */
	struct buf text;    /* owned */
};

struct virt {
	struct virt_options options; /* immutable */
	struct mutex mu;             /* RANK_FS_VIRT */
	/* Guarded by mu. */
	struct virt_node *buckets[VIRT_BUCKETS];
	size_t count;
	uint64_t next_number;
};

static const struct virt_file {
	const char *name;
	enum stats_format format;
} virt_files[] = {
	{".stats", STATS_TEXT},
	{".stats.json", STATS_JSON},
};

int virt_new(const struct virt_options *options, struct virt **ret_virt)
{
	struct virt *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->options = *options;
	mutex_init(&v->mu, RANK_FS_VIRT);
	*ret_virt = v;
	return 0;
}

static void node_free(struct virt_node *node)
{
	buf_done(&node->text);
	free(node);
}

void virt_free(struct virt *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < VIRT_BUCKETS; i++) {
		while (v->buckets[i]) {
			struct virt_node *node = v->buckets[i];

			v->buckets[i] = node->next;
			node_free(node);
		}
	}
	mutex_done(&v->mu);
	free(v);
}

static const struct virt_file *file_find(struct slice name)
{
	for (size_t i = 0; i < array_size(virt_files); i++) {
		if (slice_eq(name, slice_str(virt_files[i].name)))
			return &virt_files[i];
	}
	return NULL;
}

bool virt_has(const struct virt *v, struct slice name)
{
	(void)v; /* today every mount has the same files */
	return file_find(name) != NULL;
}

static int file_render(struct virt *v, enum stats_format format, struct buf *text)
{
	struct lsm_stats engine;
	struct fs_stats files;
	cleanup_buf struct buf more = {0};
	int rc = 0;

	lsm_stats_read(v->options.db, &engine);
	fs_stats_read(v->options.fs, &files);
	if (v->options.more)
		rc = v->options.more(v->options.more_arg, &more);
	if (rc)
		return rc;
	struct stats_measured measured = {
		.engine = &engine, .files = &files, .more = buf_slice(&more)};

	return stats_render(&measured, format, text);
}

static void attr_fill(const struct virt *v, const struct virt_node *node, struct stat *ret_attr)
{
	struct timespec when = {.tv_sec = (time_t)(node->render_ns / 1000000000),
				.tv_nsec = (long)(node->render_ns % 1000000000)};

	*ret_attr = (struct stat){
		.st_ino = node->inode,
		.st_mode = VIRT_MODE,
		.st_nlink = 1,
		.st_uid = v->options.uid,
		.st_gid = v->options.gid,
		.st_size = (off_t)node->text.len,
		.st_blksize = 4096,
		.st_blocks = (blkcnt_t)((node->text.len + VIRT_BLOCK - 1) / VIRT_BLOCK),
		.st_atim = when,
		.st_mtim = when,
		.st_ctim = when,
	};
}

static size_t bucket_of(uint64_t number)
{
	return number & (VIRT_BUCKETS - 1);
}

/* Give the node its number and put it into the table. */
static int node_insert(struct virt *v, struct virt_node *node)
{
	mutex_guard(&v->mu);
	if (v->count == VIRT_NODES_MAX)
		return fail(-ENFILE, "more than %d virtual files are open", VIRT_NODES_MAX);
	node->number = FS_VIRTUAL_BIT | v->next_number++;
	node->next = v->buckets[bucket_of(node->number)];
	v->buckets[bucket_of(node->number)] = node;
	v->count++;
	return 0;
}

int virt_lookup(struct virt *v, struct slice name, struct fs_entry *ret_entry)
{
	const struct virt_file *file = file_find(name);

	if (!file)
		return -ENOENT;
	struct virt_node *node = calloc(1, sizeof(*node));

	if (!node)
		return -ENOMEM;
	node->lookups = 1;
	node->inode = FS_VIRTUAL_BIT + (uint64_t)(file - virt_files);
	node->render_ns = clock_real_ns();
	int rc = file_render(v, file->format, &node->text);

	if (!rc)
		rc = node_insert(v, node);
	if (rc) {
		node_free(node);
		return rc;
	}
	ret_entry->node = node->number;
	attr_fill(v, node, &ret_entry->attr);
	return 0;
}

/* The link that points to the node, or to NULL. */
static struct virt_node **link_find_locked(struct virt *v, uint64_t number)
{
	struct virt_node **link = &v->buckets[bucket_of(number)];

	mutex_assert_held(&v->mu);
	while (*link && (*link)->number != number)
		link = &(*link)->next;
	return link;
}

/*
 * The result outlives the lock: only the forget that takes back its last lookup frees a node, and
 * the kernel sends that after the answers to all requests that name the node.
 */
static struct virt_node *node_find(struct virt *v, uint64_t number)
{
	mutex_guard(&v->mu);
	return *link_find_locked(v, number);
}

int virt_getattr(struct virt *v, uint64_t node, struct stat *ret_attr)
{
	const struct virt_node *found = node_find(v, node);

	if (!found)
		return -ESTALE;
	attr_fill(v, found, ret_attr);
	return 0;
}

int virt_read(struct virt *v, uint64_t node, uint64_t offset, size_t size, struct slice *ret_bytes)
{
	const struct virt_node *found = node_find(v, node);

	if (!found)
		return -ESTALE;
	struct slice rest = buf_slice(&found->text);

	rest = slice_skip(rest, (size_t)min_of(offset, (uint64_t)rest.len));
	*ret_bytes = slice_of(rest.ptr, min_of(size, rest.len));
	return 0;
}

void virt_forget(struct virt *v, uint64_t node, uint64_t lookups)
{
	struct virt_node *dead = NULL;

	mutex_lock(&v->mu);
	struct virt_node **link = link_find_locked(v, node);

	if (*link && (*link)->lookups <= lookups) {
		dead = *link;
		*link = dead->next;
		v->count--;
	} else if (*link) {
		(*link)->lookups -= lookups;
	}
	mutex_unlock(&v->mu);
	if (dead)
		node_free(dead);
}
