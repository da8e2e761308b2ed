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
 * ends it all the same. System calls go on, but for a wait for input. `also` (borrowed until
 * interrupt_end; may be NULL) becomes true then, at once when one was noted before.
 */
void interrupt_begin(_Atomic bool *also);
/* As it was before. */
void interrupt_end(void);

/* Whether one came since interrupt_begin. */
bool interrupted(void);
/* 0, or -ECANCELED when one came. */
must_check int interrupt_check(void);

/*
 * Around a system call that waits for input: a signal that comes before or during it ends it with
 * EINTR within 20 ms. -EINTR: one came, and there is nothing to wait for, nor to end.
 */
must_check int interrupt_wait_begin(void);
void interrupt_wait_end(void);
