#include "fs/core/folder.h"

#include <errno.h>

#include "fs/core/store.h"
#include "lsm/base/clock.h"

bool folder_can_have_record(const struct node_name *name)
{
	return name->bytes.len > 0 && !name->partial;
}

/* The record under the folder's prefix, and what it says; -ENOENT: there is none, or it is a file's
 * ("%"). */
static int load_record(struct fs *fs, struct slice prefix, struct attr *ret_attr,
		       struct lsm_record *ret_record)
{
	struct lsm_record record;
	int err = lsm_stat(fs->db, prefix, &fs->read, &record);

	if (err)
		return err;

	bool is_folder;

	err = attr_is_folder_record(fs->separator, &record, &is_folder);
	if (!err)
		err = is_folder ? attr_of_folder(&fs->defaults, &record, ret_attr) : -ENOENT;
	if (err)
		lsm_record_release(&record);
	else
		*ret_record = record;
	return err;
}

static int has_record(struct fs *fs, struct slice prefix)
{
	struct lsm_record record;
	struct attr ignored;
	int err = load_record(fs, prefix, &ignored, &record);

	if (!err)
		lsm_record_release(&record);
	return err;
}

void folder_attr_add_touched(struct fs *fs, struct node *node, struct attr *attr)
{
	int64_t touched_ns = nodes_touched(&fs->nodes, node);

	if (!touched_ns)
		return;
	attr->mtime_ns = touched_ns;
	attr->ctime_ns = max_of(attr->ctime_ns, touched_ns);
	if (!attr->atime_stored)
		attr->atime_ns = touched_ns;
}

int folder_load(struct fs *fs, const struct node_view *view, struct attr *ret_attr,
		struct lsm_record *ret_record)
{
	const struct node_name *name = &view->key->name;
	int err = -ENOENT;

	if (folder_can_have_record(name) && !view->nameless)
		err = load_record(fs, name->bytes, ret_attr, ret_record);
	if (err == -ENOENT) {
		attr_of_implied_folder(&fs->defaults, ret_attr);
		*ret_record = (struct lsm_record){0};
		err = 0;
	}
	if (!err)
		folder_attr_add_touched(fs, view->node, ret_attr);
	return err;
}

int folder_attr(struct fs *fs, const struct node_view *view, struct attr *ret_attr)
{
	struct lsm_record record;
	int err = folder_load(fs, view, ret_attr, &record);

	if (!err) {
		ret_attr->xattrs = slice_of(NULL, 0);
		lsm_record_release(&record);
	}
	return err;
}

int folder_record_gives_way(struct fs *fs, struct slice key)
{
	struct lsm_record record;

	if (key.ptr[key.len - 1] != fs->separator)
		return 0;

	int err = lsm_stat(fs->db, key, &fs->read, &record);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = record.meta.len > 0 ? -EPERM : 0;
	lsm_record_release(&record);
	return err;
}

int folder_own_value(struct fs *fs, struct slice prefix, struct slice *ret_key)
{
	struct slice key = slice_of(prefix.ptr, prefix.len - 1);
	struct lsm_record record;
	bool is_folder;

	*ret_key = slice_of(NULL, 0);
	if (key.len == 0)
		return 0;

	int err = lsm_stat(fs->db, key, &fs->read, &record);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = attr_is_folder_record(fs->separator, &record, &is_folder);
	lsm_record_release(&record);
	if (!err && !is_folder)
		*ret_key = key;
	return err;
}

void folder_touch(struct fs *fs, const struct node_view *folder, int64_t time_ns)
{
	nodes_touch(&fs->nodes, folder->node, time_ns);
}

static bool key_goes(struct slice key, const struct going *going)
{
	return slice_eq(key, going->file) ||
	       (going->prefix.len > 0 && slice_starts_with(key, going->prefix));
}

/* Whether `key`, seen below the anchor before, still shows that `going` is not all there is. */
static bool still_shows_others(struct fs *fs, struct slice key, struct slice anchor,
			       const struct going *going)
{
	struct lsm_record record;

	if (!slice_starts_with(key, anchor) || key_goes(key, going) || key.len == 0)
		return false;
	if (lsm_stat(fs->db, key, &fs->read, &record) < 0)
		return false; /* an error shows itself again in the search */
	lsm_record_release(&record);
	return true;
}

/* Leave in *ret_key a key that stays, where the iterator stands; -ENOENT: it stands nowhere or on
 * one that goes. */
static int other_key_here(struct lsm_iter *it, const struct going *going, struct buf *ret_key)
{
	if (!lsm_iter_valid(it)) {
		int err = lsm_iter_status(it);

		return err ? err : -ENOENT;
	}

	struct slice key = lsm_iter_record(it)->key;

	return key_goes(key, going) ? -ENOENT : buf_set(ret_key, key);
}

/* Behind all that goes; false: no key can stand there. */
static bool seek_behind(struct lsm_iter *it, const struct going *going, struct buf *end)
{
	if (going->prefix.len > 0 && !buf_prefix_end(end))
		return false;
	lsm_iter_seek(it, buf_slice(end));
	if (lsm_iter_valid(it) && key_goes(lsm_iter_record(it)->key, going))
		lsm_iter_next(it);
	return true;
}

