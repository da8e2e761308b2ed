/*
 * Searches over all keys, or their values, in memory that does not grow with the store.
 *
 * What was written before the call is found; the store is seen as it was at one moment.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/fs.h"

enum fs_search_in {
	FS_SEARCH_PREFIX,    /* keys that begin with the text; reads only those */
	FS_SEARCH_SUBSTRING, /* keys that contain it */
	FS_SEARCH_VALUE,     /* keys whose values contain it */
};

struct fs_search {
	enum fs_search_in in;
	struct slice text;    /* bytes; empty: all */
	uint64_t results_max; /* it ends after so many */
	size_t output_max;    /* ... or with so many bytes of paths */
	uint8_t separator;    /* behind each path */
};

/*
 * Append the paths of what is found to *ret_paths, in the order of their keys (path_encode). When
 * it ends early, *ret_cut is set. -ENOMEM; errors of reading.
 */
must_check int fs_search(struct fs *fs, const struct fs_search *search, struct buf *ret_paths,
			 bool *ret_cut);
/* How many are found; results_max, output_max and separator do not count. */
must_check int fs_search_count(struct fs *fs, const struct fs_search *search, uint64_t *ret_count);
