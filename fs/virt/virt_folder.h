/*
 * What hangs in the virtual tree: files and folders, as tables that the modules of this folder
 * fill in and virt_add_folder takes. Who reads the tree sees virt.h.
 *
 * Rights: files and folders belong to the mounting user. What `mode` grants to others is granted to
 * all; without that, others (but root) get -EACCES, whatever the kernel checks or not.
 *
 * Thread rule: any function of a table may run on any thread and several times at once, but for
 * `write`, which runs once at a time for each node, that is for each open(2) of the file. No lock
 * is held that they could not take.
 */
#pragma once

#include "fs/core/fs.h"
#include "lsm/base/buf.h"

struct fs_stale;
struct virt;
struct virt_folder;

/* What comes with each change of the virtual tree. */
struct virt_change {
	const struct fs_caller *caller;
	/* What the kernel is to forget before the change is answered; the callee appends. NULL for
	 * create and mkdir, which are to change nothing else. */
	struct fs_stale *stale;
};

/* A write(2), or a piece of one: the kernel cuts at 1 MiB, and at its pages (cut_write.h). */
struct virt_write {
	struct virt_change change;
	uint64_t offset;
	struct slice bytes;
};

struct virt_file {
	const char *name; /* of a file that is always there */
	mode_t mode;      /* permission bits */
	/*
	 * Append the text, as it is at this moment; its size is what the kernel is told. `object`:
	 * what virt_hooks.find answered; else NULL.
	 */
	int (*render)(void *arg, void *object, struct buf *text);
	/*
	 * Instead of render, where the text is kept by the object and may be too long for a copy at
	 * each lookup: append what there is of a part, and tell the size. Both or neither.
	 */
	int (*read)(void *object, uint64_t offset, size_t size, struct buf *bytes);
	uint64_t (*size)(void *object);
	/*
	 * All of it, or an error and nothing of it. NULL: nobody may write. *object belongs to the
	 * node; it may be made here.
	 */
	int (*write)(void *arg, void **object, const struct virt_write *write);
	/*
	 * Of a file that grows while it is open: append what has come since. It is called after
	 * render, and then whenever somebody asks for the size. What has been read is dropped when
	 * the text has VIRT_TEXT_MAX bytes; while nothing has been, it is not called. NULL: the
	 * text is what render made of it, for good.
	 */
	int (*grow)(void *arg, void **object, struct buf *text);
	/* NULL: it means nothing, as a shell does it before it writes. */
	int (*truncate)(void *arg, void **object, uint64_t size);
	/* The node goes, and with it the object, if there is one. May be NULL. */
	void (*object_done)(void *object);
};

/* What a name leads to that is not in a folder's tables. */
struct virt_found {
	const struct virt_file *file; /* NULL: `entry` is the answer, somebody else's node */
	void *object;                 /* owned by whoever gets it: file->object_done */
	struct fs_entry entry;
};

/* Entries that come and go. Each function may be NULL: -ENOENT, nothing listed, -EACCES. */
struct virt_hooks {
	int (*find)(void *arg, struct slice name, struct virt_found *ret_found);
	/* virt_list_add for each. */
	int (*list)(void *arg, struct buf *names);
	/* open(2) with O_CREAT where nothing was found; then find finds it. */
	int (*create)(void *arg, const struct virt_change *change, struct slice name);
	int (*unlink)(void *arg, const struct virt_change *change, struct slice name);
	int (*mkdir)(void *arg, const struct virt_change *change, struct slice name);
	int (*rmdir)(void *arg, const struct virt_change *change, struct slice name);
	/* Within the virtual tree, of an entry of this folder; `to` of another or the same one. */
	int (*rename)(void *arg, const struct virt_change *change, struct slice name,
		      const struct virt_folder *to, struct slice to_name);
};

struct virt_folder {
	const char *name;
	mode_t mode;                   /* permission bits */
	const struct virt_file *files; /* may be NULL */
	size_t file_count;
	const struct virt_hooks *hooks; /* may be NULL */
	void *arg;                      /* what its files and hooks are called with */
};

/* Append an entry of a folder, for hooks.list. type: S_IFREG or S_IFDIR. */
must_check int virt_list_add(struct buf *names, struct slice name, mode_t type);

enum {
	VIRT_ROOT = 0, /* number of the folder whose entries show at the root of the mount */
	VIRT_FOLDERS_MAX = 32,
	VIRT_TABLES_MAX = 8,        /* of one folder */
	VIRT_TEXT_MAX = 1 << 20,    /* bytes kept of a file that grows */
	VIRT_TEXT_KEEP = 512 << 10, /* of them, that have been read: the kernel reads ahead, and
				       again */
};

/*
 * Hang a folder into the folder `parent`, VIRT_ROOT or what an earlier call answered. Before the
 * first request; `folder` and its tables are borrowed until virt_free. -ENOSPC: VIRT_FOLDERS_MAX.
 */
must_check int virt_add_folder(struct virt *v, unsigned parent, const struct virt_folder *folder,
			       unsigned *ret_number);
/*
 * More files, those of `table` with its arg, for a folder that is there; the rest of `table` counts
 * for nothing. -ENOSPC: VIRT_TABLES_MAX.
 */
must_check int virt_add_files(struct virt *v, unsigned number, const struct virt_folder *table);
