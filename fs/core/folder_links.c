#include "fs/core/folder_links.h"

#include <errno.h>

#include "fs/core/dir_scan.h"

static int scan_subfolders(struct fs *fs, struct dir_scan *scan, int64_t *ret_count)
{
	unsigned entries = 0;
	int64_t count = 0;
	int err;

	while ((err = dir_scan_next(fs, scan)) == 0) {
		if (++entries > FOLDER_LINKS_ENTRIES) {
			*ret_count = SUBFOLDERS_MANY;
			return 0;
		}
		count += scan->name.folder;
	}
	if (err != -ENOENT)
		return err;
	*ret_count = count;
	return 0;
}

/* SUBFOLDERS_UNKNOWN: an error. */
static int64_t count_subfolders(struct fs *fs, const struct node_view *view)
{
	struct subfolders before = nodes_subfolders(&fs->nodes, view->node);
	struct dir_scan scan;
	int64_t count = before.count;

	if (count != SUBFOLDERS_UNKNOWN || dir_scan_open(fs, view->key, &scan) < 0)
		return count;
	if (scan_subfolders(fs, &scan, &count) == 0)
		nodes_subfolders_counted(&fs->nodes, view, before, count);
	dir_scan_done(fs, &scan);
	return count;
}

unsigned folder_links(struct fs *fs, const struct node_view *view)
{
	int64_t count = count_subfolders(fs, view);

	return count < 0 ? FOLDER_LINKS_UNCOUNTED : FOLDER_LINKS_NONE + (unsigned)count;
}
