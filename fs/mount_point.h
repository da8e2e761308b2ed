/*
 * The places of a mount: where the store lies, and what must hold of the mount point.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

/*
 * The absolute path of the store folder `store`, which need not exist; its parent must. Owned by
 * the caller. -ENOENT, -ENOTDIR...
 */
must_check int mount_point_store_path(const char *store, char **ret_path);

/*
 * Check that `mountpoint` is an empty folder, that nothing is mounted on it, and that neither it
 * nor the store (an absolute path) lies in the other. What a killed daemon left mounted there is
 * detached first, and logged. Its absolute path is the caller's. -ENOENT, -ENOTDIR, -EBUSY,
 * -ENOTEMPTY, -EINVAL...
 */
must_check int mount_point_check(const char *mountpoint, const char *store_path,
				 char **ret_mountpoint);

/* Whether something is mounted on the folder at this very path. False, too, when that cannot be
 * told. */
bool mount_point_in_use(const char *path);
