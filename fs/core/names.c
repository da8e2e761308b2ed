#include "fs/core/names.h"

#include <errno.h>

#include "fs/core/store.h"

int name_open(struct fs *fs, uint64_t parent, struct slice name, struct name_op *ret_op)
{
	struct name_op op = {.name = name};
	int err = nodes_pin(&fs->nodes, parent, &op.parent);

	if (err)
		return err;
	if (!op.parent.key->name.folder)
		err = -ENOTDIR;
	else if (op.parent.nameless)
		err = -ENOENT;
	else
		err = path_resolve(fs->separator, node_name_as_folder(&op.parent.key->name), name,
				   &op.place);
	if (err) {
		nodes_unpin(&fs->nodes, &op.parent);
		return err;
	}
	*ret_op = op;
	return 0;
}

bool place_as_file(const struct path_place *place, struct node_name *ret_name)
{
	if ((place->kind != PATH_PLAIN && place->kind != PATH_OWN) || place->key.len == 0)
		return false;
	*ret_name = node_name_file(buf_slice(&place->key));
	return true;
}

bool place_as_folder(const struct path_place *place, struct node_name *ret_name)
{
	if (place->kind != PATH_PLAIN && place->kind != PATH_PARTIAL)
		return false;
	*ret_name = node_name_folder(buf_slice(&place->prefix), place->partial);
	return true;
}

void name_stripes(struct fs *fs, const struct name_op *op, struct stripe_set *set)
{
	struct node_name name;

	stripe_set_add(set, stripe_of(&fs->stripes, &op->parent.key->name));
	/* File and folder of one name have one stripe. */
	if (place_as_file(&op->place, &name) || place_as_folder(&op->place, &name))
		stripe_set_add(set, stripe_of(&fs->stripes, &name));
}

int name_still(struct fs *fs, struct name_op *op)
{
	bool moved = nodes_refresh(&fs->nodes, &op->parent);

	if (op->parent.nameless)
		return -ENOENT;
	if (!moved)
		return 0;
	path_place_done(&op->place);

	int err = path_resolve(fs->separator, node_name_as_folder(&op->parent.key->name), op->name,
			       &op->place);

	if (err)
		op->place = (struct path_place){0};
	return err ? err : -EAGAIN;
}

void name_let_go(struct fs *fs, struct name_op *op)
{
	if (op->locked)
		stripes_unlock(&fs->stripes, &op->stripes);
	op->stripes = (struct stripe_set){0};
	op->locked = false;
}

int name_hold_still(struct fs *fs, struct name_op *op)
{
	for (;;) {
		name_stripes(fs, op, &op->stripes);
		stripes_lock(&fs->stripes, &op->stripes);
		op->locked = true;

		int err = name_still(fs, op);

		if (err != -EAGAIN)
			return err;
		name_let_go(fs, op); /* these were the stripes of another name */
	}
}

int name_lock(struct fs *fs, const struct fs_caller *caller, struct name_op *op)
{
	int err = store_check_writable(fs);

	if (!err)
		err = hold_log_of(fs, caller->pid, buf_slice(&op->place.key));
	return err ? err : name_hold_still(fs, op);
}

void name_close(struct fs *fs, struct name_op *op)
{
	name_let_go(fs, op);
	path_place_done(&op->place);
	nodes_unpin(&fs->nodes, &op->parent);
	*op = (struct name_op){0};
}

/* Keys that begin with a partial folder's prefix may lead elsewhere (path.h): look for one that
 * does not. */
static int partial_has_keys(struct fs *fs, const struct node_name *folder)
{
	struct lsm_read_options options = {.snapshot = fs->read.snapshot, .prefix = folder->bytes};
	struct lsm_iter *it;
	int err = lsm_iter_new(fs->db, &options, &it);

	if (err)
		return err;
	err = -ENOENT;
	for (lsm_iter_first(it); err && lsm_iter_valid(it); lsm_iter_next(it)) {
		struct path_entry entry;

		path_entry_of(fs->separator, node_name_as_folder(folder), lsm_iter_record(it)->key,
			      false, &entry);
		if (entry.kind != PATH_ELSEWHERE)
			err = 0;
	}
	if (err && lsm_iter_status(it))
		err = lsm_iter_status(it);
	lsm_iter_free(it);
	return err;
}

