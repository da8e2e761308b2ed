/*
 * A copy of the tree by hard links.
 *
 *	log_mu:   the present state as one edit, with a reference to each table
 *	no lock:  link the tables and the blob files that they name | manifest | CURRENT
 *
 * The references keep the tables on the disk while flushes and compactions go on, and the tables
 * their blob files. CURRENT comes last, when all that it leads to is durable, so that the folder is
 * a whole store or none. Tables never change once written, nor do blob files once they are
 * complete, and those that are named are completed now; each store removes only its own names of
 * them; the copy's own id makes the tables that it will write differ from those that this store
 * will.
 */
#include <errno.h>
#include <stdio.h>

#include "lsm/base/error.h"
#include "lsm/tree/blob_use.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/tree_impl.h"

struct copy {
	struct tree *tree;         /* borrowed */
	struct env_dir *to;        /* borrowed */
	struct version_edit state; /* its references keep the tables */
	struct blob_use blobs;     /* that the tables name */
	uint64_t manifest;
	size_t linked;       /* of state.added */
	size_t linked_blobs; /* of blobs */
};

static int take_state(struct copy *c)
{
	mutex_guard(&c->tree->log_mu);

	int err = tree_fill_state(c->tree, &c->state);
	/* what the logs hold beyond the flushed seqno is not in the copy, nor is what shows it */
	number_list_done(&c->state.logs_added);
	c->state.has_durable_seqno = false;
	snapshot_list_drop_above(&c->state.snapshots_named, c->state.flushed_seqno);
	c->manifest = c->state.next_file++;
	return err;
}

/* The blob files of the tables; none of them grows any more. */
static int take_blobs(struct copy *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->state.added_count; i++)
		err = blob_use_note(&c->blobs, c->state.added[i].file);
	blob_use_sum(&c->blobs);
	if (!err && c->blobs.count > 0)
		blob_store_seal(c->tree->blobs);
	return err;
}

static int link_file(struct copy *c, enum file_kind kind, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name_make(kind, number, name);
	int err = env_dir_link(c->tree->options.dir, name, c->to, name);
	if (err == -EXDEV)
		return fail(err,
			    "%s: no link to it can be made on another file system: a checkpoint "
			    "needs the store's own",
			    name);
	return err;
}

static int link_files(struct copy *c)
{
	int err = 0;

	for (; c->linked < c->state.added_count; c->linked++) {
		err = link_file(c, FILE_TABLE, c->state.added[c->linked].file->number);
		if (err)
			return err;
	}
	for (; c->linked_blobs < c->blobs.count; c->linked_blobs++) {
		err = link_file(c, FILE_BLOB, c->blobs.files[c->linked_blobs].number);
		if (err)
			return err;
	}
	return err;
}

static int write_manifest(struct copy *c, uint64_t store_id)
{
	struct manifest_writer w = {0};
	int err = manifest_create(c->to, c->manifest, ENV_CREATE, store_id, &c->state, &w);

	if (err)
		return err;
	manifest_close(&w);
	/* its name and those of the linked files */
	err = env_dir_sync(c->to);
	return err ? err : current_write(c->to, c->manifest);
}

static void remove_name(struct copy *c, enum file_kind kind, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name_make(kind, number, name);
	ignore_result(env_dir_unlink(c->to, name)); /* the caller hears of the first failure */
}

/*
 * After a failure. CURRENT goes first, durably if that can still be had: a power cut in the middle
 * of this must not leave a store that lacks tables.
 */
static int discard(struct copy *c, int code)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	if (env_dir_unlink(c->to, "CURRENT") == 0)
		ignore_result(env_dir_sync(c->to));
	remove_name(c, FILE_MANIFEST, c->manifest);
	for (size_t i = 0; i < c->linked; i++)
		remove_name(c, FILE_TABLE, c->state.added[i].file->number);
	for (size_t i = 0; i < c->linked_blobs; i++)
		remove_name(c, FILE_BLOB, c->blobs.files[i].number);
	return fail(code, "%s", why);
}

int tree_checkpoint(struct tree *t, struct env_dir *to, uint64_t store_id)
{
	struct copy c = {.tree = t, .to = to};
	int err = take_state(&c);

	if (!err)
		err = take_blobs(&c);
	if (!err) {
		err = link_files(&c);
		if (!err)
			err = write_manifest(&c, store_id);
		if (err)
			err = discard(&c, err);
	}
	blob_use_done(&c.blobs);
	version_edit_done(&c.state);
	return err;
}
