/*
 * Extended attributes: fs_get_xattr and its kind.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/xattr.h>

#include "fs/core/content.h"
#include "fs/core/folder.h"
#include "fs/core/node_lock.h"
#include "fs/core/xattr_list.h"

/* The part of a name before its first dot, and what it means here. */
enum kind {
	KIND_OTHER, /* none of ours, system.posix_acl_access and security.capability among them */
	KIND_USER,
	KIND_TRUSTED,
	KIND_APEX, /* told by the file system, never stored */
};

static const char apex_prefix[] = "user.apex.";

static bool begins_with(struct slice name, const char *prefix)
{
	return name.len > strlen(prefix) && slice_starts_with(name, slice_str(prefix));
}

static enum kind kind_of(struct slice name)
{
	if (begins_with(name, apex_prefix))
		return KIND_APEX;
	if (begins_with(name, "user."))
		return KIND_USER;
	return begins_with(name, "trusted.") ? KIND_TRUSTED : KIND_OTHER;
}

/* A file or a folder; of a folder the state has the attributes and, if there is one, the record. */
static int load(struct fs *fs, const struct node_view *view, struct file_state *state)
{
	if (!view->key->name.folder)
		return file_load(fs, view, state);
	if (view->nameless)
		return -ENOENT;
	return folder_load(fs, view, &state->attr, &state->record);
}

/* xattr(7): only files and folders have those of users; others would have them without limit. */
static bool may_have(const struct attr *attr, enum kind kind)
{
	return kind == KIND_TRUSTED || S_ISREG(attr->mode) || S_ISDIR(attr->mode);
}

/* ---- reading ---- */

static int get_key(const struct node_view *view, struct buf *ret_value)
{
	struct slice key = view->key->name.bytes;

	return view->nameless || key.len == 0 ? -ENODATA : buf_append_slice(ret_value, key);
}

static int get_seqno(const struct file_state *state, struct buf *ret_value)
{
	/* an orphan, what is held, and a folder without a record have none */
	if (state->record.seqno == 0)
		return -ENODATA;
	return buf_printf(ret_value, "%" PRIu64, state->record.seqno);
}

/* Of the record, in the words of .stats. */
static int get_level(struct fs *fs, const struct node_view *view, const struct file_state *state,
		     struct buf *ret_value)
{
	struct lsm_place place;

	if (state->record.seqno == 0)
		return -ENODATA;

	int err = lsm_locate(fs->db, view->key->name.bytes, &fs->read, &place);

	if (err)
		return err;
	if (place.in_memory)
		return buf_printf(ret_value, "memtable");
	return buf_printf(ret_value, "level%u %06" PRIu64 ".sst", place.level, place.table);
}

static int get_apex(struct fs *fs, const struct node_view *view, const struct file_state *state,
		    struct slice name, struct buf *ret_value)
{
	struct slice what = slice_skip(name, strlen(apex_prefix));

	if (slice_eq(what, slice_str("key")))
		return get_key(view, ret_value);
	if (slice_eq(what, slice_str("seq")))
		return get_seqno(state, ret_value);
	if (slice_eq(what, slice_str("mtime_ns")))
		return buf_printf(ret_value, "%" PRId64, state->attr.mtime_ns);
	if (slice_eq(what, slice_str("size")))
		return buf_printf(ret_value, "%" PRIu64, state->attr.size);
	if (slice_eq(what, slice_str("level")))
		return get_level(fs, view, state, ret_value);
	return -ENODATA;
}

static int get(struct fs *fs, const struct node_view *view, struct slice name,
	       struct buf *ret_value)
{
	cleanup_file_state struct file_state state = {0};
	enum kind kind = kind_of(name);
	struct slice value;
	int err = load(fs, view, &state);

	if (err)
		return err;
	if (kind == KIND_APEX)
		return get_apex(fs, view, &state, name, ret_value);
	if (!may_have(&state.attr, kind) || !xattr_list_find(state.attr.xattrs, name, &value))
		return -ENODATA;
	return buf_append_slice(ret_value, value);
}

/* Pinned, with its stripe: what is held, or unlinked, is looked at too. */
static int lock_node(struct fs *fs, uint64_t node, struct node_lock *ret_lock)
{
	struct node_view view;
	int err = nodes_pin(&fs->nodes, node, &view);

	if (!err)
		node_lock_view(fs, &view, ret_lock);
	return err;
}

int fs_get_xattr(struct fs *fs, uint64_t node, struct slice name, struct buf *ret_value)
{
	struct node_lock lock;

	/* The kernel asks for some of those before each write: nothing is looked at. */
	if (kind_of(name) == KIND_OTHER)
		return -EOPNOTSUPP;

	int err = lock_node(fs, node, &lock);

	if (err)
		return err;
	err = get(fs, &lock.view, name, ret_value);
	node_unlock(fs, &lock);
	return faults_answer(&fs->faults, err);
}

