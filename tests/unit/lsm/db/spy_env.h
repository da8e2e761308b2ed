/*
 * Passes every call on to another env and counts what tests of options want to know: how files are
 * opened, and in what pieces they are read. Of names with one suffix.
 */
#pragma once

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/env/env.h"

enum {
	SPY_MODES = ENV_MAP + 1,
};

struct spy_env {
	struct env env;
	struct env *inner;  /* borrowed */
	const char *suffix; /* of the files that count */
	_Atomic uint64_t opens[SPY_MODES];
	_Atomic uint64_t reads;
	_Atomic uint64_t longest_read;
	_Atomic uint64_t longest_ahead; /* of a hint */
};

struct spy_dir {
	struct env_dir dir;
	struct spy_env *spy;
	struct env_dir *inner;
};

struct spy_file {
	struct env_file file;
	struct spy_env *spy; /* NULL: does not count */
	struct env_file *inner;
};

static inline void spy_max(_Atomic uint64_t *longest, uint64_t len)
{
	uint64_t before = atomic_load(longest);

	while (before < len && !atomic_compare_exchange_weak(longest, &before, len))
		;
}

static inline struct spy_file *spy_file_of(struct env_file *f)
{
	return container_of(f, struct spy_file, file);
}

static inline struct env_dir *spy_inner(struct env_dir *d)
{
	return container_of(d, struct spy_dir, dir)->inner;
}

static inline int spy_read(struct env_file *file, uint64_t offset, void *into, size_t len,
			   size_t *ret_len)
{
	struct spy_file *f = spy_file_of(file);

	if (f->spy) {
		atomic_fetch_add(&f->spy->reads, 1);
		spy_max(&f->spy->longest_read, len);
	}
	return env_file_read(f->inner, offset, into, len, ret_len);
}

static inline int spy_append(struct env_file *f, const struct slice *parts, size_t part_count)
{
	return env_file_append(spy_file_of(f)->inner, parts, part_count);
}

static inline int spy_seek(struct env_file *f, uint64_t offset)
{
	return env_file_seek(spy_file_of(f)->inner, offset);
}

static inline int spy_sync(struct env_file *f)
{
	return env_file_sync(spy_file_of(f)->inner);
}

static inline int spy_allocate(struct env_file *f, uint64_t offset, uint64_t len)
{
	return env_file_allocate(spy_file_of(f)->inner, offset, len);
}

static inline int spy_truncate(struct env_file *f, uint64_t size)
{
	return env_file_truncate(spy_file_of(f)->inner, size);
}

static inline int spy_size(struct env_file *f, uint64_t *ret_size)
{
	return env_file_size(spy_file_of(f)->inner, ret_size);
}

static inline void spy_read_ahead(struct env_file *file, uint64_t offset, uint64_t len)
{
	struct spy_file *f = spy_file_of(file);

	if (f->spy)
		spy_max(&f->spy->longest_ahead, len);
	env_file_read_ahead(f->inner, offset, len);
}

static inline void spy_close(struct env_file *file)
{
	struct spy_file *f = spy_file_of(file);

	env_file_close(f->inner);
	free(f);
}

static const struct env_file_ops spy_file_ops = {
	.read = spy_read,
	.append = spy_append,
	.seek = spy_seek,
	.sync = spy_sync,
	.allocate = spy_allocate,
	.truncate = spy_truncate,
	.size = spy_size,
	.read_ahead = spy_read_ahead,
	.close = spy_close,
};

static inline bool spy_counts(const struct spy_env *spy, const char *name)
{
	size_t len = strlen(name), suffix_len = strlen(spy->suffix);

	return len >= suffix_len && strcmp(name + len - suffix_len, spy->suffix) == 0;
}

static inline int spy_open(struct env_dir *dir, const char *name, enum env_open_mode mode,
			   struct env_file **ret_file)
{
	struct spy_dir *d = container_of(dir, struct spy_dir, dir);
	cleanup_free struct spy_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	int rc = env_dir_open(d->inner, name, mode, &f->inner);