/* To the first key, or the next if that is the file that goes: between it and the prefix there may
 * be others. */
static void seek_first(struct lsm_iter *it, const struct going *going)
{
	lsm_iter_first(it);
	if (lsm_iter_valid(it) && slice_eq(lsm_iter_record(it)->key, going->file))
		lsm_iter_next(it);
}

/*
 * Find a key below the anchor that stays, -ENOENT when there is none: the successor of what goes,
 * else the first of all. Deleting a folder's files in the order of their names finds the successor
 * at once; in the opposite order the first, which serves until the end. Looking at the first alone
 * would step over all that was deleted before, each time.
 */
static int find_other(struct fs *fs, struct slice anchor, const struct going *going,
		      struct buf *ret_key)
{
	cleanup_buf struct buf end = {0};
	struct lsm_read_options options = {.prefix = anchor};
	struct lsm_iter *it;
	int err = buf_set(&end, going->prefix.len > 0 ? going->prefix : going->file);

	if (!err)
		err = lsm_iter_new(fs->db, &options, &it);
	if (err)
		return err;
	err = seek_behind(it, going, &end) ? other_key_here(it, going, ret_key) : -ENOENT;
	if (err == -ENOENT) {
		seek_first(it, going);
		err = other_key_here(it, going, ret_key);
	}
	lsm_iter_free(it);
	return err;
}

int folder_keep(struct fs *fs, const struct node_view *folder, const struct going *going,
		struct lsm_batch *batch)
{
	struct slice anchor = folder_anchor(fs->separator, &folder->key->name);
	struct buf *sibling = &folder->node->sibling;

	if (anchor.len == 0)
		return 0;
	/* What was there the last time is looked at first: one get instead of an iterator. */
	if (still_shows_others(fs, buf_slice(sibling), anchor, going))
		return 0;
	if (!key_goes(anchor, going)) {
		int err = has_record(fs, anchor);

		if (!err)
			return buf_set(sibling, anchor);
		if (err != -ENOENT)
			return err;
	}

	int err = find_other(fs, anchor, going, sibling);

	if (err != -ENOENT)
		return err;
	return lsm_batch_put(batch, anchor, slice_of(NULL, 0), slice_of(NULL, 0));
}

/* Of a folder that has no record: its mtime lives in the node, the rest is as it is. */
static int set_attr_in_node(struct fs *fs, struct node_lock *lock, const struct attr *before,
			    struct attr *after)
{
	if (after->mode != before->mode || after->uid != before->uid || after->gid != before->gid)
		return -EPERM;
	nodes_touch(&fs->nodes, lock->view.node,
		    after->mtime_stored ? after->mtime_ns : (int64_t)clock_real_ns());
	return folder_attr(fs, &lock->view, after);
}

/* Whether the key of the folder's record is taken by a file: "%" in it. */
static int record_is_taken(struct fs *fs, struct slice prefix, bool *ret_taken)
{
	struct lsm_record record;
	int err = lsm_stat(fs->db, prefix, &fs->read, &record);

	if (err) {
		*ret_taken = false;
		return err == -ENOENT ? 0 : err;
	}

	bool is_folder;

	err = attr_is_folder_record(fs->separator, &record, &is_folder);
	if (!err)
		*ret_taken = !is_folder;
	lsm_record_release(&record);
	return err;
}

static int record_is_free(struct fs *fs, struct slice prefix)
{
	struct node_name file = node_name_file(prefix);
	struct node_view view;
	bool taken = false;
	int err = record_is_taken(fs, prefix, &taken);

	if (err)
		return err;
	/* The file may be a creation that waits for its write. */
	if (!taken && nodes_find(&fs->nodes, &file, &view)) {
		taken = true;
		nodes_unpin(&fs->nodes, &view);
	}
	return taken ? -EPERM : 0;
}

int folder_put(struct fs *fs, const struct node_lock *lock, struct attr *attr)
{
	struct slice prefix = lock->view.key->name.bytes;
	int err = record_is_free(fs, prefix);

	if (!err)
		err = store_put(fs, prefix, slice_of(NULL, 0), STORE_TAKES, attr);
	if (!err)
		nodes_touch(&fs->nodes, lock->view.node, 0); /* the record knows it now */
	return err;
}

int folder_set_attr(struct fs *fs, struct node_lock *lock, const struct stat *want, unsigned set,
		    struct attr *ret_attr)
{
	struct lsm_record record;
	struct attr before;

	if (set & FS_SET_SIZE)
		return -EISDIR;
	if (lock->view.nameless)
		return -ENOENT;

	int err = folder_load(fs, &lock->view, &before, &record);

	if (err)
		return err;

	struct attr after = before;

	attr_apply(&after, want, set, (int64_t)clock_real_ns());
	if (folder_can_have_record(&lock->view.key->name))
		err = folder_put(fs, lock, &after);
	else
		err = set_attr_in_node(fs, lock, &before, &after);
	after.xattrs = slice_of(NULL, 0);
	lsm_record_release(&record);
	if (!err)
		*ret_attr = after;
	return err;
}
