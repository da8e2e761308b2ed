/*
 * fs_rename: of files, one batch.
 */
#include "fs/core/rename.h"

#include <errno.h>
#include <stdio.h>

#include "fs/core/remove.h"
#include "fs/core/store.h"

/* The stripes of both, in from.stripes. */
static int lock_both(struct fs *fs, struct move *m)
{
	for (;;) {
		name_stripes(fs, &m->from, &m->from.stripes);
		name_stripes(fs, &m->to, &m->from.stripes);
		stripes_lock(&fs->stripes, &m->from.stripes);
		m->from.locked = true;

		int from_err = name_still(fs, &m->from);
		int to_err = name_still(fs, &m->to);

		if (from_err && from_err != -EAGAIN)
			return from_err;
		if (to_err != -EAGAIN && (to_err || !from_err))
			return to_err;
		name_let_go(fs, &m->from); /* these were the stripes of other names */
	}
}

/* Log what a file holds. The stripe is held. */
static int settle(struct fs *fs, const struct node_name *name)
{
	struct node_view view;

	if (hold_is_empty(&fs->hold) || !nodes_find(&fs->nodes, name, &view))
		return 0;

	int err = hold_log(fs, view.node);

	nodes_unpin(&fs->nodes, &view);
	return err;
}

static int find_source(struct fs *fs, struct move *m)
{
	int err = name_find(fs, &m->from.place, &m->source);

	if (err || m->source.name.folder)
		return err;
	return settle(fs, &m->source.name);
}

static int find_target(struct fs *fs, struct move *m, unsigned flags)
{
	int err = name_find(fs, &m->to.place, &m->replaced);

	m->replaces = !err;
	if (err && err != -ENOENT)
		return err;
	if (m->replaces && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (m->replaces && m->replaced.name.folder)
		return -EISDIR;
	err = 0;
	if (!place_as_file(&m->to.place, &m->target))
		return -EPERM;
	if (m->replaces)
		err = settle(fs, &m->target);
	if (err || m->replaces)
		return err;
	return folder_record_gives_way(fs, m->target.bytes);
}

int moved_meta(struct fs *fs, const struct lsm_record *record, struct slice new_key, bool below,
	       struct meta_bytes *ret_meta)
{
	struct attr attr;
	bool is_folder;
	int err = attr_is_folder_record(fs->separator, record, &is_folder);

	if (!err)
		err = is_folder ? attr_of_folder(&fs->defaults, record, &attr)
				: attr_of_file(&fs->defaults, record, &attr);
	if (err)
		return err;
	attr_keep_times(&attr);
	attr.ctime_stored = below;
	attr_pack(&fs->defaults, fs->separator, new_key, &attr, ret_meta);
	return 0;
}

static int source_meta(struct fs *fs, const struct move *m, struct meta_bytes *ret_meta)
{
	struct lsm_record record;
	int err = lsm_stat(fs->db, m->source.name.bytes, &fs->read, &record);

	if (err)
		return err;
	err = moved_meta(fs, &record, m->target.bytes, false, ret_meta);
	lsm_record_release(&record); /* the xattrs lie in it */
	return err;
}

/* The record under its new key, and the old one gone. A large value stays where it is. */
static int fill_batch(struct fs *fs, struct move *m, struct lsm_batch *batch)
{
	struct slice from = m->source.name.bytes;
	struct slice anchor = folder_anchor(fs->separator, &m->from.parent.key->name);
	struct meta_bytes meta;
	int err = source_meta(fs, m, &meta);

	if (!err)
		err = lsm_batch_copy(batch, fs->db, from, m->target.bytes, meta_slice(&meta));
	if (!err)
		err = lsm_batch_delete(batch, from);
	/* What comes in below the folder keeps it as well. */
	if (!err && !slice_starts_with(m->target.bytes, anchor))
		err = folder_keep(fs, &m->from.parent, &(struct going){.file = from}, batch);
	return err;
}

/* Tell the nodes of the two names. */
static void move_nodes(struct fs *fs, struct move *m, struct node_key *new_key,
		       struct removal *removal, int64_t time_ns)
{
	struct node_view view;

	removal_commit(fs, removal, time_ns);
	/* A node whose record was not there: it has lost it to somebody beside the file system. */
	if (nodes_find(&fs->nodes, &m->target, &view)) {
		nodes_unname(&fs->nodes, view.node, NULL);
		nodes_unpin(&fs->nodes, &view);
	}
	if (nodes_find(&fs->nodes, &m->source.name, &view)) {
		nodes_rename(&fs->nodes, view.node, node_key_ref(new_key));
		nodes_unpin(&fs->nodes, &view);
	}
	folder_touch(fs, &m->from.parent, time_ns);
	folder_touch(fs, &m->to.parent, time_ns);
}

static int move_file(struct fs *fs, struct move *m)
{
	cleanup_batch struct lsm_batch *batch = lsm_batch_new();
	struct node_key *new_key = node_key_new(&m->target);
	struct removal removal = {0};
	int64_t time_ns;
	int err = batch && new_key ? 0 : -ENOMEM;

	if (!err && m->replaces)
		err = removal_prepare(fs, &m->replaced, &removal);
	if (!err)
		err = fill_batch(fs, m, batch);
	if (!err)
		err = store_commit(fs, batch, STORE_TAKES, &time_ns);
	if (!err)
		move_nodes(fs, m, new_key, &removal, time_ns);
	removal_done(fs, &removal);
	node_key_unref(new_key);
	return err;
}

/* The stripes are held. Of a folder: nothing is done. */
static int rename_file(struct fs *fs, struct move *m, unsigned flags)
{
	int err = find_source(fs, m);

	if (err || m->source.name.folder)
		return err;
	err = find_target(fs, m, flags);
	if (err)
		return err;
	/* Two names of one file: rename(2) then does nothing. */
	if (slice_eq(m->source.name.bytes, m->target.bytes))
		return 0;
	return move_file(fs, m);
}

static int rename_opened(struct fs *fs, const struct fs_caller *caller, struct move *m,
			 unsigned flags)
{
	/* No exception: what is moved and what is replaced is logged first as well. */
	int err = hold_log_of(fs, caller->pid, slice_of(NULL, 0));

	if (err || (flags & RENAME_EXCHANGE))
		return err ? err : rename_tree(fs, m, flags);
	err = lock_both(fs, m);
	if (!err)
		err = rename_file(fs, m, flags);
	name_let_go(fs, &m->from);
	return err || !m->source.name.folder ? err : rename_tree(fs, m, flags);
}

static int rename_name(struct fs *fs, const struct fs_caller *caller,
		       const struct fs_rename *rename)
{
	struct move m = {0};
	unsigned flags = rename->flags;

	if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	int err = store_check_writable(fs);

	if (!err)
		err = name_open(fs, rename->parent, rename->name, &m.from);
	if (err)
		return err;
	err = name_open(fs, rename->new_parent, rename->new_name, &m.to);
	if (!err) {
		err = rename_opened(fs, caller, &m, flags);
		name_close(fs, &m.from);
		name_close(fs, &m.to);
	} else {
		name_close(fs, &m.from);
	}
	return err;
}

int fs_rename(struct fs *fs, const struct fs_caller *caller, const struct fs_rename *rename)
{
	return faults_answer(&fs->faults, rename_name(fs, caller, rename));
}
