/*
 * File descriptors 0, 1 and 2 of a program.
 *
 * A program may be started with some of them closed. Then the next file opened takes such a number,
 * and what is meant for standard error ends in it: in a store's log, say.
 */
#pragma once

#include "lsm/base/compiler.h"

/*
 * Open /dev/null on those of 0 to 2 that are closed, the wrong way round: reading from 0 and
 * writing to 1 and 2 goes on to fail with EBADF, for what is lost is to be told. To be called
 * before anything else is opened. 0 or a negative errno.
 */
must_check int standard_fds_fill(void);
