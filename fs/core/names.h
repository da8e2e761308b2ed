/*
 * Names in folders: what is there, and the frame of every change of names.
 *
 *	struct name_op op;
 *	name_open(fs, parent, name, &op);      pin the folder, resolve the name
 *	name_lock(fs, caller, &op);            log what the caller holds, take the stripes of
 *	                                       folder and name
 *	name_find(fs, &op.place, &found);      what is there; stands still now
 *	...
 *	name_close(fs, &op);
 *
 * Thread rule: any thread; name_find without the stripes answers what was so at some moment of the
 * call, if name_still agrees afterwards.
 */
#pragma once

#include "fs/core/file_state.h"
#include "fs/core/folder.h"
#include "fs/core/fs_internal.h"

struct name_op {
	struct node_view parent;
	struct slice name; /* borrowed */
	struct path_place place;
	struct stripe_set stripes;
	bool locked;
};

/* -ESTALE, -ENOTDIR, -ENOENT (the folder was removed), and path_resolve's. Nothing to close then.
 */
must_check int name_open(struct fs *fs, uint64_t parent, struct slice name, struct name_op *ret_op);
/*
 * 0: the place is where it was resolved to. -EAGAIN: the folder, or one above it, was renamed, or
 * is just being renamed; the place is resolved anew. -ENOENT: the folder was removed.
 */
must_check int name_still(struct fs *fs, struct name_op *op);
/* -ENOENT: the folder was removed meanwhile; or the error of the logging. -EROFS. */
must_check int name_lock(struct fs *fs, const struct fs_caller *caller, struct name_op *op);
void name_close(struct fs *fs, struct name_op *op);

/*
 * Take the stripes of the name: it stands still until name_let_go or name_close. 0, or name_still's
 * -ENOENT and path_resolve's errors.
 */
must_check int name_hold_still(struct fs *fs, struct name_op *op);
/* Nothing when none are held. */
void name_let_go(struct fs *fs, struct name_op *op);

/* The stripes that a change of the name needs. */
void name_stripes(struct fs *fs, const struct name_op *op, struct stripe_set *set);

/* What a place can be as a file, as a folder; false: it cannot. Borrowed from the place. */
must_check bool place_as_file(const struct path_place *place, struct node_name *ret_name);
must_check bool place_as_folder(const struct path_place *place, struct node_name *ret_name);

struct found {
	struct node_name name; /* borrowed from the place */
	struct attr attr;      /* of a file; without its xattrs */
	bool held_creation;    /* a file that has no record yet */
	bool held;
};

/* -ENOENT: nothing. A folder hides the file of its name. */
must_check int name_find(struct fs *fs, const struct path_place *place, struct found *ret_found);

/* Look the place up: name_find and name_enter, right also while folders above it are renamed. With
 * or without the stripes. */
must_check int name_look_up(struct fs *fs, struct name_op *op, struct found *ret_found,
			    struct fs_entry *ret_entry);

/*
 * Answer a lookup of what was found after `ticket` (stripes_ticket) was read. The caller holds no
 * stripe (`op` not locked) or those of the name. -ENOENT: it went away.
 */
must_check int name_enter(struct fs *fs, struct name_op *op, const struct found *found,
			  uint64_t ticket, struct fs_entry *ret_entry);

/* Look up a name of which the caller knows that it is there if its stripe has not changed since
 * `ticket`; -EAGAIN when it has. */
must_check int name_enter_unchanged(struct fs *fs, const struct node_name *name, uint64_t ticket,
				    struct node_view *ret_view);

/* Whether a key shows that the folder is there: one that begins with its prefix, and whose path
 * leads through it. */
must_check int folder_has_keys(struct fs *fs, const struct node_name *folder);
