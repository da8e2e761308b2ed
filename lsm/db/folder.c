#include "lsm/db/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/tree/file_name.h"

struct folder_content {
	bool current;                   /* CURRENT is there: a store */
	bool records;                   /* logs or tables are there */
	char foreign[ENV_NAME_MAX + 1]; /* the name of something else, "" if none */
};

static int note_entry(void *arg, const char *name)
{
	struct folder_content *content = arg;

	switch (file_name_parse(name).kind) {
	case FILE_LOG:
	case FILE_TABLE:
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
	else if (strcmp(name, DB_LOCK_NAME) != 0 && !content->foreign[0])
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
		return fail(-EUCLEAN, "%s: CURRENT is missing beside the store's files", path);
	if (content.foreign[0])
		return fail(-ENOTEMPTY, "%s: is no store and not empty (it holds %s)", path,
			    content.foreign);
	if (!db->options.create || db->options.read_only)
		return fail(-ENOENT, "%s: there is no store here", path);
	*ret_is_store = false;
	return 0;
}

static int folder_lock(struct lsm *db, const char *path)
{
	char holder[ENV_HOLDER_MAX];
	int err;

	if (db->options.holder)
		(void)snprintf(holder, sizeof(holder), "%s", db->options.holder);
	else
		(void)snprintf(holder, sizeof(holder), "pid=%ld", (long)getpid());
	err = env_dir_lock(db->dir, DB_LOCK_NAME, holder, &db->lock);
	if (err != -EWOULDBLOCK)
		return err;
	(void)snprintf(holder, sizeof(holder), "%s", fail_text());
	return fail(err, "%s: the store is in use: %s", path, holder);
}

/* The id that makes this store's checksums differ from every other's. */
static int new_store_id(uint64_t *ret_id)
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
	err = folder_lock(db, path);
	/* again: another process may have made the store before this one had the lock */
	if (!err)
		err = folder_check(db, path, &is_store);
	if (err || is_store)
		return err;
	err = new_store_id(&id);
	return err ? err : tree_create(db->dir, id);
}
