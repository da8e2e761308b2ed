/*
 * Making what was written durable.
 */
#include <assert.h>
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/blob/blob_store_impl.h"

/*
 * The next file to sync, with a reference. It counts as clean before it is synced: what is appended
 * meanwhile makes it dirty again, for the next sync. NULL: none.
 */
static struct blob_file *take_dirty(struct blob_store *s)
{
	mutex_guard(&s->mu);
	struct ring_link *l = ring_take(&s->dirty);

	if (!l)
		return NULL;
	struct blob_file *f = container_of(l, struct blob_file, dirty);
	f->references++;
	f->syncing = true;
	return f;
}

static void sync_done(struct blob_store *s, struct blob_file *f)
{
	mutex_lock(&s->mu);
	f->syncing = false;
	blob_count_locked(&s->counters.syncs, 1);
	struct env_file *out = blob_take_appender_locked(f);
	blob_unref_locked(f);
	mutex_unlock(&s->mu);
	env_file_close(out);
}

/* As many as are dirty now: those that become so meanwhile stand behind them in the ring. */
static int sync_files(struct blob_store *s)
{
	struct blob_file *f;
	int rc = 0;

	mutex_lock(&s->mu);
	size_t left = s->dirty.count;
	mutex_unlock(&s->mu);

	for (; !rc && left > 0 && (f = take_dirty(s)); left--) {
		rc = env_file_sync(f->appender);
		sync_done(s, f);
	}
	return rc;
}

static int sync_names(struct blob_store *s)
{
	mutex_lock(&s->mu);
	bool wanted = s->names_dirty;
	s->names_dirty = false;
	mutex_unlock(&s->mu);

	return wanted ? env_dir_sync(s->dir) : 0;
}

static bool has_failed(struct blob_store *s)
{
	mutex_guard(&s->mu);

	return s->sync_failed;
}

static int sync_once(struct blob_store *s)
{
	if (has_failed(s))
		return fail(-EIO,
			    "blob files: an earlier sync failed, none after it can be trusted");

	int rc = sync_files(s);

	if (!rc)
		rc = sync_names(s);
	if (rc) {
		mutex_guard(&s->mu);
		s->sync_failed = true;
	}
	return rc;
}

int blob_store_sync(struct blob_store *s)
{
	/* I/O under this mutex is its purpose: who comes second must not find nothing left to sync
	 * while the first one's sync has not ended. */
	mutex_guard(&s->sync_mu);

	return sync_once(s);
}

int blob_file_resync(struct blob_file *f)
{
	struct blob_store *s = f->store;
	char name[ENV_NAME_MAX + 1];
	cleanup_file struct env_file *file = NULL;
	int rc;

	blob_file_name(f->number, name);
	do
		rc = env_dir_open(s->dir, name, ENV_REUSE, &file);
	while (blob_make_way_for(s, rc));
	if (rc)
		return rc == -ENOENT ? blob_missing(s, f->number) : rc;
	return env_file_resync(file);
}
