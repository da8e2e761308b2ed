/*
 * The operations: names (names.c), files that are open (files.c, holes.c), mappings (mappings.c).
 *
 * Each does one thing with the folder and the model, or nothing when nothing is there to do it
 * with. False: `trouble` says what is wrong.
 *
 * Thread rule: as exercise.h.
 */
#pragma once

#include "tests/mount/exerciser/exercise.h"

/* names.c */
must_check bool op_create(struct exercise *x);
must_check bool op_save(struct exercise *x); /* a new file beside it, renamed over it */
must_check bool op_mkdir(struct exercise *x);
must_check bool op_rmdir(struct exercise *x);
must_check bool op_unlink(struct exercise *x);
must_check bool op_symlink(struct exercise *x);
must_check bool op_rename(struct exercise *x);
must_check bool op_chmod(struct exercise *x);
must_check bool op_lstat(struct exercise *x);
must_check bool op_list(struct exercise *x);

/* files.c */
must_check bool op_open(struct exercise *x);
must_check bool op_close(struct exercise *x);
must_check bool op_overwrite(struct exercise *x); /* as echo > file does */
must_check bool op_append(struct exercise *x);    /* as echo >> file does */
must_check bool op_write(struct exercise *x);
must_check bool op_read(struct exercise *x);
must_check bool op_truncate(struct exercise *x);
must_check bool op_copy(struct exercise *x);
must_check bool op_sync(struct exercise *x);
must_check bool op_fstat(struct exercise *x);

/* holes.c */
must_check bool op_allocate(struct exercise *x);
must_check bool op_seek(struct exercise *x);

/* mappings.c */
must_check bool op_map(struct exercise *x);
must_check bool op_map_write(struct exercise *x);
must_check bool op_map_read(struct exercise *x);
must_check bool op_unmap(struct exercise *x);

/* ---- shared by them ---- */

/* A name in a folder there is; the entry itself may or may not be. */
void names_draw(struct exercise *x, char ret_path[MODEL_PATH_MAX]);
/* A random file that has a name; NULL: there is none. */
struct model_node *names_draw_file(struct exercise *x);

/* Keep what was opened; when all handles are taken, one of them is closed. */
must_check bool files_keep(struct exercise *x, int fd, int flags, struct model_node *node);
must_check bool files_close(struct exercise *x, struct exercise_handle *handle);
/* An open file for reading, writing or both, opened when there is none; NULL: trouble, or there are
 * no files. */
struct exercise_handle *files_draw(struct exercise *x, bool reads, bool writes);
/* write(2) of new random bytes to a file that is open. */
must_check bool files_write(struct exercise *x, struct exercise_handle *handle, size_t len);

/* With MS_SYNC first, if synced. */
must_check bool mappings_close(struct exercise *x, struct exercise_mapping *mapping, bool synced);

/* compare.c: one folder's entries, one node by its name, what is open. */
must_check bool compare_folder(struct exercise *x, const struct model_node *folder);
must_check bool compare_node(struct exercise *x, const struct model_node *node);
must_check bool compare_handle(struct exercise *x, const struct exercise_handle *handle);
must_check bool compare_mapping(struct exercise *x, const struct exercise_mapping *mapping);
