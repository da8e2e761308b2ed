/*
 * The tree's blob files: which are there, and which of them its tables name.
 *
 * What is found at open is held until the logs have been replayed, as their records may name files
 * that no table does (tree_release_found_blobs). From then on the references of tables, memtables
 * and batches decide alone.
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/blob/blob_refs.h"
#include "lsm/tree/blob_use.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/tree_impl.h"

static uint64_t next_number(void *arg)
{
	return tree_new_file_number(arg);
}

static bool close_tables(void *arg)
{
	struct tree *t = arg;

	return table_cache_make_way(&t->tables, -EMFILE);
}

int tree_begin_blobs(struct tree *t)
{
	struct blob_options options = t->options.blob;
	const struct blob_owner owner = {
		.next_number = next_number, .make_way = close_tables, .arg = t};

	options.beside_writer = t->options.read_only;
	int err = blob_store_new(t->options.dir, &options, owner, &t->blobs);
	if (!err)
		t->tables.blobs = t->blobs;
	return err;
}

void tree_end_blobs(struct tree *t)
{
	tree_release_found_blobs(t);
	blob_store_free(t->blobs);
	t->blobs = NULL;
}

struct blob_store *tree_blobs(struct tree *t)
{
	return t->blobs;
}

void tree_keep_blobs(struct tree *t)
{
	t->keep_blobs = true;
}

int tree_add_found_blob(struct tree *t, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t bytes = 0;

	blob_file_name(number, name);
	int err = env_dir_file_size(t->options.dir, name, &bytes);
	/* A writer beside this reader has removed it since the folder was listed; or it is none of
	 * ours, as no store counts to there. */
	if ((err == -ENOENT && t->options.read_only) || number > BLOB_NUMBER_MAX)
		return 0;
	if (err)
		return err;
	struct blob_file **grown = array_grow(t->found_blobs, &t->found_cap, t->found_count + 1,
					      sizeof(struct blob_file *));
	if (!grown)
		return -ENOMEM;
	t->found_blobs = grown;
	err = blob_store_add(t->blobs, number, bytes, &t->found_blobs[t->found_count]);
	if (!err)
		t->found_count++;
	return err;
}

void tree_release_found_blobs(struct tree *t)
{
	for (size_t i = 0; i < t->found_count; i++)
		blob_file_unref(t->found_blobs[i]);
	free(t->found_blobs);
	t->found_blobs = NULL;
	t->found_count = t->found_cap = 0;
}

int tree_resolve_blobs(struct tree *t)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		const struct version_level *l = &t->current->levels[level];

		for (size_t i = 0; i < l->count; i++) {
			int err = blob_refs_resolve(&l->files[i]->blobs, t->blobs);

			if (err)
				return err;
		}
	}
	return 0;
}

int tree_list_leaving_blobs(struct tree *t, const struct version *v, struct number_list *leaving)
{
	cleanup_blob_use struct blob_use use = {0};
	const unsigned gc_pct = tree_tuning(t).blob_gc_pct;
	int err = gc_pct > 0 ? blob_use_note_version(&use, v) : 0;

	if (!err)
		err = blob_use_leaving(&use, gc_pct, leaving);
	if (err || leaving->count == 0)
		return err;
	mutex_guard(&t->mu);

	for (size_t i = 0; i < t->stuck_blobs.count; i++)
		number_list_remove(leaving, t->stuck_blobs.numbers[i]);
	return 0;
}

int tree_note_stuck_blob(struct tree *t, uint64_t number)
{
	mutex_guard(&t->mu);

	int err = number_list_insert(&t->stuck_blobs, number);

	return err == -EEXIST ? 0 : err;
}
