#include "tests/mount/exerciser/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct model_node *node_new(const char *path, enum model_kind kind, mode_t mode)
{
	struct model_node *node = calloc(1, sizeof(*node));

	assert(node);
	snprintf(node->path, sizeof(node->path), "%s", path);
	node->kind = kind;
	node->mode = mode;
	node->linked = true;
	node->users = 1;
	return node;
}

void model_begin(struct model *m)
{
	*m = (struct model){.count = 1};
	m->nodes[0] = node_new("", MODEL_FOLDER, 0755);
}

void model_end(struct model *m)
{
	while (m->count > 0)
		model_leave(m->nodes[--m->count]);
}

void model_use(struct model_node *node)
{
	node->users++;
}

void model_leave(struct model_node *node)
{
	assert(node->users > 0);
	if (--node->users > 0)
		return;
	free(node->bytes);
	free(node);
}

struct model_node *model_find(const struct model *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->nodes[i]->path, path) == 0)
			return m->nodes[i];
	}
	return NULL;
}

struct model_node *model_add(struct model *m, const char *path, enum model_kind kind, mode_t mode)
{
	assert(!model_is_full(m) && !model_find(m, path));
	struct model_node *node = node_new(path, kind, mode);

	m->nodes[m->count++] = node;
	return node;
}

void model_remove(struct model *m, struct model_node *node)
{
	size_t i = 1; /* the root stays */

	while (m->nodes[i] != node) {
		i++;
		assert(i < m->count);
	}
	m->nodes[i] = m->nodes[--m->count];
	node->linked = false;
	model_leave(node);
}

/* The end of the path, below `from`, goes on from `to`. */
static void node_move(struct model_node *node, const char *from, const char *to)
{
	char path[MODEL_PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s%s", to, node->path + strlen(from));

	assert(len < MODEL_PATH_MAX);
	memcpy(node->path, path, sizeof(path));
}

static bool is_in(const struct model_node *node, const char *top)
{
	return strcmp(node->path, top) == 0 || model_is_below(node->path, top);
}

void model_rename(struct model *m, struct model_node *node, const char *path)
{
	struct model_node *replaced = model_find(m, path);
	char from[MODEL_PATH_MAX];

	if (replaced == node)
		return;
	if (replaced)
		model_remove(m, replaced);
	memcpy(from, node->path, sizeof(from));
	for (size_t i = 0; i < m->count; i++) {
		if (is_in(m->nodes[i], from))
			node_move(m->nodes[i], from, path);
	}
}

void model_exchange(struct model *m, struct model_node *a, struct model_node *b)
{
	char a_path[MODEL_PATH_MAX], b_path[MODEL_PATH_MAX];

	memcpy(a_path, a->path, sizeof(a_path));
	memcpy(b_path, b->path, sizeof(b_path));
	for (size_t i = 0; i < m->count; i++) {
		if (is_in(m->nodes[i], a_path))
			node_move(m->nodes[i], a_path, b_path);
		else if (is_in(m->nodes[i], b_path))
			node_move(m->nodes[i], b_path, a_path);
	}
}

bool model_is_full(const struct model *m)
{
	return m->count == MODEL_NODES_MAX;
}

bool model_is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (len == 0)
		return *path != '\0';
	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

size_t model_depth(const char *path)
{
	size_t depth = *path != '\0';

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

bool model_path(const char *folder, const char *name, char ret_path[MODEL_PATH_MAX])
{
	int len = snprintf(ret_path, MODEL_PATH_MAX, "%s%s%s", folder, *folder ? "/" : "", name);

	return len < MODEL_PATH_MAX;
}

size_t model_children(const struct model *m, const char *folder)
{
	size_t depth = model_depth(folder) + 1, count = 0;

	for (size_t i = 0; i < m->count; i++) {
		const char *path = m->nodes[i]->path;

		count += model_is_below(path, folder) && model_depth(path) == depth;
	}
	return count;
}

uint64_t model_bytes(const struct model *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		sum += m->nodes[i]->size;
	return sum;
}

bool model_can_move(const struct model *m, const struct model_node *node, const char *path)
{
	size_t old_len = strlen(node->path), old_depth = model_depth(node->path);
	size_t new_len = strlen(path), new_depth = model_depth(path);
	bool fits = new_depth <= MODEL_DEPTH_MAX;

	for (size_t i = 0; i < m->count; i++) {
		const char *below = m->nodes[i]->path;

		if (!model_is_below(below, node->path))
			continue;
		fits = fits && new_len + strlen(below) - old_len < MODEL_PATH_MAX &&
		       new_depth + model_depth(below) - old_depth <= MODEL_DEPTH_MAX;
	}
	return fits;
}

void model_resize(struct model_node *node, size_t size)
{
	assert(size <= MODEL_FILE_MAX);
	if (size > node->room) {
		size_t room = max_of(size, node->room * 2);
		uint8_t *bytes = realloc(node->bytes, room);

		assert(bytes);
		node->bytes = bytes;
		node->room = room;
	}
	if (size > node->size)
		memset(node->bytes + node->size, 0, size - node->size);
	node->size = size;
}

void model_write(struct model_node *node, size_t offset, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	if (offset + len > node->size)
		model_resize(node, offset + len);
	memcpy(node->bytes + offset, bytes, len);
}
