#include "lsm/tree/obsolete.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/tree/file_name.h"
#include "lsm/tree/tree_impl.h"

void obsolete_add(struct tree *t, struct table_file *f)
{
	mutex_guard(&t->mu);

	f->next_obsolete = t->obsolete_tables;
	t->obsolete_tables = f;
}

/* True when the file is gone. */
static bool remove_file(struct tree *t, enum file_kind kind, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name_make(kind, number, name);
	int err = env_dir_unlink(t->options.dir, name);
	return err == 0 || err == -ENOENT;
}

/* True when one is gone. */
static bool purge_tables(struct tree *t, struct table_file *list)
{
	bool any = false;

	while (list) {
		struct table_file *f = list;

		list = f->next_obsolete;
		/* An open table would keep the file's blocks allocated, and a slot of the cache. */
		table_cache_erase(&t->tables, f);
		if (!remove_file(t, FILE_TABLE, f->number)) {
			obsolete_add(t, f);
			continue;
		}
		table_file_free(f);
		any = true;
	}
	return any;
}

/*
 * The next number above `after`. Numbers stay in the list until their file is gone, and the list
 * keeps its memory: an edit has reserved room there.
 */
static bool next_log(struct tree *t, uint64_t after, uint64_t *ret_number)
{
	mutex_guard(&t->mu);

	for (size_t i = 0; i < t->obsolete_logs.count; i++) {
		if (t->obsolete_logs.numbers[i] > after) {
			*ret_number = t->obsolete_logs.numbers[i];
			return true;
		}
	}
	return false;
}

static void purge_logs(struct tree *t)
{
	uint64_t number = 0;

	while (next_log(t, number, &number)) {
		if (!remove_file(t, FILE_LOG, number))
			continue;
		mutex_guard(&t->mu);
		number_list_remove(&t->obsolete_logs, number);
	}
}

int tree_take_obsolete_log(struct tree *t, uint64_t *ret_number)
{
	mutex_guard(&t->mu);

	if (t->obsolete_logs.count == 0)
		return -ENOENT;
	*ret_number = t->obsolete_logs.numbers[0];
	number_list_remove(&t->obsolete_logs, *ret_number);
	return 0;
}

bool tree_purge(struct tree *t)
{
	mutex_lock(&t->mu);
	struct table_file *tables = t->obsolete_tables;
	t->obsolete_tables = NULL;
	mutex_unlock(&t->mu);

	bool any = purge_tables(t, tables);

	purge_logs(t);
	/* last: tables have let go of theirs */
	if (!t->options.read_only && !t->keep_blobs)
		blob_store_purge(t->blobs);
	return any;
}

void obsolete_done(struct tree *t)
{
	while (t->obsolete_tables) {
		struct table_file *f = t->obsolete_tables;

		t->obsolete_tables = f->next_obsolete;
		table_file_free(f);
	}
	number_list_done(&t->obsolete_logs);
}
