#include "lsm/env/env_fault.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_fault_impl.h"

struct fault_dir {
	struct env_dir dir;
	/* immutable */
	struct fault_env *owner; /* borrowed */
	struct env_dir *inner;   /* owned */
};

static struct fault_env *fault_env_of(struct env *e)
{
	return container_of(e, struct fault_env, env);
}

static struct fault_dir *fault_dir_of(struct env_dir *d)
{
	return container_of(d, struct fault_dir, dir);
}

static bool strikes_locked(const struct fault_env *e, uint64_t call)
{
	if (!e->planned)
		return false;
	return e->plan.sticky ? call >= e->plan.at_call : call == e->plan.at_call;
}

int fault_env_count(struct fault_env *e, enum fault_call call, const char *subject,
		    const char *what, enum env_fault_how *ret_how)
{
	mutex_guard(&e->mu);

	if (e->planned && e->plan.writes_only && call != FAULT_WRITES)
		return 0;
	if (!strikes_locked(e, e->calls++))
		return 0;
	e->struck = true;
	if (ret_how)
		*ret_how = e->plan.how;
	return fail(e->plan.error, "%s: %s: injected: %s", subject, what, strerror(-e->plan.error));
}

static int count(struct env_dir *dir, enum fault_call call, const char *subject, const char *what)
{
	return fault_env_count(fault_dir_of(dir)->owner, call, subject, what, NULL);
}

static int fault_open(struct env_dir *dir, const char *name, enum env_open_mode mode,
		      struct env_file **ret_file)
{
	struct fault_dir *d = fault_dir_of(dir);
	bool makes = env_plain_mode(mode) == ENV_CREATE || mode == ENV_REPLACE;
	cleanup_free struct fault_file *f = NULL;
	struct env_file *inner = NULL;
	int rc = count(dir, makes ? FAULT_WRITES : FAULT_READS, name, "open");

	if (rc)
		return rc;
	f = fault_file_new(d->owner, name);
	if (!f)
		return -ENOMEM;
	rc = env_dir_open(d->inner, name, mode, &inner);
	if (rc)
		return rc;
	*ret_file = fault_file_attach(move_ptr(&f), inner);
	return 0;
}

static int fault_sync_dir(struct env_dir *dir)
{
	int rc = count(dir, FAULT_WRITES, "folder", "sync");

	return rc ? rc : env_dir_sync(fault_dir_of(dir)->inner);
}

static int fault_rename(struct env_dir *dir, const char *from, const char *to)
{
	int rc = count(dir, FAULT_WRITES, from, "rename");

	return rc ? rc : env_dir_rename(fault_dir_of(dir)->inner, from, to);
}

static int fault_unlink(struct env_dir *dir, const char *name)
{
	int rc = count(dir, FAULT_WRITES, name, "unlink");

	return rc ? rc : env_dir_unlink(fault_dir_of(dir)->inner, name);
}

static int fault_link(struct env_dir *dir, const char *name, struct env_dir *to_dir, const char *to)
{
	int rc = count(dir, FAULT_WRITES, name, "link");

	if (rc)
		return rc;
	return env_dir_link(fault_dir_of(dir)->inner, name, fault_dir_of(to_dir)->inner, to);
}

static int fault_list(struct env_dir *dir, int (*visit)(void *arg, const char *name), void *arg)
{
	int rc = count(dir, FAULT_READS, "folder", "list");

	return rc ? rc : env_dir_list(fault_dir_of(dir)->inner, visit, arg);
}

static int fault_file_size(struct env_dir *dir, const char *name, uint64_t *ret_size)
{
	int rc = count(dir, FAULT_READS, name, "size");

	return rc ? rc : env_dir_file_size(fault_dir_of(dir)->inner, name, ret_size);
}

static int fault_holds_path(struct env_dir *dir, const char *path, bool *ret_holds)
{
	int rc = count(dir, FAULT_READS, path, "look for folder");

	return rc ? rc : env_dir_holds_path(fault_dir_of(dir)->inner, path, ret_holds);
}

static int fault_lock(struct env_dir *dir, const char *name, const char *holder,
		      struct env_lock **ret_lock)
{
	int rc = count(dir, FAULT_WRITES, name, "lock");

	return rc ? rc : env_dir_lock(fault_dir_of(dir)->inner, name, holder, ret_lock);
}

static void fault_unlock(struct env_dir *dir, struct env_lock *lock)
{
	env_dir_unlock(fault_dir_of(dir)->inner, lock);
}

static int fault_space(struct env_dir *dir, struct env_space *ret_space)
{
	int rc = count(dir, FAULT_READS, "folder", "space");

	return rc ? rc : env_dir_space(fault_dir_of(dir)->inner, ret_space);
}

static void fault_dir_close(struct env_dir *dir)
{
	struct fault_dir *d = fault_dir_of(dir);

	env_dir_close(d->inner);
	free(d);
}

static const struct env_dir_ops fault_dir_ops = {
	.open = fault_open,
	.sync = fault_sync_dir,
	.rename = fault_rename,
	.unlink = fault_unlink,
	.link = fault_link,
	.list = fault_list,
	.file_size = fault_file_size,
	.holds_path = fault_holds_path,
	.lock = fault_lock,
	.unlock = fault_unlock,
	.space = fault_space,
	.close = fault_dir_close,
};

static int fault_open_dir(struct env *env, const char *path, bool create, struct env_dir **ret_dir)
{
	struct fault_env *e = fault_env_of(env);
	cleanup_free struct fault_dir *d = NULL;
	int rc = fault_env_count(e, create ? FAULT_WRITES : FAULT_READS, path, "open folder", NULL);

	if (rc)
		return rc;
	d = (struct fault_dir *)calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	rc = env_open_dir(e->inner, path, create, &d->inner);
	if (rc)
		return rc;
	d->dir = (struct env_dir){.ops = &fault_dir_ops, .env = env};
	d->owner = e;
	*ret_dir = &move_ptr(&d)->dir;
	return 0;
}

static uint64_t fault_real_ns(struct env *env)
{
	return env_real_ns(fault_env_of(env)->inner);
}

static uint64_t fault_mono_ns(struct env *env)
{
	return env_mono_ns(fault_env_of(env)->inner);
}

static void fault_free(struct env *env)
{
	struct fault_env *e = fault_env_of(env);

	mutex_done(&e->mu);
	free(e);
}

static const struct env_ops fault_ops = {
	.open_dir = fault_open_dir,
	.real_ns = fault_real_ns,
	.mono_ns = fault_mono_ns,
	.free = fault_free,
};

struct env *env_fault_new(struct env *inner)
{
	struct fault_env *e = (struct fault_env *)calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->env.ops = &fault_ops;
	e->inner = inner;
	mutex_init(&e->mu, RANK_ENV);
	return &e->env;
}

void env_fault_set(struct env *env, const struct env_fault_plan *plan)
{
	struct fault_env *e = fault_env_of(env);
	mutex_guard(&e->mu);

	e->planned = plan != NULL;
	if (plan)
		e->plan = *plan;
	e->calls = 0;
	e->struck = false;
}

uint64_t env_fault_calls(struct env *env)
{
	struct fault_env *e = fault_env_of(env);
	mutex_guard(&e->mu);

	return e->calls;
}

bool env_fault_struck(struct env *env)
{
	struct fault_env *e = fault_env_of(env);
	mutex_guard(&e->mu);

	return e->struck;
}
