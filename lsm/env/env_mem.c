#include "lsm/env/env_mem.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/env/env_mem_impl.h"
#include "lsm/env/env_name.h"

struct mem_folder *mem_env_folder_locked(struct mem_env *e, const char *path)
{
	struct mem_folder *f = e->folders;

	mutex_assert_held(&e->mu);
	while (f && !mem_folder_is(f, slice_str(path)))
		f = f->next;
	return f;
}

int mem_env_create_locked(struct mem_env *e, struct mem_name *row)
{
	struct mem_node *node;

	mutex_assert_held(&e->mu);
	node = mem_node_new(&e->disk);
	if (!node)
		return -ENOMEM;
	mem_name_set_now(&e->disk, row, node);
	return 0;
}

static struct mem_folder *add_folder(struct mem_env *e, const char *path)
{
	struct mem_folder *f = mem_folder_new(slice_str(path));

	if (!f)
		return NULL;
	f->next = e->folders;
	e->folders = f;
	return f;
}

/* A folder survives every power cut: open_dir's promise is that its parent is synced. */
static int mem_open_dir(struct env *env, const char *path, bool create, struct env_dir **ret_dir)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);
	struct mem_folder *f = mem_env_folder_locked(e, path);
	struct env_dir *d;

	if (!f && !create)
		return fail(-ENOENT, "%s: open folder: %s", path, strerror(ENOENT));
	if (!f)
		f = add_folder(e, path);
	if (!f)
		return -ENOMEM;
	d = mem_dir_new(e, f);
	if (!d)
		return -ENOMEM;
	*ret_dir = d;
	return 0;
}

static uint64_t mem_real_ns(struct env *env)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);

	return e->clock_set ? e->clock_ns : clock_real_ns();
}

static uint64_t mem_mono_ns(struct env *env)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);

	return e->clock_set ? e->clock_ns : clock_mono_ns();
}

static void mem_free(struct env *env)
{
	struct mem_env *e = mem_env_of(env);

	while (e->folders) {
		struct mem_folder *f = e->folders;

		e->folders = f->next;
		mem_folder_free(&e->disk, f);
	}
	while (e->disk.nodes) /* files that somebody forgot to close */
		mem_node_free(&e->disk, e->disk.nodes);
	mutex_done(&e->mu);
	free(e);
}

static const struct env_ops mem_ops = {
	.open_dir = mem_open_dir,
	.real_ns = mem_real_ns,
	.mono_ns = mem_mono_ns,
	.free = mem_free,
};

struct env *env_mem_new(void)
{
	struct mem_env *e = (struct mem_env *)calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->env.ops = &mem_ops;
	mutex_init(&e->mu, RANK_ENV);
	e->disk.capacity = UINT64_MAX;
	return &e->env;
}

void env_mem_set_clock(struct env *env, uint64_t ns)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);

	e->clock_set = true;
	e->clock_ns = ns;
}

void env_mem_set_capacity(struct env *env, uint64_t bytes)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);

	e->disk.capacity = bytes;
}

/* Names first: which files are left, and so keep their synced bytes, is known only then. */
void env_mem_power_cut(struct env *env)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);

	e->power_cuts++;
	for (struct mem_folder *f = e->folders; f; f = f->next)
		mem_folder_revert(&e->disk, f);
	for (struct mem_node *n = e->disk.nodes; n; n = n->next)
		mem_node_revert(&e->disk, n);
}

static int no_such_file(const char *dir, const char *name)
{
	return fail(-ENOENT, "%s/%s: %s", dir, name, strerror(ENOENT));
}

int env_mem_file(struct env *env, const char *dir, const char *name, struct slice *ret_bytes)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);
	const struct mem_folder *f = mem_env_folder_locked(e, dir);
	const struct mem_node *node = f ? mem_folder_find(f, name) : NULL;

	if (!node)
		return no_such_file(dir, name);
	*ret_bytes = buf_slice(&node->bytes);
	return 0;
}

int env_mem_break_file(struct env *env, const char *dir, const char *name)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);
	const struct mem_folder *f = mem_env_folder_locked(e, dir);
	struct mem_node *node = f ? mem_folder_find(f, name) : NULL;

	if (!node)
		return no_such_file(dir, name);
	node->broken = true;
	return 0;
}

static int set_content(struct mem_disk *disk, struct mem_node *node, struct slice bytes)
{
	uint64_t capacity = disk->capacity;
	int rc;

	disk->capacity = UINT64_MAX; /* the test's own hand is not bound by it */
	rc = mem_node_resize(disk, node, 0);
	if (!rc)
		rc = mem_node_write(disk, node, 0, bytes);
	if (!rc)
		rc = mem_node_sync(node);
	disk->capacity = capacity;
	return rc;
}

int env_mem_set_file(struct env *env, const char *dir, const char *name, struct slice bytes)
{
	struct mem_env *e = mem_env_of(env);
	cleanup_buf struct buf copy = {0}; /* `bytes` may be what env_mem_file lent */
	int rc = env_name_check(name);

	if (!rc)
		rc = buf_set(&copy, bytes);
	if (rc)
		return rc;

	mutex_guard(&e->mu);
	struct mem_folder *f = mem_env_folder_locked(e, dir);
	struct mem_name *row;

	if (!f)
		f = add_folder(e, dir);
	row = f ? mem_folder_row(f, name) : NULL;
	if (!row)
		return -ENOMEM;
	if (!row->now)
		rc = mem_env_create_locked(e, row);
	if (!rc)
		rc = set_content(&e->disk, row->now, buf_slice(&copy));
	if (!rc)
		mem_name_sync(&e->disk, row);
	return rc;
}

int env_mem_remove_file(struct env *env, const char *dir, const char *name)
{
	struct mem_env *e = mem_env_of(env);
	mutex_guard(&e->mu);
	struct mem_folder *f = mem_env_folder_locked(e, dir);
	struct mem_name *row;

	if (!f || !mem_folder_find(f, name))
		return no_such_file(dir, name);
	row = mem_folder_row(f, name);
	mem_name_set_now(&e->disk, row, NULL);
	mem_name_sync(&e->disk, row);
	return 0;
}

/* The folder's present names in `to`, each leading to the copy of its file. */
static int clone_folder(struct mem_env *to, const struct mem_folder *f)
{
	struct mem_folder *made = add_folder(to, f->path);

	if (!made)
		return -ENOMEM;
	for (size_t i = 0; i < f->count; i++) {
		struct mem_node *node = f->names[i].now;
		struct mem_name *row;

		if (!node)
			continue;
		row = mem_folder_row(made, f->names[i].text);
		if (!row)
			return -ENOMEM;
		if (!node->copy) {
			node->copy = mem_node_new(&to->disk);
			if (!node->copy ||
			    set_content(&to->disk, node->copy, buf_slice(&node->bytes)))
				return -ENOMEM;
		}
		mem_name_set_now(&to->disk, row, node->copy);
		mem_name_sync(&to->disk, row);
	}
	return 0;
}

struct env *env_mem_clone(struct env *env)
{
	struct mem_env *e = mem_env_of(env);
	struct env *made = env_mem_new();
	int rc = 0;

	if (!made)
		return NULL;

	mutex_guard(&e->mu);

	for (struct mem_node *n = e->disk.nodes; n; n = n->next)
		n->copy = NULL;
	for (struct mem_folder *f = e->folders; f && !rc; f = f->next)
		rc = clone_folder(mem_env_of(made), f);
	if (rc) {
		env_free(made);
		return NULL;
	}
	return made;
}
