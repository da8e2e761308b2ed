/*
 * The entries of a folder, out of its keys: a skip scan. What lies below a subfolder is stepped
 * over with one seek, so the scan costs about one move for each entry, however many keys there are.
 * Memory does not grow with the folder.
 *
 * Where a file "a" and keys below "a/" exist, the folder hides the file; between the two may stand
 * other keys ("a!"), so a file is answered only when what follows shows that there is no such
 * folder.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "fs/core/dir_source.h"

struct dir_scan {
	struct dir_source source;
	struct node_key *folder; /* owned reference */
	struct buf passed;       /* what the keys to step over begin with */
	bool ended;              /* no key can follow, wherever the source stands */
	/* the last partial entry, whose keys do not stand together (path.h); len 0: none yet */
	char partial_name[PATH_NAME_MAX + 1];
	size_t partial_len;
	/* the entry; set by dir_scan_next */
	struct path_entry entry; /* its name */
	struct buf key;          /* a file's key, a folder's prefix */
	struct node_name name;   /* with these bytes */
	struct attr attr;        /* at the time of the snapshot; without xattrs */
	bool attr_known;         /* else it was held */
};

must_check int dir_scan_open(struct fs *fs, struct node_key *folder, struct dir_scan *ret_scan);
void dir_scan_done(struct fs *fs, struct dir_scan *scan);
void dir_scan_restart(struct dir_scan *scan);
/* -ENOENT at the end. */
must_check int dir_scan_next(struct fs *fs, struct dir_scan *scan);
