#include <errno.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_mem_impl.h"
#include "lsm/env/env_name.h"

enum {
	MEM_BLOCK_BYTES = 4096,
	MEM_FILES = 1 << 20, /* what a disk without a limit says it can hold */
};

static const uint64_t mem_endless_bytes = (uint64_t)1 << 50; /* what a disk without a limit says */

static struct mem_dir *mem_dir_of(struct env_dir *d)
{
	return container_of(d, struct mem_dir, dir);
}

static int fail_name(int code, const char *name, const char *what)
{
	return fail(code, "%s: %s: %s", name, what, strerror(-code));
}

static int file_for_mode_locked(struct mem_dir *d, const char *name, enum env_open_mode mode,
				struct mem_node **ret_node)
{
	struct mem_node *node = mem_folder_find(d->folder, name);
	int rc = 0;

	if (node && mode == ENV_CREATE)
		return -EEXIST;
	if (!node && (mode == ENV_READ || mode == ENV_REUSE))
		return -ENOENT;
	if (node && mode == ENV_REPLACE)
		rc = mem_node_resize(&d->owner->disk, node, 0);
	if (!node) {
		struct mem_name *row = mem_folder_row(d->folder, name);

		rc = row ? mem_env_create_locked(d->owner, row) : -ENOMEM;
		node = row ? row->now : NULL;
	}
	if (!rc)
		*ret_node = node;
	return rc;
}

static int mem_dir_open(struct env_dir *dir, const char *name, enum env_open_mode mode,
			struct env_file **ret_file)
{
	struct mem_dir *d = mem_dir_of(dir);
	cleanup_free struct mem_file *f = NULL;
	struct mem_node *node = NULL;
	int rc = env_name_check(name);

	mode = env_plain_mode(mode);
	if (rc)
		return rc;
	f = mem_file_new(d->owner, name, mode != ENV_READ);
	if (!f)
		return -ENOMEM;

	mutex_guard(&d->owner->mu);

	rc = file_for_mode_locked(d, name, mode, &node);
	if (rc)
		return fail_name(rc, name, "open");
	*ret_file = mem_file_attach_locked(move_ptr(&f), node);
	return 0;
}

static int mem_dir_sync(struct env_dir *dir)
{
	struct mem_dir *d = mem_dir_of(dir);
	mutex_guard(&d->owner->mu);

	mem_folder_sync(&d->owner->disk, d->folder);
	return 0;
}

static int rename_locked(struct mem_dir *d, const char *from, const char *to)
{
	struct mem_node *node = mem_folder_find(d->folder, from);
	struct mem_name *to_row;

	if (!node)
		return -ENOENT;
	to_row = mem_folder_row(d->folder, to);
	if (!to_row)
		return -ENOMEM;
	if (to_row->now == node) /* two names of one file: rename(2) leaves both */
		return 0;
	mem_name_set_now(&d->owner->disk, to_row, node);
	/* The row is there, so asking for it cannot move or miss it. */
	mem_name_set_now(&d->owner->disk, mem_folder_row(d->folder, from), NULL);
	return 0;
}

static int mem_dir_rename(struct env_dir *dir, const char *from, const char *to)
{
	struct mem_dir *d = mem_dir_of(dir);
	int rc = env_name_check(from);

	if (!rc)
		rc = env_name_check(to);
	if (rc)
		return rc;

	mutex_guard(&d->owner->mu);

	rc = rename_locked(d, from, to);
	return rc ? fail(rc, "%s: rename to %s: %s", from, to, strerror(-rc)) : 0;
}

static int mem_dir_unlink(struct env_dir *dir, const char *name)
{
	struct mem_dir *d = mem_dir_of(dir);
	int rc = env_name_check(name);

	if (rc)
		return rc;

	mutex_guard(&d->owner->mu);

	if (!mem_folder_find(d->folder, name))
		return fail_name(-ENOENT, name, "unlink");
	mem_name_set_now(&d->owner->disk, mem_folder_row(d->folder, name), NULL);
	return 0;
}

static int link_locked(struct mem_dir *d, const char *name, struct mem_dir *to_dir, const char *to)
{
	struct mem_node *node = mem_folder_find(d->folder, name);
	struct mem_name *row;

	if (!node)
		return -ENOENT;
	if (mem_folder_find(to_dir->folder, to))
		return -EEXIST;
	row = mem_folder_row(to_dir->folder, to);
	if (!row)
		return -ENOMEM;
	mem_name_set_now(&d->owner->disk, row, node);
	return 0;
}

static int mem_dir_link(struct env_dir *dir, const char *name, struct env_dir *to_dir,
			const char *to)
{
	struct mem_dir *d = mem_dir_of(dir);
	int rc = env_name_check(name);

	if (!rc)
		rc = env_name_check(to);
	if (rc)
		return rc;

	mutex_guard(&d->owner->mu);

	rc = link_locked(d, name, mem_dir_of(to_dir), to);
	return rc ? fail(rc, "%s: link to %s: %s", name, to, strerror(-rc)) : 0;
}

/* The names as they are, copied so that visit can be called without the mutex and may use the env.
 */
static int copy_names(struct mem_dir *d, struct buf *names)
{
	mutex_guard(&d->owner->mu);

	for (size_t i = 0; i < d->folder->count; i++) {
		const struct mem_name *row = &d->folder->names[i];

		if (row->now && buf_append(names, row->text, strlen(row->text) + 1))
			return -ENOMEM;
	}
	return 0;
}

