/*
 * The rename of a folder with all that lies below it, and exchanges: one batch, while nothing else
 * changes. Other names are looked up meanwhile, and whoever asks for one of those that move waits.
 *
 *	1  log what is held below, collect the nodes that move, with their new names
 *	2  batch: all old records deleted, then all of them put under their new keys
 *	3  mark the nodes as leaving: what is read by their old names counts no more
 *	4  write the batch; then all nodes get their new names at one moment
 */
#include <errno.h>
#include <stdio.h>

#include "fs/core/remove.h"
#include "fs/core/rename.h"
#include "fs/core/store.h"

/* What moves from one name to another. */
struct part {
	struct node_name from;
	struct node_name to;
	struct slice own_from;          /* a folder's own value, len 0: it has none */
	const struct node_view *parent; /* of from */
};

/* Two for an exchange. */
struct plan {
	struct fs *fs;
	struct part parts[2];
	unsigned part_count;
	struct node_moves nodes;
	struct lsm_batch *batch;
	uint64_t keys; /* so far */
};

/* ---- what moves where ---- */

/* The name of `what`, a file or a folder, at this place. -EXDEV: within a long name. */
static int name_at(const struct path_place *place, const struct node_name *what,
		   struct node_name *ret_name)
{
	bool can = what->folder ? place_as_folder(place, ret_name) : place_as_file(place, ret_name);

	if (!can)
		return -EPERM;
	return what->partial || ret_name->partial ? -EXDEV : 0;
}

static int add_part(struct plan *plan, const struct node_name *from, const struct node_name *to,
		    const struct node_view *parent)
{
	struct part *part = &plan->parts[plan->part_count++];

	*part = (struct part){.from = *from, .to = *to, .parent = parent};
	if (from->folder && slice_starts_with(to->bytes, from->bytes))
		return -EINVAL; /* into itself */
	return nodes_add_moves(&plan->fs->nodes, from, to, &plan->nodes);
}

static int check_replaced(struct fs *fs, const struct move *m, unsigned flags)
{
	if (!m->replaces)
		return 0;
	if (flags & RENAME_NOREPLACE)
		return -EEXIST;
	return m->replaced.name.folder ? folder_check_empty(fs, &m->replaced.name) : -ENOTDIR;
}

static bool is_same(const struct move *m)
{
	return m->replaces && node_name_eq(&m->source.name, &m->replaced.name);
}

static int plan_rename(struct plan *plan, struct move *m, unsigned flags)
{
	if (!m->source.name.folder)
		return -EBUSY;

	int err = name_at(&m->to.place, &m->source.name, &m->target);

	if (!err)
		err = add_part(plan, &m->source.name, &m->target, &m->from.parent);
	return err ? err : check_replaced(plan->fs, m, flags);
}

static int plan_exchange(struct plan *plan, struct move *m)
{
	struct node_name back;

	if (!m->replaces)
		return -ENOENT;

	int err = name_at(&m->to.place, &m->source.name, &m->target);

	if (!err)
		err = name_at(&m->from.place, &m->replaced.name, &back);
	if (!err)
		err = add_part(plan, &m->source.name, &m->target, &m->from.parent);
	return err ? err : add_part(plan, &m->replaced.name, &back, &m->to.parent);
}

/* Log what the moving files hold: their records are about to be copied. */
static int log_held(struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->nodes.count; i++)
		err = hold_log(plan->fs, plan->nodes.items[i].view.node);
	for (unsigned i = 0; !err && i < plan->part_count; i++) {
		struct part *part = &plan->parts[i];

		if (part->from.folder)
			err = folder_own_value(plan->fs, part->from.bytes, &part->own_from);
	}
	return err;
}

/* Whether the record of this key is one of those that move, as a file's. */
static bool moves_as_file(const struct plan *plan, struct slice key)
{
	for (unsigned i = 0; i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];

		if (slice_eq(key, part->own_from) ||
		    (!part->from.folder && slice_eq(key, part->from.bytes)))
			return true;
	}
	return false;
}

