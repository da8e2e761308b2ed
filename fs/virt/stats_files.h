/*
 * .stats and .stats.json, at the root of the mount.
 *
 * Thread rule: as virt_folder.h.
 */
#pragma once

#include "fs/virt/virt_folder.h"
#include "lsm/lsm.h"

struct stats_files {
	struct lsm *db; /* borrowed */
	struct fs *fs;  /* borrowed */
	/* Appends lines of the transport's own to the text; may be NULL. */
	int (*more)(void *arg, struct buf *text);
	void *more_arg;
	struct virt_folder table; /* internal */
};

/* `files` is borrowed until virt_free. */
must_check int stats_files_add(struct stats_files *files, struct virt *v);
