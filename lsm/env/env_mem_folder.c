#include "lsm/env/env_mem_folder.h"

#include <stdio.h>
#include <stdlib.h>

static struct slice without_slashes(struct slice path)
{
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

struct mem_folder *mem_folder_new(struct slice path)
{
	struct mem_folder *f = (struct mem_folder *)calloc(1, sizeof(*f));
	struct slice kept = without_slashes(path);

	if (!f)
		return NULL;
	f->path = strndup((const char *)kept.ptr, kept.len);
	if (!f->path) {
		free(f);
		return NULL;
	}
	return f;
}

bool mem_folder_is(const struct mem_folder *f, struct slice path)
{
	return slice_eq(slice_str(f->path), without_slashes(path));
}

bool mem_folder_holds(const struct mem_folder *f, struct slice path)
{
	struct slice own = slice_str(f->path), asked = without_slashes(path);

	if (!slice_starts_with(asked, own))
		return false;
	return asked.len == own.len || own.ptr[own.len - 1] == '/' || asked.ptr[own.len] == '/';
}

static struct mem_name *find_row(const struct mem_folder *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->names[i].text, name) == 0)
			return &f->names[i];
	return NULL;
}

struct mem_node *mem_folder_find(const struct mem_folder *f, const char *name)
{
	struct mem_name *row = find_row(f, name);

	return row ? row->now : NULL;
}

/* Rows that lead nowhere in both columns are dropped when the next one needs room. */
static void drop_empty_rows(struct mem_folder *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++)
		if (f->names[i].now || f->names[i].synced)
			f->names[kept++] = f->names[i];
	f->count = kept;
}

struct mem_name *mem_folder_row(struct mem_folder *f, const char *name)
{
	struct mem_name *row = find_row(f, name);

	if (row)
		return row;
	drop_empty_rows(f);
	if (f->count == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 16;
		struct mem_name *grown = (struct mem_name *)realloc(f->names, cap * sizeof(*grown));

		if (!grown)
			return NULL;
		f->names = grown;
		f->cap = cap;
	}
	row = &f->names[f->count++];
	*row = (struct mem_name){0};
	(void)snprintf(row->text, sizeof(row->text), "%s", name);
	return row;
}

void mem_name_set_now(struct mem_disk *disk, struct mem_name *row, struct mem_node *node)
{
	struct mem_node *old = row->now;

	if (node)
		node->name_count++;
	row->now = node;
	if (old) {
		old->name_count--;
		mem_node_settle(disk, old);
	}
}

void mem_name_sync(struct mem_disk *disk, struct mem_name *row)
{
	struct mem_node *old = row->synced;

	if (row->now)
		row->now->synced_count++;
	row->synced = row->now;
	if (old) {
		old->synced_count--;
		mem_node_settle(disk, old);
	}
}

void mem_folder_sync(struct mem_disk *disk, struct mem_folder *f)
{
	for (size_t i = 0; i < f->count; i++)
		mem_name_sync(disk, &f->names[i]);
}

void mem_folder_revert(struct mem_disk *disk, struct mem_folder *f)
{
	for (size_t i = 0; i < f->count; i++)
		mem_name_set_now(disk, &f->names[i], f->names[i].synced);
}

void mem_folder_free(struct mem_disk *disk, struct mem_folder *f)
{
	for (size_t i = 0; i < f->count; i++) {
		mem_name_set_now(disk, &f->names[i], NULL);
		mem_name_sync(disk, &f->names[i]);
	}
	free(f->names);
	free(f->path);
	free(f);
}
