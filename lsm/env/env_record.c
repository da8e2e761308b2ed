#include "lsm/env/env_record.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/env/env_record_impl.h"

struct record_dir {
	struct env_dir dir;
	/* immutable */
	struct record_env *owner; /* borrowed */
	struct env_dir *inner;    /* owned */
	uint32_t folder;          /* see env_call.folder */
};

static struct record_env *record_env_of(struct env *e)
{
	return container_of(e, struct record_env, env);
}

static struct record_dir *record_dir_of(struct env_dir *d)
{
	return container_of(d, struct record_dir, dir);
}

static int begin(struct record_dir *d, struct record_pending *p, enum env_call_kind kind,
		 const char *name, const char *to)
{
	int rc = record_log_begin(&d->owner->log, p, kind, name, to);

	if (!rc)
		p->call.folder = d->folder;
	return rc;
}

static int end(struct record_dir *d, struct record_pending *p, int rc)
{
	return record_log_end(&d->owner->log, p, rc);
}

static int record_open(struct env_dir *dir, const char *name, enum env_open_mode mode,
		       struct env_file **ret_file)
{
	struct record_dir *d = record_dir_of(dir);
	struct record_file *f = record_file_new(d->owner, d->folder, name);
	struct env_file *inner = NULL;
	struct record_pending p;
	int rc;

	if (!f)
		return -ENOMEM;
	rc = begin(d, &p, ENV_CALL_CREATE, name, NULL);
	if (!rc) {
		/* these change nothing */
		p.dropped = env_plain_mode(mode) == ENV_READ || mode == ENV_REUSE;
		rc = end(d, &p, env_dir_open(d->inner, name, mode, &inner));
	}
	if (rc) {
		record_file_discard(f);
		return rc;
	}
	*ret_file = record_file_attach(f, inner);
	return 0;
}

static int record_sync_dir(struct env_dir *dir)
{
	struct record_dir *d = record_dir_of(dir);
	struct record_pending p;
	int rc = begin(d, &p, ENV_CALL_SYNC_DIR, NULL, NULL);

	return rc ? rc : end(d, &p, env_dir_sync(d->inner));
}

static int record_rename(struct env_dir *dir, const char *from, const char *to)
{
	struct record_dir *d = record_dir_of(dir);
	struct record_pending p;
	int rc = begin(d, &p, ENV_CALL_RENAME, from, to);

	if (rc)
		return rc;
	rc = end(d, &p, env_dir_rename(d->inner, from, to));
	if (!rc && strcmp(from, to) != 0)
		record_files_renamed(d->owner, d->folder, from, to);
	return rc;
}

static int record_unlink(struct env_dir *dir, const char *name)
{
	struct record_dir *d = record_dir_of(dir);
	struct record_pending p;
	int rc = begin(d, &p, ENV_CALL_UNLINK, name, NULL);

	if (rc)
		return rc;
	rc = end(d, &p, env_dir_unlink(d->inner, name));
	if (!rc)
		record_files_renamed(d->owner, d->folder, name, NULL);
	return rc;
}

static int record_link(struct env_dir *dir, const char *name, struct env_dir *to_dir,
		       const char *to)
{
	struct record_dir *d = record_dir_of(dir);
	struct record_dir *other = record_dir_of(to_dir);
	struct record_pending p;
	int rc = begin(d, &p, ENV_CALL_LINK, name, to);

	if (rc)
		return rc;
	p.call.to_folder = other->folder;
	return end(d, &p, env_dir_link(d->inner, name, other->inner, to));
}

static int record_list(struct env_dir *dir, int (*visit)(void *arg, const char *name), void *arg)
{
	return env_dir_list(record_dir_of(dir)->inner, visit, arg);
}

static int record_file_size(struct env_dir *dir, const char *name, uint64_t *ret_size)
{
	return env_dir_file_size(record_dir_of(dir)->inner, name, ret_size);
}

static int record_holds_path(struct env_dir *dir, const char *path, bool *ret_holds)
{
	return env_dir_holds_path(record_dir_of(dir)->inner, path, ret_holds);
}

