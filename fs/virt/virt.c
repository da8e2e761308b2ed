/*
 * An opening renders a file into a node of its own, which never changes afterwards (virt_nodes.h
 * has how it is told from a lookup). Why not one node a file whose content moves on: the kernel
 * takes the size from the lookup, and a reader that finds less or more than that is padded with
 * zeros (tar), cut (sendfile) or told of a changed file. The nodes are few: the kernel drops the
 * name at the next lookup and forgets the node when the last reader closes it.
 */
#include "fs/virt/virt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fs/core/stale.h"
#include "fs/virt/virt_nodes.h"
#include "fs/virt/virt_tree.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"

enum {
	VIRT_BLOCK = 512, /* what st_blocks counts in: stat(2) */
};

struct virt {
	struct virt_options options; /* immutable */
	struct virt_tree tree;
	struct virt_nodes nodes;
	_Atomic uint64_t looks; /* counted after its request, read before it */
};

int virt_new(const struct virt_options *options, struct virt **ret_virt)
{
	struct virt *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->options = *options;
	virt_tree_init(&v->tree);
	virt_nodes_init(&v->nodes, options->reasons);
	*ret_virt = v;
	return 0;
}

void virt_free(struct virt *v)
{
	if (!v)
		return;
	virt_nodes_done(&v->nodes);
	virt_tree_done(&v->tree);
	free(v);
}

int virt_add_folder(struct virt *v, unsigned parent, const struct virt_folder *folder,
		    unsigned *ret_number)
{
	return virt_tree_add_folder(&v->tree, parent, folder, ret_number);
}

int virt_add_files(struct virt *v, unsigned number, const struct virt_folder *table)
{
	return virt_tree_add_files(&v->tree, number, table);
}

bool virt_has(const struct virt *v, struct slice name)
{
	return virt_tree_has(&v->tree, VIRT_ROOT, name);
}

static void count_look(struct virt *v)
{
	atomic_fetch_add_explicit(&v->looks, 1, memory_order_release);
}

uint64_t virt_looks(const struct virt *v)
{
	return atomic_load_explicit(&v->looks, memory_order_acquire);
}

/* ---- who may ---- */

enum {
	MAY_READ = 04,
	MAY_WRITE = 02,
	MAY_PASS = 01,
};

static int may(const struct virt *v, const struct fs_caller *caller, mode_t mode, unsigned what)
{
	if (caller->uid == v->options.uid || caller->uid == 0)
		return 0;
	return (mode & what) == what ? 0 : fail(-EACCES, "control belongs to another user");
}

/* ---- attributes ---- */

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000)};
}

static void file_attr(struct virt *v, const struct virt_node *node, struct stat *ret_attr)
{
	struct timespec when = timespec_of(node->render_ns);
	uint64_t size = virt_nodes_size(&v->nodes, node);

	*ret_attr = (struct stat){
		.st_ino = node->inode,
		.st_mode = S_IFREG | node->file->mode,
		.st_nlink = 1,
		.st_uid = v->options.uid,
		.st_gid = v->options.gid,
		.st_size = (off_t)size,
		.st_blksize = 4096,
		.st_blocks = (blkcnt_t)((size + VIRT_BLOCK - 1) / VIRT_BLOCK),
		.st_atim = when,
		.st_mtim = when,
		.st_ctim = when,
	};
}

static void folder_attr(const struct virt *v, unsigned number, struct stat *ret_attr)
{
	struct timespec when = timespec_of(v->tree.born_ns);

	*ret_attr = (struct stat){
		.st_ino = virt_folder_node(number),
		.st_mode = S_IFDIR | v->tree.places[number].tables[0]->mode,
		.st_nlink = 2,
		.st_uid = v->options.uid,
		.st_gid = v->options.gid,
		.st_blksize = 4096,
		.st_atim = when,
		.st_mtim = when,
		.st_ctim = when,
	};
}

int virt_getattr(struct virt *v, uint64_t node, struct stat *ret_attr)
{
	unsigned number;

	count_look(v);
	if (virt_tree_number(&v->tree, node, &number)) {
		folder_attr(v, number, ret_attr);
		return 0;
	}
	const struct virt_node *found = virt_nodes_find(&v->nodes, node);

	if (!found)
		return -ESTALE;
	file_attr(v, found, ret_attr);
	return 0;
}

