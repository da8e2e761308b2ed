/*
 * A file that never changes, read through a mapping.
 *
 * What is read is copied, so it can be checked once and used. Reading a page of a mapping that is
 * not there any more (the file was cut short behind our back, or the disk cannot read it) is a
 * SIGBUS, not an error: while such a copy is under way a handler ends it, and the bytes are read
 * with pread(2), which says what is wrong. A SIGBUS that is not ours goes to whoever handled it
 * before.
 *
 * Private to env_posix*.c. Thread rule: as env.h.
 */
#pragma once

#include "lsm/env/env.h"

/* Errors as of opening with ENV_READ. A file that cannot be mapped is read without. */
must_check int posix_map_open(int dir_fd, const char *name, struct env_file **ret_file);