static int record_lock(struct env_dir *dir, const char *name, const char *holder,
		       struct env_lock **ret_lock)
{
	return env_dir_lock(record_dir_of(dir)->inner, name, holder, ret_lock);
}

static void record_unlock(struct env_dir *dir, struct env_lock *lock)
{
	env_dir_unlock(record_dir_of(dir)->inner, lock);
}

static int record_space(struct env_dir *dir, struct env_space *ret_space)
{
	return env_dir_space(record_dir_of(dir)->inner, ret_space);
}

static void record_dir_close(struct env_dir *dir)
{
	struct record_dir *d = record_dir_of(dir);

	env_dir_close(d->inner);
	free(d);
}

static const struct env_dir_ops record_dir_ops = {
	.open = record_open,
	.sync = record_sync_dir,
	.rename = record_rename,
	.unlink = record_unlink,
	.link = record_link,
	.list = record_list,
	.file_size = record_file_size,
	.holds_path = record_holds_path,
	.lock = record_lock,
	.unlock = record_unlock,
	.space = record_space,
	.close = record_dir_close,
};

static int folder_number(struct record_env *e, const char *path, uint32_t *ret_folder)
{
	mutex_guard(&e->mu);
	struct record_path *p = e->paths;

	while (p && strcmp(p->text, path) != 0)
		p = p->next;
	if (!p) {
		size_t size = strlen(path) + 1;

		p = (struct record_path *)malloc(sizeof(*p) + size);
		if (!p)
			return -ENOMEM;
		memcpy(p->text, path, size);
		p->next = e->paths;
		p->folder = e->paths ? e->paths->folder + 1 : 0;
		e->paths = p;
	}
	*ret_folder = p->folder;
	return 0;
}

static int record_open_dir(struct env *env, const char *path, bool create, struct env_dir **ret_dir)
{
	struct record_env *e = record_env_of(env);
	cleanup_free struct record_dir *d = (struct record_dir *)calloc(1, sizeof(*d));
	struct env_dir *inner = NULL;
	int rc = d ? env_open_dir(e->inner, path, create, &inner) : -ENOMEM;

	if (!rc)
		rc = folder_number(e, path, &d->folder);
	if (rc) {
		env_dir_close(inner);
		return rc;
	}
	d->dir = (struct env_dir){.ops = &record_dir_ops, .env = env};
	d->owner = e;
	d->inner = inner;
	*ret_dir = &move_ptr(&d)->dir;
	return 0;
}

static uint64_t record_real_ns(struct env *env)
{
	return env_real_ns(record_env_of(env)->inner);
}

static uint64_t record_mono_ns(struct env *env)
{
	return env_mono_ns(record_env_of(env)->inner);
}

static void record_free(struct env *env)
{
	struct record_env *e = record_env_of(env);

	while (e->paths) {
		struct record_path *p = e->paths;

		e->paths = p->next;
		free(p);
	}
	record_log_done(&e->log);
	mutex_done(&e->mu);
	free(e);
}

static const struct env_ops record_ops = {
	.open_dir = record_open_dir,
	.real_ns = record_real_ns,
	.mono_ns = record_mono_ns,
	.free = record_free,
};

struct env *env_record_new(struct env *inner)
{
	struct record_env *e = (struct record_env *)calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->env.ops = &record_ops;
	e->inner = inner;
	record_log_init(&e->log);
	mutex_init(&e->mu, RANK_ENV);
	return &e->env;
}

const struct env_call *env_record_calls(struct env *env, size_t *ret_count)
{
	struct record_log *log = &record_env_of(env)->log;
	mutex_guard(&log->mu);

	*ret_count = log->count;
	return log->calls;
}

int env_record_mark(struct env *env, uint64_t number)
{
	struct record_log *log = &record_env_of(env)->log;
	struct record_pending p;
	int rc = record_log_begin(log, &p, ENV_CALL_MARK, NULL, NULL);

	if (rc)
		return rc;
	p.call.offset = number;
	return record_log_end(log, &p, 0);
}
