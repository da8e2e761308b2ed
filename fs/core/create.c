/*
 * New files, links and folders: fs_create, fs_mknod, fs_symlink and fs_mkdir.
 */
#include <errno.h>
#include <limits.h>

#include "fs/core/names.h"
#include "fs/core/store.h"
#include "lsm/base/clock.h"

/* As mkdir(2) and open(2) say: a set-group-id folder hands its group on. */
static int new_attr(struct fs *fs, const struct fs_caller *caller, const struct node_view *parent,
		    mode_t mode, struct attr *ret_attr)
{
	struct attr folder;
	int err = folder_attr(fs, parent, &folder);

	if (err)
		return err;

	bool inherits = (folder.mode & S_ISGID) != 0;

	mode &= ~caller->umask;
	if (inherits && S_ISDIR(mode))
		mode |= S_ISGID;
	*ret_attr = (struct attr){
		.mode = mode,
		.uid = caller->uid,
		.gid = inherits ? folder.gid : caller->gid,
	};
	attr_committed(ret_attr, (int64_t)clock_real_ns());
	return 0;
}

/* The node of something that could not be made: nobody may find it by its name. */
static void take_back(struct fs *fs, struct node_view *view)
{
	nodes_unname(&fs->nodes, view->node, NULL);
	(void)nodes_forget(&fs->nodes, view->node->id, 1); /* pinned: it ends with the view */
}

/* What is to be made: a file, FIFO or socket, or a symbolic link whose value is its target. */
struct new_file {
	mode_t mode;        /* with the type */
	struct slice value; /* borrowed */
	bool may_hold;      /* for the write that follows */
};

/* Nothing is there. The stripes are held. */
static int make_file(struct fs *fs, const struct fs_caller *caller, struct name_op *op,
		     const struct new_file *file, struct fs_entry *ret_entry)
{
	struct node_view view;
	struct node_name name;
	struct attr attr;

	if (!place_as_file(&op->place, &name))
		return -EPERM;

	/* now, not when what is held comes to be logged */
	if (name.bytes.len > fs->key_max)
		return -ENAMETOOLONG;
	int err = folder_record_gives_way(fs, name.bytes);

	if (!err)
		err = new_attr(fs, caller, &op->parent, file->mode, &attr);
	if (!err)
		err = nodes_enter(&fs->nodes, &name, &view);
	if (err)
		return err;
	attr.size = file->value.len;
	if (!file->may_hold || !hold_add(fs, &view, &attr, true, caller->pid))
		err = store_put(fs, name.bytes, file->value, STORE_TAKES, &attr);
	if (!err) {
		folder_touch(fs, &op->parent, attr.ctime_ns);
		ret_entry->node = view.node->id;
		node_stat(fs, &view, &attr, &ret_entry->attr);
	} else {
		take_back(fs, &view);
	}
	nodes_unpin(&fs->nodes, &view);
	return err;
}

/* What is there. -ENOENT: nothing. */
static int take_existing(struct fs *fs, struct name_op *op, struct fs_entry *ret_entry)
{
	struct found found;
	int err = name_look_up(fs, op, &found, ret_entry);

	if (!err && found.name.folder) {
		(void)nodes_forget(&fs->nodes, ret_entry->node, 1);
		err = -EISDIR;
	}
	return err;
}

static int create(struct fs *fs, const struct fs_caller *caller, struct name_op *op, mode_t mode,
		  struct fs_entry *ret_entry)
{
	struct new_file file = {.mode = S_IFREG | (mode & ATTR_MODE_BITS), .may_hold = true};
	/* First a look: a read-only file system too answers for what is there. */
	int err = take_existing(fs, op, ret_entry);

	if (err != -ENOENT)
		return err;
	err = name_lock(fs, caller, op);
	if (err) /* -ENOENT: the folder was removed */
		return err;
	err = take_existing(fs, op, ret_entry);
	return err == -ENOENT ? make_file(fs, caller, op, &file, ret_entry) : err;
}

int fs_create(struct fs *fs, const struct fs_caller *caller, uint64_t parent, struct slice name,
	      mode_t mode, struct fs_entry *ret_entry)
{
	struct name_op op;
	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = create(fs, caller, &op, mode, ret_entry);
		name_close(fs, &op);
	}
	return faults_answer(&fs->faults, err);
}