int virt_setattr(struct virt *v, const struct fs_caller *caller, uint64_t node,
		 const struct stat *want, unsigned set, struct stat *ret_attr)
{
	struct virt_node *found = virt_nodes_find(&v->nodes, node);

	if (!found)
		return virt_tree_number(&v->tree, node, &(unsigned){0}) ? -EACCES : -ESTALE;
	int rc = found->file->write ? may(v, caller, found->file->mode, MAY_WRITE) : -EACCES;

	if (rc)
		return rc;
	if ((set & FS_SET_SIZE) && found->file->truncate) {
		mutex_lock(&found->write_mu);
		rc = found->file->truncate(found->arg, &found->object, (uint64_t)want->st_size);
		mutex_unlock(&found->write_mu);
	}
	if (rc)
		return rc;
	if (set & FS_SET_SIZE)
		virt_nodes_set_size(&v->nodes, found, (uint64_t)want->st_size);
	file_attr(v, found, ret_attr);
	return 0;
}

/* ---- lookups ---- */

/* What a lookup asks for. */
struct question {
	const struct fs_caller *caller;
	unsigned number; /* of the folder */
	struct slice name;
	uint64_t asked; /* which number it has among all requests; 0: it is not alone */
};

static uint64_t parent_of(const struct question *q)
{
	return q->number == VIRT_ROOT ? FS_ROOT : virt_folder_node(q->number);
}

static int render(struct virt *v, const struct virt_entry *entry, const struct question *q,
		  struct virt_node **ret_node)
{
	struct virt_node *node;
	int rc = virt_node_new(entry->file, entry->arg, entry->object, &node);

	if (rc)
		return rc;
	virt_node_set_name(node, parent_of(q), q->name);
	node->inode = virt_inode(q->number, q->name);
	node->render_ns = clock_real_ns();
	if (node->file->render)
		rc = node->file->render(node->arg, node->object, &node->text);
	if (!rc && node->file->grow)
		rc = node->file->grow(node->arg, &node->object, &node->text);
	node->size = node->file->size ? node->file->size(node->object) : node->text.len;
	if (!rc)
		rc = virt_nodes_add(&v->nodes, node);
	if (rc)
		virt_node_free(node);
	else
		*ret_node = node;
	return rc;
}

static int enter_file(struct virt *v, const struct virt_entry *entry, const struct question *q,
		      struct fs_entry *ret_entry)
{
	pid_t pid = q->caller->pid; /* 0: not known */
	bool known = pid > 0 && q->asked > 0;
	struct virt_node *node = NULL;
	int rc = 0;

	if (known)
		node = virt_nodes_take_spare(&v->nodes, parent_of(q), q->name, pid, q->asked);
	if (node) {
		virt_object_done(entry->file, entry->object);
	} else {
		rc = render(v, entry, q, &node);
		if (!rc && known)
			virt_nodes_keep_spare(&v->nodes, node, pid, q->asked);
	}
	if (rc)
		return rc;
	ret_entry->node = node->number;
	file_attr(v, node, &ret_entry->attr);
	return 0;
}

static int enter(struct virt *v, const struct virt_entry *entry, const struct question *q,
		 struct fs_entry *ret_entry)
{
	switch (entry->kind) {
	case VIRT_ENTRY_FOLDER:
		ret_entry->node = virt_folder_node(entry->number);
		folder_attr(v, entry->number, &ret_entry->attr);
		return 0;
	case VIRT_ENTRY_ELSEWHERE:
		*ret_entry = entry->elsewhere;
		return 0;
	case VIRT_ENTRY_FILE:
		break;
	}
	return enter_file(v, entry, q, ret_entry);
}

static int look_up(struct virt *v, const struct question *q, struct fs_entry *ret_entry)
{
	struct virt_entry entry;
	int rc = may(v, q->caller, v->tree.places[q->number].tables[0]->mode, MAY_PASS);

	if (!rc)
		rc = virt_tree_find(&v->tree, q->number, q->name, q->caller->pid, &entry);
	return rc ? rc : enter(v, &entry, q, ret_entry);
}

/* For the answer to a change of names. */
static int look_up_made(struct virt *v, const struct fs_caller *caller, unsigned number,
			struct slice name, struct fs_entry *ret_entry)
{
	const struct question q = {.caller = caller, .number = number, .name = name};

	return look_up(v, &q, ret_entry);
}

int virt_trim(struct virt *v, struct fs_stale *stale)
{
	return virt_nodes_trim(&v->nodes, stale);
}

/* The number of the folder that a call names as its parent. */
static int parent_number(const struct virt *v, uint64_t parent, unsigned *ret_number)
{
	if (parent == FS_ROOT) {
		*ret_number = VIRT_ROOT;
		return 0;
	}
	return virt_tree_number(&v->tree, parent, ret_number) ? 0 : -ENOTDIR;
}

int virt_lookup(struct virt *v, const struct fs_caller *caller, uint64_t parent, struct slice name,
		uint64_t asked, struct fs_entry *ret_entry)
{
	struct question q = {.caller = caller, .name = name, .asked = asked};
	int rc = parent_number(v, parent, &q.number);

	count_look(v);
	if (name.len > NAME_MAX)
		return -ENAMETOOLONG;
	return rc ? rc : look_up(v, &q, ret_entry);
}

