#include "fs/core/file_state.h"

#include <errno.h>

#include "fs/core/folder.h"
#include "fs/core/folder_links.h"

void file_state_done(struct file_state *state)
{
	lsm_record_release(&state->record);
	lsm_record_release(&state->whole);
}

/* Take over the record, if it is a file's. */
static int take_record(struct fs *fs, struct lsm_record *record, struct file_state *state)
{
	bool is_folder;
	int err = attr_is_folder_record(fs->separator, record, &is_folder);

	if (!err)
		err = is_folder ? -ENOENT : attr_of_file(&fs->defaults, record, &state->attr);
	if (err) {
		lsm_record_release(record);
		return err;
	}
	state->source = FILE_STORED;
	state->record = *record;
	return 0;
}

static bool take_held(struct fs *fs, const struct node_view *view, struct file_state *state)
{
	if (!hold_peek(fs, view->node, &state->attr, &state->creation))
		return false;
	state->source = FILE_HELD;
	return true;
}

int file_load(struct fs *fs, const struct node_view *view, struct file_state *state)
{
	struct lsm_record record;

	if (view->nameless) {
		if (!view->node->orphan)
			return -ENOENT;
		state->source = FILE_ORPHAN;
		state->attr = view->node->orphan->attr;
		return 0;
	}
	if (take_held(fs, view, state))
		return 0;

	int err = lsm_stat(fs->db, view->key->name.bytes, &fs->read, &record);

	return err ? err : take_record(fs, &record, state);
}

int file_load_part(struct fs *fs, const struct node_view *view, const struct lsm_range *range,
		   size_t *ret_len, struct file_state *state)
{
	struct lsm_record record;
	size_t len = 0;
	int err = 0;

	/* What is held is empty. */
	if (!take_held(fs, view, state)) {
		err = lsm_read(fs->db, view->key->name.bytes, &fs->read, range, &len, &record);
		if (!err)
			err = take_record(fs, &record, state);
	}
	if (!err)
		*ret_len = len;
	return err;
}

int file_load_value(struct fs *fs, const struct node_view *view, struct file_state *state)
{
	if (state->source != FILE_STORED)
		return 0;
	return lsm_get(fs->db, view->key->name.bytes, &fs->read, &state->whole);
}

void node_stat(struct fs *fs, const struct node_view *view, const struct attr *attr,
	       struct stat *ret_stat)
{
	unsigned links = 0;

	if (!view->nameless)
		links = S_ISDIR(attr->mode) ? folder_links(fs, view) : 1;
	attr_to_stat(attr, view->node->ino, links, ret_stat);
}

static int load_attr(struct fs *fs, const struct node_view *view, struct attr *ret_attr)
{
	cleanup_file_state struct file_state state = {0};

	if (view->key->name.folder)
		return folder_attr(fs, view, ret_attr);

	int err = file_load(fs, view, &state);

	*ret_attr = state.attr;
	ret_attr->xattrs = slice_of(NULL, 0); /* they go with the record */
	return err;
}

static int attr_with_stripe(struct fs *fs, struct node_view *view, struct stat *ret_stat)
{
	struct node_lock lock;
	struct attr attr;

	node_lock_view(fs, view, &lock);

	int err = load_attr(fs, &lock.view, &attr);

	if (!err)
		node_stat(fs, &lock.view, &attr, ret_stat);
	stripes_unlock(&fs->stripes, &lock.stripes);
	*view = lock.view; /* the caller's again */
	return err;
}

int node_attr(struct fs *fs, struct node_view *view, struct stat *ret_stat)
{
	/*
	 * Without the stripe first: nothing is waited for. A rename or unlink under way shows
	 * itself as a missing record or a name that is another one afterwards.
	 */
	if (!view->nameless) {
		struct attr attr;
		struct stat st;
		int err = load_attr(fs, view, &attr);

		if (!err)
			node_stat(fs, view, &attr, &st);
		if (err != -ENOENT && !nodes_refresh(&fs->nodes, view)) {
			if (!err)
				*ret_stat = st;
			return err;
		}
	}
	return attr_with_stripe(fs, view, ret_stat);
}