/* With the stripes: -EEXIST, or the new file. */
static int make_new_file(struct fs *fs, const struct fs_caller *caller, struct name_op *op,
			 const struct new_file *file, struct fs_entry *ret_entry)
{
	struct found found;
	int err = name_lock(fs, caller, op);

	if (err) /* -ENOENT: the folder was removed */
		return err;
	err = name_find(fs, &op->place, &found);
	if (!err)
		return -EEXIST;
	return err == -ENOENT ? make_file(fs, caller, op, file, ret_entry) : err;
}

int fs_mknod(struct fs *fs, const struct fs_caller *caller, uint64_t parent, struct slice name,
	     mode_t mode, struct fs_entry *ret_entry)
{
	mode_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
	struct new_file file = {.mode = type | (mode & ATTR_MODE_BITS)};
	struct name_op op;

	if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK)
		return -EPERM;

	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = make_new_file(fs, caller, &op, &file, ret_entry);
		name_close(fs, &op);
	}
	return faults_answer(&fs->faults, err);
}

int fs_symlink(struct fs *fs, const struct fs_caller *caller, uint64_t parent, struct slice name,
	       struct slice target, struct fs_entry *ret_entry)
{
	/* permissions of a link mean nothing and are always all */
	struct new_file link = {.mode = S_IFLNK | ACCESSPERMS, .value = target};
	struct fs_caller unmasked = *caller;
	struct name_op op;

	unmasked.umask = 0;
	if (target.len == 0)
		return -ENOENT;
	if (target.len >= PATH_MAX)
		return -ENAMETOOLONG;

	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = make_new_file(fs, &unmasked, &op, &link, ret_entry);
		name_close(fs, &op);
	}
	return faults_answer(&fs->faults, err);
}

/* Put its record. A partial folder is made in memory alone: it has none. */
static int put_folder(struct fs *fs, const struct name_op *op, const struct node_view *view,
		      struct attr *attr)
{
	const struct node_name *name = &view->key->name;
	struct node *parent = op->parent.node;
	int err = 0;

	nodes_subfolders_begin(&fs->nodes, parent);
	if (folder_can_have_record(name))
		err = store_put(fs, name->bytes, slice_of(NULL, 0), STORE_TAKES, attr);
	else
		attr_of_implied_folder(&fs->defaults, attr);
	nodes_subfolders_end(&fs->nodes, parent, err ? 0 : 1);
	return err;
}

/* Nothing is there. The stripes are held. */
static int make_folder(struct fs *fs, const struct fs_caller *caller, struct name_op *op,
		       mode_t mode, struct fs_entry *ret_entry)
{
	struct node_view view;
	struct node_name name;
	struct attr attr;

	if (!place_as_folder(&op->place, &name))
		return -EPERM;
	if (name.bytes.len > fs->key_max)
		return -ENAMETOOLONG;

	int err = new_attr(fs, caller, &op->parent, S_IFDIR | mode, &attr);

	if (!err)
		err = nodes_enter(&fs->nodes, &name, &view);
	if (err)
		return err;
	err = put_folder(fs, op, &view, &attr);
	if (!err) {
		folder_touch(fs, &op->parent, attr.ctime_ns);
		ret_entry->node = view.node->id;
		node_stat(fs, &view, &attr, &ret_entry->attr);
	} else {
		take_back(fs, &view);
	}
	nodes_unpin(&fs->nodes, &view);
	return err;
}

static int make_folder_if_new(struct fs *fs, const struct fs_caller *caller, struct name_op *op,
			      mode_t mode, struct fs_entry *ret_entry)
{
	struct found found;
	int err = name_find(fs, &op->place, &found);

	if (!err)
		return -EEXIST;
	if (err != -ENOENT)
		return err;
	return make_folder(fs, caller, op, mode & ATTR_MODE_BITS, ret_entry);
}

int fs_mkdir(struct fs *fs, const struct fs_caller *caller, uint64_t parent, struct slice name,
	     mode_t mode, struct fs_entry *ret_entry)
{
	struct name_op op;
	int err = name_open(fs, parent, name, &op);

	if (!err) {
		err = name_lock(fs, caller, &op);
		if (!err)
			err = make_folder_if_new(fs, caller, &op, mode, ret_entry);
		name_close(fs, &op);
	}
	return faults_answer(&fs->faults, err);
}
