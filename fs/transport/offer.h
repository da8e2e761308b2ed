/*
 * Whether this machine's kernel may be asked for FUSE over io_uring.
 *
 * The kernel has it since 6.14, and offers it to new mounts while the module parameter
 * fuse.enable_uring is Y. The parameter is root's, for all FUSE mounts of the machine: it is read
 * here and never written.
 */
#pragma once

#include "lsm/base/compiler.h"

/* 0, or -EOPNOTSUPP with a sentence. `path` is that of the parameter: OFFER_PARAMETER, except in
 * tests. */
must_check int offer_check(const char *path);

#define OFFER_PARAMETER "/sys/module/fuse/parameters/enable_uring"
