/*
 * fs_getattr and fs_setattr.
 */
#include <errno.h>

#include "fs/core/content.h"
#include "fs/core/folder.h"
#include "fs/core/node_lock.h"
#include "lsm/base/clock.h"

int fs_getattr(struct fs *fs, uint64_t node, struct stat *ret_attr)
{
	struct node_view view;
	int err = nodes_pin(&fs->nodes, node, &view);

	if (err)
		return err;
	err = node_attr(fs, &view, ret_attr);
	nodes_unpin(&fs->nodes, &view);
	return faults_answer(&fs->faults, err);
}

/* What fs_setattr was asked for. */
struct request {
	const struct fs_caller *caller;
	const struct stat *want;
	unsigned set;
};

/* O_TRUNC as the kernel asks for it: size 0, and no time but now. */
static bool is_truncation(const struct request *request)
{
	const unsigned now = FS_SET_SIZE | FS_SET_MTIME_NOW | FS_SET_ATIME_NOW;
	unsigned set = request->set;

	if (set & FS_SET_MTIME_NOW)
		set &= ~(unsigned)FS_SET_MTIME;
	if (set & FS_SET_ATIME_NOW)
		set &= ~(unsigned)FS_SET_ATIME;
	return (set & FS_SET_SIZE) && !(set & ~now) && request->want->st_size == 0;
}

static void attr_change(struct attr *attr, const struct request *request)
{
	if (request->set & FS_SET_SIZE)
		attr_content_changed(attr, request->caller);
	attr_apply(attr, request->want, request->set, (int64_t)clock_real_ns());
	if (request->set & FS_SET_SIZE)
		attr->size = (uint64_t)request->want->st_size;
}

static int set_orphan(const struct request *request, const struct node_view *view,
		      struct attr *ret_attr)
{
	struct orphan *o = view->node->orphan;

	if (!o)
		return -ENOENT;
	if (request->set & FS_SET_SIZE)
		orphan_resize(o, (uint64_t)request->want->st_size);
	attr_change(&o->attr, request);
	attr_committed(&o->attr, (int64_t)clock_real_ns());
	*ret_attr = o->attr;
	return 0;
}

static int change(struct fs *fs, const struct request *request, const struct node_view *view,
		  struct attr *ret_attr)
{
	cleanup_file_state struct file_state state = {0};
	int err = hold_log(fs, view->node);

	if (!err)
		err = file_load(fs, view, &state);
	if (err)
		return err;

	attr_change(&state.attr, request);
	err = content_put_attr(fs, view, &state);
	if (!err)
		*ret_attr = state.attr;
	return err;
}

/* Held for the write that follows, most likely. */
static int truncate_to_zero(struct fs *fs, const struct request *request,
			    const struct node_view *view, struct attr *ret_attr)
{
	cleanup_file_state struct file_state state = {0};
	int err = file_load(fs, view, &state);

	if (err)
		return err;
	if (state.source == FILE_HELD) {
		hold_share(fs, view->node, request->caller->pid);
		*ret_attr = state.attr;
		return 0;
	}
	attr_change(&state.attr, request);
	attr_committed(&state.attr, (int64_t)clock_real_ns());
	if (!hold_add(fs, view, &state.attr, false, request->caller->pid))
		return change(fs, request, view, ret_attr);
	*ret_attr = state.attr;
	return 0;
}

static int set_file(struct fs *fs, const struct request *request, const struct node_view *view,
		    struct attr *ret_attr)
{
	if ((request->set & FS_SET_SIZE) &&
	    (request->want->st_size < 0 || (uint64_t)request->want->st_size > fs->value_max))
		return request->want->st_size < 0 ? -EINVAL : -EFBIG;
	if (view->nameless)
		return set_orphan(request, view, ret_attr);
	if (is_truncation(request))
		return truncate_to_zero(fs, request, view, ret_attr);
	return change(fs, request, view, ret_attr);
}

static int set_attr(struct fs *fs, const struct request *request, uint64_t node,
		    struct stat *ret_stat)
{
	struct node_lock lock;
	struct attr attr;
	int err = node_lock_change(fs, request->caller, node, &lock);

	if (err)
		return err;
	if (lock.view.key->name.folder)
		err = folder_set_attr(fs, &lock, request->want, request->set, &attr);
	else
		err = set_file(fs, request, &lock.view, &attr);
	if (!err)
		node_stat(fs, &lock.view, &attr, ret_stat);
	node_unlock(fs, &lock);
	return err;
}

int fs_setattr(struct fs *fs, const struct fs_caller *caller, uint64_t node,
	       const struct stat *want, unsigned set, struct stat *ret_attr)
{
	struct request request = {.caller = caller, .want = want, .set = set};

	if (set == 0)
		return fs_getattr(fs, node, ret_attr);
	return faults_answer(&fs->faults, set_attr(fs, &request, node, ret_attr));
}
