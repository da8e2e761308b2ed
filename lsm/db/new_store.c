#include "lsm/db/new_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/db/folder.h"
#include "lsm/db/options.h"
#include "lsm/tree/file_name.h"

static int begin_tree(struct env *env, const struct lsm_options *options, int separator,
		      struct new_store *out)
{
	struct tree_options tree = {
		.env = env,
		.dir = out->dir,
		.max_open_tables = 1,
		.table = db_table_options(options),
		.picker = db_picker_options(options),
		.blob = db_blob_options(options),
	};
	uint64_t id = 0;
	int err = db_new_store_id(&id);

	out->begun = true;
	if (!err)
		err = cache_new(0, 1, &out->blocks);
	tree.blocks = out->blocks;
	if (tree.table.filter_separator == LSM_SEPARATOR_NOTED)
		tree.table.filter_separator = separator;
	return err ? err : tree_begin(&tree, id, &out->tree);
}

int new_store_open(struct env *env, const char *path, const struct lsm_options *options,
		   int separator, struct new_store *out)
{
	int err = db_folder_claim(env, path, options->holder, &out->dir, &out->lock);

	return err ? err : begin_tree(env, options, separator, out);
}

struct listed_names {
	char (*names)[ENV_NAME_MAX + 1]; /* owned */
	size_t count, cap;
};

static int note_name(void *arg, const char *name)
{
	struct listed_names *list = arg;

	if (file_name_parse(name).kind == FILE_UNKNOWN)
		return 0;
	char(*grown)[ENV_NAME_MAX + 1] =
		array_grow(list->names, &list->cap, list->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->names = grown;
	memcpy(list->names[list->count++], name, strlen(name) + 1);
	return 0;
}

static void unlink_name(struct new_store *out, const char *name)
{
	ignore_result(env_dir_unlink(out->dir, name)); /* nothing more can be done */
}

void new_store_discard(struct new_store *out)
{
	struct listed_names list = {0};
	char why[ERROR_TEXT_MAX];

	/* the sentence about what went wrong is not to be replaced by one about the removal */
	(void)snprintf(why, sizeof(why), "%s", fail_text());
	tree_close(out->tree);
	out->tree = NULL;
	if (out->begun) {
		unlink_name(out, "CURRENT");
		/* what a failed listing leaves out stays; without CURRENT it is no store */
		ignore_result(env_dir_list(out->dir, note_name, &list));
		for (size_t i = 0; i < list.count; i++)
			unlink_name(out, list.names[i]);
		unlink_name(out, DB_LOCK_NAME);
	}
	free(list.names);
	new_store_close(out);
	(void)fail(-ECANCELED, "%s", why); /* its code is the caller's */
}

void new_store_close(struct new_store *out)
{
	tree_close(out->tree);
	cache_free(out->blocks);
	if (out->dir)
		env_dir_unlock(out->dir, out->lock);
	env_dir_close(out->dir);
	*out = (struct new_store){0};
}
