/*
 * The state as a manifest begins with it, and the change from one manifest to the next.
 *
 *	log_mu:  new manifest | CURRENT.tmp | folder | CURRENT renamed | folder
 *
 * Each is synced before the next begins. The old manifest is what CURRENT names until the new one
 *is durable.
 */
#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/tree_impl.h"

static int fill_state(struct tree *t, const struct version *tables, struct version_edit *e)
{
	*e = (struct version_edit){
		.has_next_file = true,
		.next_file = atomic_load_explicit(&t->next_file, memory_order_relaxed),
		.has_flushed_seqno = true,
		.flushed_seqno = t->flushed_seqno,
		.has_durable_seqno = t->durable_seqno > t->flushed_seqno,
		.durable_seqno = t->durable_seqno,
		.has_separator = t->separator >= 0,
		.separator = (uint8_t)t->separator,
	};
	int err = snapshot_list_copy(&e->snapshots_named, &t->snapshots);

	e->has_note = t->has_note;
	if (!err && t->has_note)
		err = buf_set(&e->note, buf_slice(&t->note));

	for (size_t i = 0; !err && i < t->logs.count; i++)
		err = number_list_insert(&e->logs_added, t->logs.numbers[i]);
	if (err)
		return err;
	for (int level = 0; level < TREE_LEVELS; level++) {
		if (t->cursor.after[level].len == 0)
			continue;
		err = version_edit_set_cursor(e, level, t->cursor.after[level]);
		if (err)
			return err;
	}
	return version_edit_add_version(e, tables);
}

int tree_fill_state(struct tree *t, struct version_edit *e)
{
	return fill_state(t, t->current, e);
}

static int add_snapshots(struct version_edit *e, const struct version_edit *edit)
{
	int err = 0;

	for (size_t i = 0; i < edit->snapshots_dropped.count; i++)
		(void)snapshot_list_remove(&e->snapshots_named,
					   named_snapshot_name(&edit->snapshots_dropped.items[i]));
	for (size_t i = 0; !err && i < edit->snapshots_named.count; i++)
		err = snapshot_list_insert(&e->snapshots_named, &edit->snapshots_named.items[i]);
	return err;
}

static int add_logs(struct version_edit *e, const struct version_edit *edit)
{
	int err = 0;

	if (edit->has_logs_dropped)
		number_list_drop_below(&e->logs_added, edit->logs_dropped);
	for (size_t i = 0; !err && i < edit->logs_added.count; i++)
		err = number_list_insert(&e->logs_added, edit->logs_added.numbers[i]);
	return err;
}

/* What installing the edit would do to the state e, but for the tables. */
static int add_edit(struct version_edit *e, const struct version_edit *edit)
{
	int err = add_logs(e, edit);

	if (!err)
		err = add_snapshots(e, edit);
	if (!err && edit->has_note) {
		e->has_note = true;
		err = buf_set(&e->note, buf_slice(&edit->note));
	}
	for (int level = 0; !err && level < TREE_LEVELS; level++) {
		if (edit->has_cursor[level])
			err = version_edit_set_cursor(e, level, buf_slice(&edit->cursors[level]));
	}
	if (edit->has_flushed_seqno)
		e->flushed_seqno = edit->flushed_seqno;
	if (edit->has_durable_seqno)
		e->durable_seqno = edit->durable_seqno;
	e->has_durable_seqno = e->durable_seqno > e->flushed_seqno;
	return err;
}

static void remove_manifest(struct tree *t, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];

	file_name_make(FILE_MANIFEST, number, name);
	ignore_result(env_dir_unlink(t->options.dir, name)); /* the next open removes it */
}

/*
 * The new manifest and CURRENT.tmp, written and synced. The old manifest is in use all the while,
 * so a failure, of a full disk above all, costs nothing.
 */
static int prepare_manifest(struct tree *t, const struct version *tables,
			    const struct version_edit *edit, struct manifest_writer *ret_next)
{
	cleanup_edit struct version_edit whole = {0};
	struct manifest_writer next = {
		.edit_max = t->manifest.edit_max,
		.file_max = t->manifest.file_max,
	};
	uint64_t number = tree_new_file_number(t);
	int err = fill_state(t, tables, &whole);

	if (!err && edit)
		err = add_edit(&whole, edit);
	if (!err)
		err = manifest_create(t->options.dir, number, ENV_CREATE, t->store_id, &whole,
				      &next);
	if (err)
		return err;
	err = t->unpublished ? 0 : current_prepare(t->options.dir, number);
	if (err) {
		manifest_close(&next);
		remove_manifest(t, number);
		return err;
	}
	*ret_next = next;
	return 0;
}

/* Let CURRENT name it. But for a refusal (-ENOSPC) a failure breaks the tree: CURRENT may name
 * either manifest, and an edit to one of them could be lost. */
static int switch_manifest(struct tree *t, uint64_t number)
{
	/* so that CURRENT never names what a power cut can take */
	int err = env_dir_sync(t->options.dir);
	bool refused = false;

	if (!err && !t->unpublished) {
		err = current_switch(t->options.dir);
		refused = err == -ENOSPC;
	}
	if (refused)
		remove_manifest(t, number);
	else if (err)
		err = tree_break(t, err);
	return err;
}

static int begin_manifest(struct tree *t, const struct version *tables,
			  const struct version_edit *edit)
{
	struct manifest_writer next = {0};
	int err;

	do
		err = prepare_manifest(t, tables, edit, &next);
	while (table_cache_make_way(&t->tables, err));
	if (err)
		return err;
	err = switch_manifest(t, next.number);
	if (err) {
		manifest_close(&next);
		return err;
	}
	if (t->manifest.file)
		remove_manifest(t, t->manifest.number);
	manifest_close(&t->manifest);
	t->manifest = next;
	t->roll_bytes = next.size_bytes + max_of(next.size_bytes, t->options.manifest_roll_bytes);
	atomic_store_explicit(&t->counters.manifest_bytes, next.size_bytes, memory_order_relaxed);
	return 0;
}

int tree_begin_manifest(struct tree *t)
{
	return begin_manifest(t, t->current, NULL);
}

int tree_begin_manifest_after(struct tree *t, const struct version_edit *edit,
			      const struct version *next)
{
	return begin_manifest(t, next, edit);
}
