/*
 * A file as it is at a moment: from the store, held, or without a name.
 *
 * Thread rule: see file_load.
 */
#pragma once

#include "fs/core/fs_internal.h"
#include "fs/core/node_lock.h"

enum file_source {
	FILE_STORED, /* a record; `record` has it */
	FILE_HELD,   /* empty, and waiting for its write (hold.h) */
	FILE_ORPHAN, /* nameless: view.node->orphan has it */
};

/* Zero-initialise it; end it with file_state_done. */
struct file_state {
	enum file_source source;
	struct attr attr;
	bool creation;            /* FILE_HELD: there is no record in the store */
	struct lsm_record record; /* FILE_STORED; attr.xattrs lie in it */
	struct lsm_record whole;  /* the same with its value, after file_load_value */
};

void file_state_done(struct file_state *state);

#define cleanup_file_state __attribute__((cleanup(file_state_done)))

/*
 * The file that the view names, without its value. -ENOENT: there is none.
 *
 * With the stripe held that is the truth. Without it: for a view that is not nameless only, and
 * what was loaded is that node's file if afterwards nodes_refresh finds nothing new.
 */
must_check int file_load(struct fs *fs, const struct node_view *view, struct file_state *state);

/*
 * As file_load, and a part of the value is read into range->into: *ret_len bytes, less than asked
 * for only at its end. One call to the engine. For a view that is not nameless.
 */
must_check int file_load_part(struct fs *fs, const struct node_view *view,
			      const struct lsm_range *range, size_t *ret_len,
			      struct file_state *state);

/* The whole value of a state, a small one, as state->whole.value. The stripe is held. */
must_check int file_load_value(struct fs *fs, const struct node_view *view,
			       struct file_state *state);

/* Attributes of the view's node, file or folder. Takes the stripe when it must. */
must_check int node_attr(struct fs *fs, struct node_view *view, struct stat *ret_stat);
/* A folder's links are counted by its name: without the stripe, as with file_load. */
void node_stat(struct fs *fs, const struct node_view *view, const struct attr *attr,
	       struct stat *ret_stat);