	if (rc)
		return rc;
	f->file.ops = &spy_file_ops;
	f->spy = spy_counts(d->spy, name) ? d->spy : NULL;
	if (f->spy)
		atomic_fetch_add(&f->spy->opens[mode], 1);
	*ret_file = &move_ptr(&f)->file;
	return 0;
}

static inline int spy_sync_dir(struct env_dir *d)
{
	return env_dir_sync(spy_inner(d));
}

static inline int spy_rename(struct env_dir *d, const char *from, const char *to)
{
	return env_dir_rename(spy_inner(d), from, to);
}

static inline int spy_unlink(struct env_dir *d, const char *name)
{
	return env_dir_unlink(spy_inner(d), name);
}

static inline int spy_link(struct env_dir *d, const char *name, struct env_dir *to_dir,
			   const char *to)
{
	return env_dir_link(spy_inner(d), name, spy_inner(to_dir), to);
}

static inline int spy_list(struct env_dir *d, int (*visit)(void *arg, const char *name), void *arg)
{
	return env_dir_list(spy_inner(d), visit, arg);
}

static inline int spy_file_size(struct env_dir *d, const char *name, uint64_t *ret_size)
{
	return env_dir_file_size(spy_inner(d), name, ret_size);
}

static inline int spy_holds_path(struct env_dir *d, const char *path, bool *ret_holds)
{
	return env_dir_holds_path(spy_inner(d), path, ret_holds);
}

static inline int spy_lock(struct env_dir *d, const char *name, const char *holder,
			   struct env_lock **ret_lock)
{
	return env_dir_lock(spy_inner(d), name, holder, ret_lock);
}

static inline void spy_unlock(struct env_dir *d, struct env_lock *lock)
{
	env_dir_unlock(spy_inner(d), lock);
}

static inline int spy_space(struct env_dir *d, struct env_space *ret_space)
{
	return env_dir_space(spy_inner(d), ret_space);
}

static inline void spy_close_dir(struct env_dir *dir)
{
	struct spy_dir *d = container_of(dir, struct spy_dir, dir);

	env_dir_close(d->inner);
	free(d);
}

static const struct env_dir_ops spy_dir_ops = {
	.open = spy_open,
	.sync = spy_sync_dir,
	.rename = spy_rename,
	.unlink = spy_unlink,
	.link = spy_link,
	.list = spy_list,
	.file_size = spy_file_size,
	.holds_path = spy_holds_path,
	.lock = spy_lock,
	.unlock = spy_unlock,
	.space = spy_space,
	.close = spy_close_dir,
};

static inline struct spy_env *spy_of(struct env *e)
{
	return container_of(e, struct spy_env, env);
}

static inline int spy_open_dir(struct env *e, const char *path, bool create,
			       struct env_dir **ret_dir)
{
	cleanup_free struct spy_dir *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	int rc = env_open_dir(spy_of(e)->inner, path, create, &d->inner);

	if (rc)
		return rc;
	d->dir = (struct env_dir){.ops = &spy_dir_ops, .env = e};
	d->spy = spy_of(e);
	*ret_dir = &move_ptr(&d)->dir;
	return 0;
}

static inline uint64_t spy_real_ns(struct env *e)
{
	return env_real_ns(spy_of(e)->inner);
}

static inline uint64_t spy_mono_ns(struct env *e)
{
	return env_mono_ns(spy_of(e)->inner);
}

static inline void spy_free(struct env *e)
{
	(void)e; /* the test's own */
}

static const struct env_ops spy_env_ops = {
	.open_dir = spy_open_dir,
	.real_ns = spy_real_ns,
	.mono_ns = spy_mono_ns,
	.free = spy_free,
};

/* *spy counts from now on, files whose names end in suffix. */
static inline void spy_init(struct spy_env *spy, struct env *inner, const char *suffix)
{
	*spy = (struct spy_env){.env = {.ops = &spy_env_ops}, .inner = inner, .suffix = suffix};
}
