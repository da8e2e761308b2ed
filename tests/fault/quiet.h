/*
 * The store's background threads, watched through the pthread calls they make (linker option
 * --wrap): a test can wait until none has anything to do, so that the system calls of a workload
 * come in the same order in each run, and it can let the start of a thread fail.
 *
 * A thread has nothing to do while it sleeps in a condition that nobody has signalled since. The
 * pauses before another try of a failed job (up to QUIET_PAUSE_MAX_MS) last a millisecond instead;
 * a job that fails again and again is waited for a few times only.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdint.h>

enum {
	QUIET_THREADS_MAX = 64,
	QUIET_PAUSE_MAX_MS = 2000,
	QUIET_TRIES = 2, /* pauses in a row after which a thread counts as asleep */
};

/* Wait for it. */
void quiet_wait(void);

/* The start of thread n, counted from 0 from now on, fails with EAGAIN; UINT64_MAX: none does. */
void quiet_fail_start(uint64_t n);
/* Starts since then, with the refused one; and whether that came: 0 or 1. */
uint64_t quiet_starts(void);
uint64_t quiet_starts_refused(void);
