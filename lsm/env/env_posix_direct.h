/*
 * A new file, written past the page cache (O_DIRECT): ENV_CREATE_DIRECT.
 *
 * The kernel takes whole blocks from aligned memory at aligned places only, so appends are gathered
 * in a room of such memory; what is no whole block at a sync is written through the page cache, as
 * is everything after it.
 *
 * Private to env_posix*.c. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/env/env.h"

/* Errors as of opening with ENV_CREATE. Where the file system knows no O_DIRECT it is written
 * through the page cache. */
must_check int posix_direct_create(int dir_fd, const char *name, struct env_file **ret_file);
