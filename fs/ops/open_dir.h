/*
 * An open folder as READDIR goes through it: the entries of the store's folder, then virtual ones.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include <limits.h>

#include "fs/core/fs.h"
#include "fs/ops/ops_target.h"
#include "fs/virt/virt.h"

struct open_dir {
	struct fs_dir *dir;       /* owned; NULL: a virtual folder */
	struct ops_target target; /* whose folder `dir` is; owned */
	struct buf names;         /* owned; virtual entries, as virt_list has them */
	uint64_t cookie;          /* of the entry that was answered last: where it stands */
	uint64_t node;            /* the folder; immutable */
	bool cached; /* the kernel keeps what this one lists; immutable once it is in the list */
	/* the virtual part */
	bool in_names;      /* it has come there */
	bool unread;        /* the last one is to come again */
	struct slice rest;  /* of names */
	struct slice again; /* the same, before the last entry */
	uint64_t index;     /* of the last entry, from 1 */
	char name[NAME_MAX + 1];
	/* guarded by ops.dirs_mu */
	struct open_dir *next;
	struct open_dir *prev;
};

/* What it holds, not the struct itself. */
void open_dir_close(struct open_dir *open);

/* As fs_dir_seek, fs_dir_next and fs_dir_unread, which also notes the cookie. */
must_check int open_dir_seek(struct open_dir *open, uint64_t cookie);
must_check int open_dir_next(struct open_dir *open, struct fs_dirent *ret_entry);
void open_dir_unread(struct open_dir *open);
/* As fs_dir_lookup; -EISDIR: an entry that is only ever a name here. */
must_check int open_dir_lookup(struct open_dir *open, struct fs_entry *ret_entry);