static int mem_dir_list(struct env_dir *dir, int (*visit)(void *arg, const char *name), void *arg)
{
	cleanup_buf struct buf names = {0};
	int rc = copy_names(mem_dir_of(dir), &names);

	for (size_t at = 0; !rc && at < names.len;) {
		const char *name = (const char *)names.ptr + at;

		rc = visit(arg, name);
		at += strlen(name) + 1;
	}
	return rc;
}

static int mem_dir_file_size(struct env_dir *dir, const char *name, uint64_t *ret_size)
{
	struct mem_dir *d = mem_dir_of(dir);
	const struct mem_node *node;
	int rc = env_name_check(name);

	if (rc)
		return rc;

	mutex_guard(&d->owner->mu);

	node = mem_folder_find(d->folder, name);
	if (!node)
		return fail_name(-ENOENT, name, "size");
	*ret_size = node->bytes.len;
	return 0;
}

/* By the text: in memory there is one way to write a path. */
static int mem_dir_holds_path(struct env_dir *dir, const char *path, bool *ret_holds)
{
	struct mem_dir *d = mem_dir_of(dir);
	mutex_guard(&d->owner->mu);

	*ret_holds = mem_folder_holds(d->folder, slice_str(path));
	return 0;
}

/* As with the kernel's: a full disk does not refuse the lock, it only loses the line. */
static int write_holder_locked(struct mem_env *e, struct mem_node *node, const char *holder)
{
	int rc = mem_node_resize(&e->disk, node, 0);

	if (!rc)
		rc = mem_node_write(&e->disk, node, 0, slice_str(holder));
	if (!rc)
		rc = mem_node_write(&e->disk, node, strlen(holder), slice_str("\n"));
	return rc == -ENOSPC ? mem_node_resize(&e->disk, node, 0) : rc;
}

static int lock_locked(struct mem_dir *d, const char *name, const char *holder,
		       struct mem_lock *lock)
{
	struct mem_name *row = mem_folder_row(d->folder, name);
	int rc = 0;

	if (!row)
		return -ENOMEM;
	if (!row->now)
		rc = mem_env_create_locked(d->owner, row);
	if (rc)
		return rc;
	if (row->now->lock)
		return env_lock_refused(name, buf_slice(&row->now->bytes));
	rc = write_holder_locked(d->owner, row->now, holder);
	if (rc)
		return fail_name(rc, name, "lock");
	row->now->lock = lock;
	row->now->open_count++;
	lock->node = row->now;
	return 0;
}

static int mem_dir_lock(struct env_dir *dir, const char *name, const char *holder,
			struct env_lock **ret_lock)
{
	struct mem_dir *d = mem_dir_of(dir);
	cleanup_free struct mem_lock *lock = (struct mem_lock *)calloc(1, sizeof(*lock));
	int rc = env_name_check(name);

	if (rc)
		return rc;
	if (!lock)
		return -ENOMEM;

	mutex_guard(&d->owner->mu);

	rc = lock_locked(d, name, holder, lock);
	if (rc)
		return rc;
	*ret_lock = (struct env_lock *)move_ptr(&lock);
	return 0;
}

static void mem_dir_unlock(struct env_dir *dir, struct env_lock *lock)
{
	struct mem_env *e = mem_dir_of(dir)->owner;
	struct mem_lock *l = (struct mem_lock *)lock;

	mutex_lock(&e->mu);
	/* A power cut may have taken it, and another may have it since. */
	if (l->node->lock == l)
		l->node->lock = NULL;
	l->node->open_count--;
	mem_node_settle(&e->disk, l->node);
	mutex_unlock(&e->mu);
	free(l);
}

static int mem_dir_space(struct env_dir *dir, struct env_space *ret_space)
{
	struct mem_env *e = mem_dir_of(dir)->owner;
	mutex_guard(&e->mu);
	uint64_t total = min_of(e->disk.capacity, mem_endless_bytes);
	uint64_t unused = e->disk.used < total ? total - e->disk.used : 0;

	*ret_space = (struct env_space){
		.total_bytes = total,
		.free_bytes = unused,
		.available_bytes = unused,
		.total_files = MEM_FILES,
		.free_files = MEM_FILES,
		.block_bytes = MEM_BLOCK_BYTES,
	};
	return 0;
}

static void mem_dir_close(struct env_dir *dir)
{
	free(mem_dir_of(dir));
}

static const struct env_dir_ops mem_dir_ops = {
	.open = mem_dir_open,
	.sync = mem_dir_sync,
	.rename = mem_dir_rename,
	.unlink = mem_dir_unlink,
	.link = mem_dir_link,
	.list = mem_dir_list,
	.file_size = mem_dir_file_size,
	.holds_path = mem_dir_holds_path,
	.lock = mem_dir_lock,
	.unlock = mem_dir_unlock,
	.space = mem_dir_space,
	.close = mem_dir_close,
};

struct env_dir *mem_dir_new(struct mem_env *e, struct mem_folder *folder)
{
	struct mem_dir *d = (struct mem_dir *)calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->dir = (struct env_dir){.ops = &mem_dir_ops, .env = &e->env};
	d->owner = e;
	d->folder = folder;
	return &d->dir;
}
