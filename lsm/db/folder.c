#include "lsm/db/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/db/reserve.h"
#include "lsm/tree/file_name.h"

struct folder_content {
	bool current;                   /* CURRENT is there: a store */
	bool records;                   /* logs, tables or blob files are there */
	char foreign[ENV_NAME_MAX + 1]; /* the name of something else, "" if none */
};

static int note_entry(void *arg, const char *name)
{
	struct folder_content *content = arg;

	switch (file_name_parse(name).kind) {
	case FILE_LOG:
	case FILE_TABLE:
	case FILE_BLOB:
		content->records = true;
		return 0;
	case FILE_MANIFEST:
	case FILE_LEFTOVER: /* what a crash leaves while a store is being made */
		return 0;
	case FILE_UNKNOWN:
		break;
	}
	if (strcmp(name, "CURRENT") == 0)
		content->current = true;
	else if (strcmp(name, DB_LOCK_NAME) != 0 && strcmp(name, DB_RESERVE_NAME) != 0 &&
		 strcmp(name, DB_SETTINGS_NAME) != 0 && !content->foreign[0])
		(void)snprintf(content->foreign, sizeof(content->foreign), "%s", name);
	return 0;
}

/* Look before anything is touched: a folder of something else must stay as it is. */
static int folder_check(struct lsm *db, const char *path, bool *ret_is_store)
{
	struct folder_content content = {0};
	int err = env_dir_list(db->dir, note_entry, &content);

	if (err)
		return err;
	if (content.current) {
		*ret_is_store = true;
		return 0;
	}
	if (content.records)
		return fail(-EUCLEAN,
			    "%s: CURRENT is missing beside the store's files (a checkpoint that "
			    "was cut short looks like this)",
			    path);
	if (content.foreign[0])
		return fail(-ENOTEMPTY, "%s: is no store and not empty (it holds %s)", path,
			    content.foreign);
	if (!db->options.create || db->options.read_only)
		return fail(-ENOENT, "%s: there is no store here", path);
	*ret_is_store = false;
	return 0;
}

int db_folder_lock(struct env_dir *dir, const char *path, const char *holder,
		   struct env_lock **ret_lock)
{
	char line[ENV_HOLDER_MAX];
	int err;

	if (holder)
		(void)snprintf(line, sizeof(line), "%s", holder);
	else
		(void)snprintf(line, sizeof(line), "pid=%ld", (long)getpid());
	err = env_dir_lock(dir, DB_LOCK_NAME, line, ret_lock);
	if (err != -EWOULDBLOCK)
		return err;
	(void)snprintf(line, sizeof(line), "%s", fail_text());
	return fail(err, "%s: the store is in use: %s", path, line);
}

int db_new_store_id(uint64_t *ret_id)
{
	uint64_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return fail(-EIO, "no random number for the new store's id");
	*ret_id = id;
	return 0;
}

int db_folder_open(struct lsm *db, const char *path)
{
	bool is_store = false;
	uint64_t id = 0;
	int err =
		env_open_dir(db->env, path, db->options.create && !db->options.read_only, &db->dir);

	if (!err)
		err = folder_check(db, path, &is_store);
	if (err || db->options.read_only)
		return err;
	err = db_folder_lock(db->dir, path, db->options.holder, &db->lock);
	/* again: another process may have made the store before this one had the lock */
	if (!err)
		err = folder_check(db, path, &is_store);
	if (err || is_store)
		return err;
	err = db_new_store_id(&id);
	return err ? err : tree_create(db->dir, id);
}

static int find_file(void *arg, const char *name)
{
	(void)arg;
	return file_name_parse(name).kind != FILE_UNKNOWN || strcmp(name, "CURRENT") == 0;
}

int db_folder_find_store(struct env_dir *dir, const char *path)
{
	int found = env_dir_list(dir, find_file, NULL);

	return found == 0 ? fail(-ENOENT, "%s: there is no store here", path) : min_of(found, 0);
}

static int find_entry(void *arg, const char *name)
{
	char *found = arg;

	if (strcmp(name, DB_LOCK_NAME) == 0)
		return 0;
	(void)snprintf(found, ENV_NAME_MAX + 1, "%s", name);
	return 1;
}

static int check_empty(struct env_dir *dir, const char *path)
{
	char name[ENV_NAME_MAX + 1];
	int found = env_dir_list(dir, find_entry, name);

	return found > 0 ? fail(-ENOTEMPTY, "%s: is not empty (it holds %s)", path, name) : found;
}

int db_folder_claim(struct env *env, const char *path, const char *holder, struct env_dir **ret_dir,
		    struct env_lock **ret_lock)
{
	struct env_dir *dir = NULL;
	struct env_lock *lock = NULL;
	int err = env_open_dir(env, path, true, &dir);

	/* first without the lock, whose file would be a change of somebody else's folder */
	if (!err)
		err = check_empty(dir, path);
	if (!err)
		err = db_folder_lock(dir, path, holder, &lock);
	if (!err)
		err = check_empty(dir, path);
	if (err) {
		if (dir)
			env_dir_unlock(dir, lock);
		env_dir_close(dir);
		return err;
	}
	*ret_dir = dir;
	*ret_lock = lock;
	return 0;
}
