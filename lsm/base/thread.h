/*
 * Named threads that block every signal but the faults (SIGSEGV and its kin), so that signals reach
 * the program's own loop.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "lsm/base/compiler.h"

struct thread {
	pthread_t native;
	bool started;
};

/* Run body(arg) in a thread called name (cut at 15 bytes). -ENOMEM, or -EAGAIN with a sentence. */
must_check int thread_start(struct thread *t, const char *name, void (*body)(void *), void *arg);

/*
 * What the calling thread is to the scheduler, and with it which of two that want the same CPU goes
 * first: the slice of time that it runs for (EEVDF, Linux 6.12; an older kernel has one slice for
 * all). None gets more of the CPU for it.
 */
enum thread_kind {
	THREAD_PROMPT, /* others wait for it, or a time that has come: it runs when it is woken */
	THREAD_LONG,   /* works for a while in the background and gives way to who is woken */
};
void thread_set_kind(enum thread_kind kind);

/* Wait for its end; nothing when it was never started. */
void thread_join(struct thread *t);

/* CPUs that this thread may run on; 1 when that cannot be told. */
unsigned thread_cpus(void);
