/*
 * Taking a file's name away, for unlink and for what a rename replaces.
 *
 * Thread rule: the stripes of the file and its folder are held.
 */
#pragma once

#include "fs/core/names.h"

/* -ENOTEMPTY: a key below it, a held creation, or a value of its own. */
must_check int folder_check_empty(struct fs *fs, const struct node_name *folder);

/* The node of a file that loses its name, and what is needed then. Zero-initialise it; end it with
 * removal_done. */
struct removal {
	struct node_view view; /* node NULL: the kernel does not know the file */
	struct orphan *orphan; /* owned; NULL: nobody can be using it */
	bool pending;          /* prepared and not committed */
};

/* Before the change: keep the content for those who use the file. -ENOMEM. */
must_check int removal_prepare(struct fs *fs, const struct found *file, struct removal *r);
/* The change is in the log, committed at that time. */
void removal_commit(struct fs *fs, struct removal *r, int64_t time_ns);
void removal_done(struct fs *fs, struct removal *r);
