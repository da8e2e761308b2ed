/*
 * Ctrl-C during long work: it is stopped between two steps, and says how far it came.
 *
 * Thread rule: one thread begins and ends; any thread asks.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "lsm/base/compiler.h"

/*
 * From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending the program; the second one
 * ends it all the same. From then on a call of this thread that waits fails with EINTR within
 * 20 ms, also one that had not begun to wait. `also` (borrowed until interrupt_end; may be NULL)
 * becomes true then.
 */
void interrupt_begin(_Atomic bool *also);
/* As it was before. */
void interrupt_end(void);

/* Whether one came since interrupt_begin. */
bool interrupted(void);
/* 0, or -ECANCELED when one came. */
must_check int interrupt_check(void);
