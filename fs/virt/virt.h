/*
 * The virtual tree: telemetry and control as files, resolved by name and listed only if asked for.
 *
 * Each opening of a file renders it and answers a new node whose content and size never change, so
 * any program that reads it sees one whole, consistent text of exactly the size it was told; the
 * kernel must not cache the name (entry timeout 0). virt_forget frees it. Folders have one number
 * for as long as the mount lives.
 *
 * What hangs in the tree, and who may do what: virt_folder.h. In all calls `parent` is FS_ROOT or a
 * virtual folder's number, and ret_entry->node has FS_VIRTUAL_BIT unless it is said otherwise.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/fs.h"
#include "fs/virt/reasons.h"
#include "fs/virt/virt_folder.h"
#include "lsm/base/buf.h"

struct virt_options {
	uid_t uid; /* owner of the files */
	gid_t gid;
	struct reasons *reasons; /* borrowed: told of each change that failed; may be NULL */
};

must_check int virt_new(const struct virt_options *options, struct virt **ret_virt);
void virt_free(struct virt *v);

/* Lookups, attributes and reads that were asked for, of folders as well. */
uint64_t virt_looks(const struct virt *v);

/* Whether `name` at the root is one of ours. */
bool virt_has(const struct virt *v, struct slice name);
/*
 * Render it. `asked`: how many requests have begun, if this is the only one under way, else 0: the
 * second of two questions in a row, which the kernel has for one opening, is answered as the first.
 * -ENOENT, -ENOMEM, -EACCES, -ENFILE (too many are open). The node may be another module's
 * (virt_found.entry).
 */
must_check int virt_lookup(struct virt *v, const struct fs_caller *caller, uint64_t parent,
			   struct slice name, uint64_t asked, struct fs_entry *ret_entry);
/* After an answered lookup: names that the kernel is asked to forget, so that memory stays
 * bounded. */
must_check int virt_trim(struct virt *v, struct fs_stale *stale);
/* -ESTALE: no such node, also of the calls below. */
must_check int virt_getattr(struct virt *v, uint64_t node, struct stat *ret_attr);
/* Mode, owner and times are not kept, but accepted of who may write; a size is this node's. */
must_check int virt_setattr(struct virt *v, const struct fs_caller *caller, uint64_t node,
			    const struct stat *want, unsigned set, struct stat *ret_attr);
/* Appended. -EIO: of a file that grows, a part that has been read and is not kept. */
must_check int virt_read(struct virt *v, const struct fs_caller *caller, uint64_t node,
			 uint64_t offset, size_t size, struct buf *ret_bytes);
/* Whether its size is to be asked for each time; then this is called before virt_getattr. */
bool virt_grows(struct virt *v, uint64_t node);
must_check int virt_grow(struct virt *v, uint64_t node, struct fs_stale *stale);
must_check int virt_write(struct virt *v, uint64_t node, const struct virt_write *write);
void virt_forget(struct virt *v, uint64_t node, uint64_t lookups);

/* As the system calls; what is no entry of hooks answers -EACCES. */
must_check int virt_create(struct virt *v, const struct virt_change *change, uint64_t parent,
			   struct slice name, bool exclusive, struct fs_entry *ret_entry);
must_check int virt_unlink(struct virt *v, const struct virt_change *change, uint64_t parent,
			   struct slice name);
must_check int virt_mkdir(struct virt *v, const struct virt_change *change, uint64_t parent,
			  struct slice name, struct fs_entry *ret_entry);
must_check int virt_rmdir(struct virt *v, const struct virt_change *change, uint64_t parent,
			  struct slice name);
/* -EXDEV: one of the parents is not virtual; mv(1) then copies. */
must_check int virt_rename(struct virt *v, const struct virt_change *change,
			   const struct fs_rename *rename);

/* An entry of a list. */
struct virt_name {
	struct slice name;
	mode_t type;
};

/*
 * The names of a folder as they are now, "." and ".." first, appended to *names for virt_list_next.
 * FS_ROOT: the virtual names there alone. -ENOTDIR, -EACCES.
 */
must_check int virt_list(struct virt *v, const struct fs_caller *caller, uint64_t node,
			 struct buf *names);
/* Take the first entry off the rest of a list; false at its end. */
bool virt_list_next(struct slice *rest, struct virt_name *ret_name);