int folder_has_keys(struct fs *fs, const struct node_name *folder)
{
	return folder->partial ? partial_has_keys(fs, folder)
			       : lsm_prefix_exists(fs->db, folder->bytes, &fs->read);
}

static int find_folder(struct fs *fs, const struct path_place *place, struct found *ret_found)
{
	struct found found = {0};
	struct node_view view;

	if (!place_as_folder(place, &found.name))
		return -ENOENT;
	/* A folder's node that has its name is proof: it loses it when the folder is removed. */
	if (nodes_find(&fs->nodes, &found.name, &view)) {
		nodes_unpin(&fs->nodes, &view);
	} else {
		int err = folder_has_keys(fs, &found.name);

		if (err)
			return err;
	}
	*ret_found = found;
	return 0;
}

/* A held file is in the node table; the store does not know it. */
static bool find_held(struct fs *fs, struct found *found)
{
	struct node_view view;

	if (hold_is_empty(&fs->hold) || !nodes_find(&fs->nodes, &found->name, &view))
		return false;
	found->held = hold_peek(fs, view.node, &found->attr, &found->held_creation);
	found->attr.xattrs = slice_of(NULL, 0);
	nodes_unpin(&fs->nodes, &view);
	return found->held;
}

static int find_file(struct fs *fs, const struct path_place *place, struct found *ret_found)
{
	struct found found = {0};

	if (!place_as_file(place, &found.name))
		return -ENOENT;
	if (!find_held(fs, &found)) {
		struct lsm_record record;
		int err = lsm_stat(fs->db, found.name.bytes, &fs->read, &record);
		bool is_folder = false;

		if (err)
			return err;
		err = attr_is_folder_record(fs->separator, &record, &is_folder);
		if (!err)
			err = is_folder ? -ENOENT
					: attr_of_file(&fs->defaults, &record, &found.attr);
		found.attr.xattrs = slice_of(NULL, 0);
		lsm_record_release(&record);
		if (err)
			return err;
	}
	*ret_found = found;
	return 0;
}

int name_find(struct fs *fs, const struct path_place *place, struct found *ret_found)
{
	int err = find_folder(fs, place, ret_found);

	return err == -ENOENT ? find_file(fs, place, ret_found) : err;
}

/* Add a node for what was found, under the stripe, if it is still there. */
static int enter_new(struct fs *fs, struct name_op *op, struct found *found, uint64_t *ticket,
		     struct node_view *ret_view)
{
	struct stripe *stripe = stripe_of(&fs->stripes, &found->name);
	int err = 0;

	if (op->locked)
		return nodes_enter(&fs->nodes, &found->name, ret_view);

	/* Not a change, so no ticket is drawn: whoever lists the folder need not look again. */
	stripe_lock(&fs->stripes, stripe);
	uint64_t now = stripes_ticket(&fs->stripes);

	if (stripe_changed(stripe) > *ticket)
		err = name_find(fs, &op->place, found);
	if (!err)
		err = nodes_enter(&fs->nodes, &found->name, ret_view);
	stripe_unlock(stripe);
	*ticket = now;
	return err;
}

static int fill_entry(struct fs *fs, struct node_view *view, const struct found *found,
		      bool still_so, struct fs_entry *ret_entry)
{
	struct stat attr;
	int err = 0;

	if (still_so && !found->name.folder)
		node_stat(fs, view, &found->attr, &attr);
	else
		err = node_attr(fs, view, &attr);
	if (err) {
		(void)nodes_forget(&fs->nodes, view->node->id, 1); /* pinned: nothing ends here */
		return err;
	}
	ret_entry->node = view->node->id;
	ret_entry->attr = attr;
	return 0;
}

