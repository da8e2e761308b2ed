/*
 * The folders of the virtual tree and what stands in each: which entry a name leads to, and which
 * hook a change of a name goes to.
 *
 * A command file can be "removed" and made anew, as mv(1) does across file systems: for who removed
 * it the name is absent until it makes the file again. Nothing else changes by that.
 *
 * Thread rule: any thread, after the last virt_tree_add_*.
 */
#pragma once

#include "fs/virt/virt.h"
#include "lsm/base/mutex.h"

enum {
	VIRT_ABSENT_MAX = 16, /* files that somebody removed and has not made again; the oldest are
				 forgotten */
};

/* Numbers of folders have this bit as well. */
#define VIRT_FOLDER_BIT (UINT64_C(1) << 61)

struct virt_place {
	unsigned parent;
	const struct virt_folder *tables[VIRT_TABLES_MAX]; /* borrowed; the first is the folder */
	unsigned table_count;
};

struct virt_absent {
	pid_t pid; /* 0: unused */
	const struct virt_file *file;
};

struct virt_tree {
	/* immutable after the last virt_tree_add_* */
	struct virt_place places[VIRT_FOLDERS_MAX];
	unsigned place_count;
	uint64_t born_ns;
	struct mutex mu; /* RANK_FS_VIRT */
	/* guarded by mu */
	struct virt_absent absent[VIRT_ABSENT_MAX];
	unsigned next_absent;
};

void virt_tree_init(struct virt_tree *t);
void virt_tree_done(struct virt_tree *t);
must_check int virt_tree_add_folder(struct virt_tree *t, unsigned parent,
				    const struct virt_folder *folder, unsigned *ret_number);
must_check int virt_tree_add_files(struct virt_tree *t, unsigned number,
				   const struct virt_folder *table);

static inline uint64_t virt_folder_node(unsigned number)
{
	return FS_VIRTUAL_BIT | VIRT_FOLDER_BIT | number;
}

/* What stat(2) shows of an entry of a folder. */
uint64_t virt_inode(unsigned number, struct slice name);

/* Whether a node is a folder of the tree, and which. */
must_check bool virt_tree_number(const struct virt_tree *t, uint64_t node, unsigned *ret_number);

enum virt_entry_kind {
	VIRT_ENTRY_FILE,
	VIRT_ENTRY_FOLDER,
	VIRT_ENTRY_ELSEWHERE, /* a node of another module */
};

struct virt_entry {
	enum virt_entry_kind kind;
	unsigned number; /* of a folder */
	const struct virt_file *file;
	void *arg;
	void *object; /* the caller's now */
	struct fs_entry elsewhere;
};

/* Whether a name is always there. */
bool virt_tree_has(const struct virt_tree *t, unsigned number, struct slice name);
/* -ENOENT; or the hook's error. */
must_check int virt_tree_find(struct virt_tree *t, unsigned number, struct slice name, pid_t pid,
			      struct virt_entry *ret_entry);
/* "." and "..", what is always there, and what the hook lists. */
must_check int virt_tree_list(const struct virt_tree *t, unsigned number, struct buf *names);

/* Make a file that pid removed appear again; false: it had not. */
bool virt_tree_restore(struct virt_tree *t, unsigned number, struct slice name, pid_t pid);

must_check int virt_tree_create(struct virt_tree *t, const struct virt_change *change,
				unsigned number, struct slice name);
must_check int virt_tree_unlink(struct virt_tree *t, const struct virt_change *change,
				unsigned number, struct slice name);
must_check int virt_tree_mkdir(struct virt_tree *t, const struct virt_change *change,
			       unsigned number, struct slice name);
must_check int virt_tree_rmdir(struct virt_tree *t, const struct virt_change *change,
			       unsigned number, struct slice name);
must_check int virt_tree_rename(struct virt_tree *t, const struct virt_change *change,
				unsigned from, struct slice name, unsigned to,
				struct slice to_name);
/* Whether mv(1) may try to copy to the name, or remove it. */
bool virt_tree_may_replace(const struct virt_tree *t, unsigned number, struct slice name);
