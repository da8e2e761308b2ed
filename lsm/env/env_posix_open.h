/*
 * How the kernel's files and folders are opened and made.
 *
 * Private to env_posix*.c and its tests. Thread rule: any thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

/*
 * Open a regular file with these open(2) flags, never through a symlink (-ELOOP); with O_CREAT its
 * mode is 0600 in the end. A file that O_EXCL made is removed again when that fails. 0 or a
 * negative errno, with a sentence.
 */
must_check int posix_open_regular(int dir_fd, const char *name, int flags, int *ret_fd);

/*
 * A descriptor of the folder at `path`; with `create` an absent one is made first, 0700 whatever
 * the umask, and its parent synced. 0 or a negative errno, with a sentence.
 */
must_check int posix_open_folder(const char *path, bool create, int *ret_fd);

/*
 * Whether `path` is the folder of descriptor fd or lies anywhere below it, whatever symlinks lead
 * there; of a path that does not exist, whether it would. No sentence.
 */
must_check int posix_folder_holds(int fd, const char *path, bool *ret_holds);

/* fsync of a folder; on a file system that has no such thing it counts as done. No sentence. */
must_check int posix_sync_folder(int fd);
