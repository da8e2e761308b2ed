/*
 * A file system of its own, of a few MiB, for tests that fill it; gone with the process.
 *
 * Thread rule: the main thread, before there are others.
 */
#pragma once

#include <stdint.h>

#include "lsm/base/compiler.h"

/*
 * Mount one on `path` (an empty folder) in a mount namespace of this process: "tmpfs", or "ext4" by
 * way of a file `path`.image. A negative errno: this user may not, or there is no such program or
 * file system.
 */
must_check int small_disk_mount(const char *type, const char *path, unsigned mib);
/* And remove the image. */
must_check int small_disk_unmount(const char *path);

/* Bytes that this user can still write. */
uint64_t small_disk_free(const char *path);

/*
 * Take space by a file that is no store's, or more of it: `bytes`, or (UINT64_MAX) all there is,
 * down to the last byte. 0, and how much it was; or it could not even be made.
 */
must_check int ballast_make(const char *folder, const char *name, uint64_t bytes,
			    uint64_t *ret_taken);
/* Its space is there for others on return: ext4 gives it back with the next commit of its journal.
 */
void ballast_drop(const char *folder, const char *name);
