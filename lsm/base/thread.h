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

/* Wait for its end; nothing when it was never started. */
void thread_join(struct thread *t);