/* ---- files that grow ---- */

/* Room for more, by what has been read already. */
static void drop_read(struct virt_node *node)
{
	if (node->text.len < VIRT_TEXT_MAX || node->read_end <= node->dropped + VIRT_TEXT_KEEP)
		return;
	uint64_t gone = node->read_end - VIRT_TEXT_KEEP - node->dropped;

	memmove(node->text.ptr, node->text.ptr + gone, node->text.len - gone);
	node->text.len -= gone;
	node->dropped += gone;
}

int virt_grow(struct virt *v, uint64_t number, struct fs_stale *stale)
{
	struct virt_node *node = virt_nodes_find(&v->nodes, number);
	int rc = 0;

	if (!node || !node->file->grow)
		return 0;
	mutex_guard(&node->write_mu);
	drop_read(node);
	uint64_t before = node->dropped + node->text.len;

	if (node->text.len < VIRT_TEXT_MAX)
		rc = node->file->grow(node->arg, &node->object, &node->text);
	uint64_t after = node->dropped + node->text.len;

	/* the kernel has a page with zeros behind the old end */
	if (!rc && after > before)
		rc = fs_stale_add_end(stale, number, before);
	if (!rc)
		virt_nodes_set_size(&v->nodes, node, after);
	return rc;
}

bool virt_grows(struct virt *v, uint64_t number)
{
	const struct virt_node *node = virt_nodes_find(&v->nodes, number);

	return node && node->file->grow;
}

static int read_growing(struct virt_node *node, uint64_t offset, size_t size, struct buf *ret_bytes)
{
	mutex_guard(&node->write_mu);
	if (offset < node->dropped)
		return fail(-EIO, "what was read before is not kept");
	struct slice rest = buf_slice(&node->text);

	rest = slice_skip(rest, (size_t)min_of(offset - node->dropped, (uint64_t)rest.len));
	rest.len = min_of(size, rest.len);
	node->read_end = max_of(node->read_end, offset + rest.len);
	return buf_append_slice(ret_bytes, rest);
}

int virt_read(struct virt *v, const struct fs_caller *caller, uint64_t node, uint64_t offset,
	      size_t size, struct buf *ret_bytes)
{
	struct virt_node *found = virt_nodes_find(&v->nodes, node);
	int rc = found ? may(v, caller, found->file->mode, MAY_READ) : -ESTALE;

	count_look(v);
	if (rc)
		return rc;
	if (found->file->grow)
		return read_growing(found, offset, size, ret_bytes);
	if (found->file->read)
		return found->file->read(found->object, offset, size, ret_bytes);
	struct slice rest = buf_slice(&found->text);

	rest = slice_skip(rest, (size_t)min_of(offset, (uint64_t)rest.len));
	return buf_append(ret_bytes, rest.ptr, min_of(size, rest.len));
}

/* The end of a change: why it failed is kept. */
static int answer(struct virt *v, const struct virt_change *change, struct slice name, int rc)
{
	if (rc && v->options.reasons)
		reasons_note(v->options.reasons, change->caller->pid, name, rc);
	return rc;
}

/* Of names. Nobody asks why one is not there, and mv(1) goes on after EXDEV. */
static int answer_of_name(struct virt *v, const struct virt_change *change, struct slice name,
			  int rc)
{
	return rc == -ENOENT || rc == -EXDEV ? rc : answer(v, change, name, rc);
}

static int write_whole(struct virt_node *n, const struct virt_write *write)
{
	struct virt_write whole;
	int rc = cut_write_take(&n->cut, write, &whole);

	if (rc || whole.bytes.len == 0)
		return rc;
	rc = n->file->write(n->arg, &n->object, &whole);
	cut_write_end(&n->cut, rc);
	return rc;
}

static int write_file(struct virt *v, struct virt_node *found, const struct virt_write *write)
{
	int rc = found->file->write ? may(v, write->change.caller, found->file->mode, MAY_WRITE)
				    : -EACCES;

	if (rc)
		return rc;
	mutex_lock(&found->write_mu);
	rc = found->file->read ? found->file->write(found->arg, &found->object, write)
			       : write_whole(found, write);
	mutex_unlock(&found->write_mu);
	if (!rc)
		virt_nodes_grow(&v->nodes, found, write->offset + write->bytes.len);
	return rc;
}

int virt_write(struct virt *v, uint64_t node, const struct virt_write *write)
{
	struct virt_node *found = virt_nodes_find(&v->nodes, node);

	if (!found)
		return -ESTALE;
	fail_clear();
	return answer(v, &write->change, slice_str(found->name), write_file(v, found, write));
}

void virt_forget(struct virt *v, uint64_t node, uint64_t lookups)
{
	virt_nodes_forget(&v->nodes, node, lookups); /* a folder is no node of it, and stays */
}

