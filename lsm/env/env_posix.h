/*
 * The kernel's file system and clocks.
 */
#pragma once

#include "lsm/env/env.h"

/* The one instance; env_free does nothing to it. */
struct env *env_posix(void);

/*
 * Whether the file or folder `path`, which may be absent, is the folder `folder` or lies in it, in
 * whatever way it is named. 0 or a negative errno, with a sentence.
 */
must_check int env_posix_is_within(const char *path, const char *folder, bool *ret_within);
