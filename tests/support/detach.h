/*
 * Taking mounts off a mount point, also those whose daemon is dead.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

/* Whether this user can unmount FUSE mounts: as root, or through fusermount3. */
bool detach_is_possible(void);

/* Lazily unmount all that is mounted at the path itself. 0 also when that was nothing. */
must_check int detach_mounts(const char *mountpoint);