/* ---- changes of names ---- */

/* The folder of a change, which its caller may make. */
static int change_begin(struct virt *v, const struct virt_change *change, uint64_t parent,
			unsigned *ret_number)
{
	int rc = parent_number(v, parent, ret_number);

	if (!rc)
		rc = may(v, change->caller, v->tree.places[*ret_number].tables[0]->mode,
			 MAY_PASS | MAY_WRITE);
	return rc;
}

static int create(struct virt *v, const struct virt_change *change, uint64_t parent,
		  struct slice name, bool exclusive, struct fs_entry *ret_entry)
{
	unsigned number;
	int rc = change_begin(v, change, parent, &number);

	if (rc)
		return rc;
	bool restored = virt_tree_restore(&v->tree, number, name, change->caller->pid);

	rc = look_up_made(v, change->caller, number, name, ret_entry);
	if (!rc && exclusive && !restored) {
		virt_forget(v, ret_entry->node, 1);
		return -EEXIST;
	}
	if (rc != -ENOENT)
		return rc;
	rc = virt_tree_create(&v->tree, change, number, name);
	return rc ? rc : look_up_made(v, change->caller, number, name, ret_entry);
}

static int unlink_name(struct virt *v, const struct virt_change *change, uint64_t parent,
		       struct slice name)
{
	unsigned number;
	int rc = change_begin(v, change, parent, &number);

	return rc ? rc : virt_tree_unlink(&v->tree, change, number, name);
}

static int make_folder(struct virt *v, const struct virt_change *change, uint64_t parent,
		       struct slice name, struct fs_entry *ret_entry)
{
	unsigned number;
	int rc = change_begin(v, change, parent, &number);

	if (!rc)
		rc = virt_tree_mkdir(&v->tree, change, number, name);
	return rc ? rc : look_up_made(v, change->caller, number, name, ret_entry);
}

static int remove_folder(struct virt *v, const struct virt_change *change, uint64_t parent,
			 struct slice name)
{
	unsigned number;
	int rc = change_begin(v, change, parent, &number);

	return rc ? rc : virt_tree_rmdir(&v->tree, change, number, name);
}

static bool is_ours(const struct virt *v, uint64_t parent, struct slice name)
{
	return parent == FS_ROOT ? virt_has(v, name) : (parent & FS_VIRTUAL_BIT) != 0;
}

static int rename_name(struct virt *v, const struct virt_change *change,
		       const struct fs_rename *rename)
{
	unsigned from;
	unsigned to;
	bool from_here = is_ours(v, rename->parent, rename->name);
	bool to_here = is_ours(v, rename->new_parent, rename->new_name);
	int rc = 0;

	if (from_here)
		rc = change_begin(v, change, rename->parent, &from);
	if (!rc && to_here)
		rc = change_begin(v, change, rename->new_parent, &to);
	if (rc)
		return rc;
	if (!from_here)
		return virt_tree_may_replace(&v->tree, to, rename->new_name) ? -EXDEV : -EACCES;
	if (!to_here)
		return virt_tree_may_replace(&v->tree, from, rename->name) ? -EXDEV : -EACCES;
	return rename->flags ? -EINVAL
			     : virt_tree_rename(&v->tree, change, from, rename->name, to,
						rename->new_name);
}

int virt_create(struct virt *v, const struct virt_change *change, uint64_t parent,
		struct slice name, bool exclusive, struct fs_entry *ret_entry)
{
	fail_clear();
	return answer_of_name(v, change, name,
			      create(v, change, parent, name, exclusive, ret_entry));
}

int virt_unlink(struct virt *v, const struct virt_change *change, uint64_t parent,
		struct slice name)
{
	fail_clear();
	return answer_of_name(v, change, name, unlink_name(v, change, parent, name));
}

int virt_mkdir(struct virt *v, const struct virt_change *change, uint64_t parent, struct slice name,
	       struct fs_entry *ret_entry)
{
	fail_clear();
	return answer_of_name(v, change, name, make_folder(v, change, parent, name, ret_entry));
}

int virt_rmdir(struct virt *v, const struct virt_change *change, uint64_t parent, struct slice name)
{
	fail_clear();
	return answer_of_name(v, change, name, remove_folder(v, change, parent, name));
}

int virt_rename(struct virt *v, const struct virt_change *change, const struct fs_rename *rename)
{
	fail_clear();
	return answer_of_name(v, change, rename->new_name, rename_name(v, change, rename));
}

int virt_list(struct virt *v, const struct fs_caller *caller, uint64_t node, struct buf *names)
{
	unsigned number;

	if (parent_number(v, node, &number))
		return -ENOTDIR;
	int rc = may(v, caller, v->tree.places[number].tables[0]->mode, MAY_READ);

	return rc ? rc : virt_tree_list(&v->tree, number, names);
}