/* A file that comes in may have the key of the record of the folder around it. */
static int check_records(const struct plan *plan)
{
	int err = 0;

	for (unsigned i = 0; !err && i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];
		struct slice key = part->to.bytes;

		if (part->from.folder && part->own_from.len == 0)
			continue;
		key.len -= part->from.folder;
		if (key.len == 0)
			err = -EPERM; /* "%" at the root */
		else if (!moves_as_file(plan, key))
			err = folder_record_gives_way(plan->fs, key);
	}
	return err;
}

/* ---- the batch ---- */

/* A record of the part, where the iterator stands, and its key from now on. */
typedef int record_fn(struct plan *plan, struct lsm_iter *it, struct slice new_key);

static int delete_record(struct plan *plan, struct lsm_iter *it, struct slice new_key)
{
	(void)new_key;
	if (++plan->keys > plan->fs->rename_max_keys)
		return -EXDEV;
	return lsm_batch_delete(plan->batch, lsm_iter_record(it)->key);
}

/* Whether that is the new key of a record below what is renamed. */
static bool is_below(const struct plan *plan, struct slice new_key)
{
	for (unsigned i = 0; i < plan->part_count; i++) {
		if (slice_eq(new_key, plan->parts[i].to.bytes))
			return false;
	}
	return true;
}

static int copy_record(struct plan *plan, struct lsm_iter *it, struct slice new_key)
{
	struct meta_bytes meta;

	if (new_key.len > LSM_KEY_MAX)
		return -ENAMETOOLONG;

	int err =
		moved_meta(plan->fs, lsm_iter_record(it), new_key, is_below(plan, new_key), &meta);

	return err ? err : lsm_batch_copy_shown(plan->batch, it, new_key, meta_slice(&meta));
}

/* Every record whose key begins with from, or only the one that has this key. */
static int each_record(struct plan *plan, struct slice from, struct slice to, bool only,
		       record_fn *fn)
{
	struct lsm_read_options options = {.prefix = from};
	cleanup_buf struct buf key = {0};
	struct lsm_iter *it;
	int err = lsm_iter_new(plan->fs->db, &options, &it);

	if (err)
		return err;
	lsm_iter_first(it);
	while (!err && lsm_iter_valid(it)) {
		struct slice old = lsm_iter_record(it)->key;

		if (only && old.len > from.len)
			break;
		err = buf_set(&key, to);
		if (!err)
			err = buf_append_slice(&key, slice_skip(old, from.len));
		if (!err)
			err = fn(plan, it, buf_slice(&key));
		lsm_iter_next(it);
	}
	if (!err)
		err = lsm_iter_status(it);
	lsm_iter_free(it);
	return err;
}

static int each_record_of(struct plan *plan, const struct part *part, record_fn *fn)
{
	int err = each_record(plan, part->from.bytes, part->to.bytes, !part->from.folder, fn);

	if (!err && part->own_from.len > 0)
		err = each_record(plan, part->own_from,
				  slice_of(part->to.bytes.ptr, part->to.bytes.len - 1), true, fn);
	return err;
}

/* The folder that the part leaves stays, unless what comes in below it keeps it. */
static int keep_parent(struct plan *plan, const struct part *part)
{
	struct slice anchor = folder_anchor(plan->fs->separator, &part->parent->key->name);
	struct going going = {.file = part->own_from};

	if (part->from.folder)
		going.prefix = part->from.bytes;
	else
		going.file = part->from.bytes;
	return slice_starts_with(part->to.bytes, anchor)
		       ? 0
		       : folder_keep(plan->fs, part->parent, &going, plan->batch);
}

static int fill_batch(struct plan *plan, const struct move *m)
{
	int err = 0;

	/* of an exchange, both sides go before either comes */
	for (unsigned i = 0; !err && i < plan->part_count; i++)
		err = each_record_of(plan, &plan->parts[i], delete_record);
	/* the record of an empty folder that is replaced */
	if (!err && plan->part_count == 1 && m->replaces)
		err = lsm_batch_delete(plan->batch, m->target.bytes);
	for (unsigned i = 0; !err && i < plan->part_count; i++)
		err = each_record_of(plan, &plan->parts[i], copy_record);
	/* of an exchange something comes in where the part leaves */
	if (!err && plan->part_count == 1)
		err = keep_parent(plan, &plan->parts[0]);
	return err;
}

