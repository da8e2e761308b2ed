/*
 * The link count of a folder: 2, and one for the ".." of each subfolder, as POSIX folders have it.
 *
 * Nothing of it is in the store. It is counted when somebody asks first, by a scan of the folder
 * (dir_scan.h), and then kept in the node: a folder made here starts with none. The scan of a large
 * folder would cost more than a link count is worth, so it gives up after FOLDER_LINKS_ENTRIES, and
 * the count is 1: what file systems say that do not count, which programs that step through trees
 * know (find, for one, would believe a 2).
 *
 * Thread rule: any thread, with or without the folder's stripe.
 */
#pragma once

#include "fs/core/fs_internal.h"

enum {
	FOLDER_LINKS_UNCOUNTED = 1,
	FOLDER_LINKS_NONE = 2,     /* "." and the name in the folder above */
	FOLDER_LINKS_ENTRIES = 64, /* that a scan looks at */
};

/* Of a folder that has its name. An error of the scan is no answer to who asks for attributes:
 * FOLDER_LINKS_UNCOUNTED then, and the next time it is tried again. */
unsigned folder_links(struct fs *fs, const struct node_view *view);
