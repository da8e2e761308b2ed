/*
 * Bytes of a file whose name stands still.
 *
 * Thread rule: the stripe of the view's name is held.
 */
#pragma once

#include "fs/core/file_state.h"
#include "fs/core/fs_internal.h"

/* A part of the file, wherever it is: *ret_len bytes, less than asked for only at its end. */
must_check int content_read(struct fs *fs, const struct node_view *view,
			    const struct lsm_range *range, size_t *ret_len);

/* As lsm_seek, of a file wherever it is. */
must_check int content_seek(struct fs *fs, const struct node_view *view, uint64_t offset,
			    enum lsm_stretch wanted, uint64_t *ret_offset);

/*
 * Put bytes, at least one, at offset; before them zeros where there was nothing. The caller has
 * checked the size. One change, in the log or, of a nameless file, in memory; what the node holds
 * becomes a part of it.
 */
must_check int content_write(struct fs *fs, const struct fs_caller *caller,
			     const struct node_view *view, uint64_t offset, struct slice bytes);

/*
 * As content_write, a change without bytes, of the file in `state` (file_load's): zeros at an
 * offset, which reach the size if that grows; or none, and it grows.
 */
must_check int content_zero(struct fs *fs, const struct fs_caller *caller,
			    const struct node_view *view, struct file_state *state,
			    const struct lsm_patch *patch);

/*
 * A new record with the attributes in `state`, whose size may be another one: whole, or a patch
 * that leaves the value where it is. The state is FILE_STORED; its attributes then have the times
 * of the commit.
 */
must_check int content_put_attr(struct fs *fs, const struct node_view *view,
				struct file_state *state);