int name_enter(struct fs *fs, struct name_op *op, const struct found *found, uint64_t ticket,
	       struct fs_entry *ret_entry)
{
	struct found latest = *found;
	struct node_view view;

	if (!nodes_enter_known(&fs->nodes, &found->name, &view)) {
		int err = enter_new(fs, op, &latest, &ticket, &view);

		if (err)
			return err;
	}

	/* What was found is this node's only if nothing changed in between. */
	struct stripe *stripe = stripe_of(&fs->stripes, &latest.name);
	bool still_so = op->locked || stripe_changed(stripe) <= ticket;
	int err = fill_entry(fs, &view, &latest, still_so, ret_entry);

	nodes_unpin(&fs->nodes, &view);
	return err;
}

int name_enter_unchanged(struct fs *fs, const struct node_name *name, uint64_t ticket,
			 struct node_view *ret_view)
{
	struct stripe *stripe = stripe_of(&fs->stripes, name);
	struct node_view view;
	int err = 0;

	if (!nodes_enter_known(&fs->nodes, name, &view)) {
		stripe_lock(&fs->stripes, stripe);
		err = stripe_changed(stripe) > ticket ? -EAGAIN
						      : nodes_enter(&fs->nodes, name, &view);
		stripe_unlock(stripe);
	} else if (stripe_changed(stripe) > ticket) {
		(void)nodes_forget(&fs->nodes, view.node->id, 1); /* pinned: nothing ends here */
		nodes_unpin(&fs->nodes, &view);
		err = -EAGAIN;
	}
	if (!err)
		*ret_view = view;
	return err;
}

static int find_and_enter(struct fs *fs, struct name_op *op, struct found *ret_found,
			  struct fs_entry *ret_entry)
{
	uint64_t ticket = stripes_ticket(&fs->stripes);
	int err = name_find(fs, &op->place, ret_found);

	return err ? err : name_enter(fs, op, ret_found, ticket, ret_entry);
}

int name_look_up(struct fs *fs, struct name_op *op, struct found *ret_found,
		 struct fs_entry *ret_entry)
{
	int err = find_and_enter(fs, op, ret_found, ret_entry);
	int still = name_still(fs, op);

	if (!still)
		return err;
	/* The name was looked for where it is no more; what was entered may be another one's. */
	if (!err)
		(void)nodes_forget(&fs->nodes, ret_entry->node, 1);
	if (still != -EAGAIN)
		return still;
	err = name_hold_still(fs, op);
	if (!err)
		err = find_and_enter(fs, op, ret_found, ret_entry);
	name_let_go(fs, op);
	return err;
}

static int lookup(struct fs *fs, uint64_t parent, struct slice name, struct fs_entry *ret_entry)
{
	struct name_op op;
	struct found found;
	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = name_look_up(fs, &op, &found, ret_entry);
		name_close(fs, &op);
	}
	return err;
}

int fs_lookup(struct fs *fs, uint64_t parent, struct slice name, struct fs_entry *ret_entry)
{
	uint64_t changes;
	int err;

	do {
		changes = atomic_load(&fs->absent.changes);
		err = lookup(fs, parent, name, ret_entry);
		if (err == -ENOENT)
			absent_add(&fs->absent, parent, name);
		/* see absent.h: a change that did not find the name there has been seen here */
	} while (err == -ENOENT && atomic_load(&fs->absent.changes) != changes);
	return faults_answer(&fs->faults, err);
}

void fs_forget(struct fs *fs, uint64_t node, uint64_t lookups)
{
	struct node_view view;
	struct node_lock lock;

	if (nodes_pin(&fs->nodes, node, &view) < 0)
		return;
	if (!nodes_forget(&fs->nodes, node, lookups) || hold_is_empty(&fs->hold)) {
		nodes_unpin(&fs->nodes, &view);
		return;
	}
	node_lock_view(fs, &view, &lock);
	ignore_result(
		hold_log(fs, lock.view.node)); /* else it stays held: timer and fs_sync try again */
	node_unlock(fs, &lock);
}
