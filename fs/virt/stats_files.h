/*
 * .stats, .stats.json and .stats.prom at the root of the mount, and the folder .stats.d with a file
 * for each group of metrics.
 *
 * Thread rule: as virt_folder.h.
 */
#pragma once

#include "fs/virt/stats.h"
#include "fs/virt/virt_folder.h"

struct stats_files {
	struct stats stats;
	struct virt_folder root, groups; /* internal */
};

/* `files` is borrowed until virt_free. */
must_check int stats_files_add(struct stats_files *files, struct virt *v);