static int list(struct fs *fs, const struct fs_caller *caller, const struct node_view *view,
		struct buf *ret_names)
{
	cleanup_file_state struct file_state state = {0};
	int err = load(fs, view, &state);
	struct slice rest = state.attr.xattrs;
	struct xattr x;

	while (!err && xattr_list_next(&rest, &x)) {
		if (kind_of(x.name) == KIND_TRUSTED && caller->uid != 0)
			continue;
		err = buf_append_slice(ret_names, x.name);
		if (!err)
			err = buf_append_byte(ret_names, 0);
	}
	return err;
}

int fs_list_xattrs(struct fs *fs, const struct fs_caller *caller, uint64_t node,
		   struct buf *ret_names)
{
	struct node_lock lock;
	int err = lock_node(fs, node, &lock);

	if (err)
		return err;
	err = list(fs, caller, &lock.view, ret_names);
	node_unlock(fs, &lock);
	return faults_answer(&fs->faults, err);
}

/* ---- changing ---- */

struct change {
	struct xattr xattr; /* borrowed */
	bool removes;
	int flags; /* of setxattr(2) */
};

static int check_change(const struct change *change)
{
	switch (kind_of(change->xattr.name)) {
	case KIND_OTHER:
		return -EOPNOTSUPP;
	case KIND_APEX:
		return -EPERM;
	case KIND_USER:
	case KIND_TRUSTED:
		break;
	}
	if (change->xattr.name.len > META_XATTR_NAME_MAX)
		return -ERANGE;
	return change->xattr.value.len > FS_XATTR_VALUE_MAX ? -E2BIG : 0;
}

/* The list as it is after the change. */
static int change_list(const struct attr *attr, const struct change *change, struct buf *ret_list)
{
	struct slice name = change->xattr.name;
	struct slice old;
	int err;

	if (!may_have(attr, kind_of(name)))
		return -EPERM;

	bool exists = xattr_list_find(attr->xattrs, name, &old);

	if (exists && (change->flags & XATTR_CREATE))
		return -EEXIST;
	if (!exists && (change->removes || (change->flags & XATTR_REPLACE)))
		return -ENODATA;
	if (change->removes)
		err = xattr_list_without(attr->xattrs, name, ret_list);
	else
		err = xattr_list_with(attr->xattrs, &change->xattr, ret_list);
	if (!err && ret_list->len > META_XATTRS_MAX)
		err = -ENOSPC;
	return err;
}

static int check_place(const struct node_view *view)
{
	const struct node_name *name = &view->key->name;

	if (name->folder && view->nameless)
		return -ENOENT;
	/* what has no record, and will have none */
	return view->nameless || (name->folder && !folder_can_have_record(name)) ? -EOPNOTSUPP : 0;
}

static int change_locked(struct fs *fs, const struct node_lock *lock, const struct change *change)
{
	cleanup_file_state struct file_state state = {0};
	cleanup_buf struct buf list = {0};
	int err = check_place(&lock->view);

	if (!err)
		err = hold_log(fs, lock->view.node);
	if (!err)
		err = load(fs, &lock->view, &state);
	if (!err)
		err = change_list(&state.attr, change, &list);
	if (err)
		return err;
	state.attr.xattrs = buf_slice(&list);
	attr_keep_times(&state.attr);
	return lock->view.key->name.folder ? folder_put(fs, lock, &state.attr)
					   : content_put_attr(fs, &lock->view, &state);
}

static int change_xattr(struct fs *fs, const struct fs_caller *caller, uint64_t node,
			const struct change *change)
{
	struct node_lock lock;
	int err = check_change(change);

	if (!err)
		err = node_lock_change(fs, caller, node, &lock);
	if (err)
		return err;
	err = change_locked(fs, &lock, change);
	node_unlock(fs, &lock);
	return err;
}

int fs_set_xattr(struct fs *fs, const struct fs_caller *caller, uint64_t node, struct slice name,
		 struct slice value, int flags)
{
	struct change change = {.xattr = {.name = name, .value = value}, .flags = flags};

	return faults_answer(&fs->faults, change_xattr(fs, caller, node, &change));
}

int fs_remove_xattr(struct fs *fs, const struct fs_caller *caller, uint64_t node, struct slice name)
{
	struct change change = {.xattr.name = name, .removes = true};

	return faults_answer(&fs->faults, change_xattr(fs, caller, node, &change));
}
