/*
 * A folder for one run of a test program, in TMPDIR or else /tmp.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/compiler.h"

/* A new, empty folder whose name begins with `name`; its absolute path is the caller's. */
must_check int scratch_make(const char *name, char **ret_path);

/*
 * Remove the folder and all in it, as far as possible; never anything on another file system
 * mounted there. -EBUSY, ...: what is left could not be removed. Any thread's calls after a fork
 * are fine.
 */
must_check int scratch_remove(const char *path);
