/*
 * The engine's long work: with a meter, and stopped by Ctrl-C.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"
#include "lsm/cli/meter.h"

struct watched {
	struct meter meter;
	struct long_work *work; /* borrowed */
};

/* Begin, before the call of the engine, with the options' work; what: a word, borrowed. */
void watched_begin(struct watched *w, const char *what, const struct lsm_options *options);
/* The call has ended, with this. When it was stopped that is said, with `left` about what there is
 * now; other errors are the caller's to report. */
void watched_end(struct watched *w, int error, const char *left);