/* ---- the change ---- */

static void rename_nodes(struct plan *plan, const struct move *m, int64_t time_ns)
{
	struct fs *fs = plan->fs;
	struct node_view view;

	if (plan->part_count == 1 && m->replaces &&
	    nodes_find(&fs->nodes, &m->replaced.name, &view)) {
		nodes_unname(&fs->nodes, view.node, NULL);
		nodes_unpin(&fs->nodes, &view);
	}
	stripes_note_all(&fs->stripes);
	nodes_move(&fs->nodes, &plan->nodes);
	folder_touch(fs, &m->from.parent, time_ns);
	folder_touch(fs, &m->to.parent, time_ns);
}

/* Commit, telling both folders how many subfolders they have from now on. */
static int commit(struct plan *plan, const struct move *m, int64_t *ret_time_ns)
{
	struct node_table *nodes = &plan->fs->nodes;
	int source = m->source.name.folder;
	int replaced = m->replaces && m->replaced.name.folder;
	int back = plan->part_count == 2 ? replaced : 0;

	nodes_subfolders_begin(nodes, m->from.parent.node);
	nodes_subfolders_begin(nodes, m->to.parent.node);

	int err = store_commit(plan->fs, plan->batch, STORE_TAKES, ret_time_ns);

	nodes_subfolders_end(nodes, m->from.parent.node, err ? 0 : back - source);
	nodes_subfolders_end(nodes, m->to.parent.node, err ? 0 : source - replaced);
	return err;
}

static int carry_out(struct plan *plan, const struct move *m)
{
	struct fs *fs = plan->fs;
	int64_t time_ns;
	int err = log_held(plan);

	if (!err)
		err = check_records(plan);
	if (!err)
		err = fill_batch(plan, m);
	if (!err) {
		nodes_set_moving(&fs->nodes, &plan->nodes, true);
		err = commit(plan, m, &time_ns);
		if (err)
			nodes_set_moving(&fs->nodes, &plan->nodes, false);
		else
			rename_nodes(plan, m, time_ns);
	}
	/* more than a batch, or a record of the log, takes: file by file it can be moved */
	return err == -E2BIG ? -EXDEV : err;
}

/* -EAGAIN is no error here: the place has been resolved anew, and now stands still. */
static int settle_place(struct fs *fs, struct name_op *op)
{
	int err = name_still(fs, op);

	return err == -EAGAIN ? 0 : err;
}

/* What is at both places. */
static int find_both(struct fs *fs, struct move *m)
{
	int err = settle_place(fs, &m->from);

	if (!err)
		err = settle_place(fs, &m->to);
	if (!err)
		err = name_find(fs, &m->from.place, &m->source);
	if (err)
		return err;
	err = name_find(fs, &m->to.place, &m->replaced);
	m->replaces = !err;
	return err == -ENOENT ? 0 : err;
}

int rename_tree(struct fs *fs, struct move *m, unsigned flags)
{
	struct plan plan = {.fs = fs, .batch = lsm_batch_new()};
	int err = plan.batch ? 0 : -ENOMEM;

	stripes_lock_all(&fs->stripes);
	if (!err)
		err = find_both(fs, m);
	if (!err && is_same(m)) {
		err = flags & RENAME_NOREPLACE ? -EEXIST : 0;
	} else if (!err) {
		err = flags & RENAME_EXCHANGE ? plan_exchange(&plan, m)
					      : plan_rename(&plan, m, flags);
		if (!err)
			err = carry_out(&plan, m);
	}
	stripes_unlock_all(&fs->stripes);
	node_moves_done(&fs->nodes, &plan.nodes);
	lsm_batch_free(plan.batch);
	return err;
}
