/*
 * A process that changes files in a folder of its own on the mount, in every way that a store can,
 * and notes each change in its history.
 */
#pragma once

#include "tests/kill/folder_model.h"
#include "tests/kill/history.h"

struct writer_task {
	const char *root;                 /* the mount point */
	const struct folder_model *model; /* the folder as it is */
	struct history *history;          /* shared */
	uint64_t seed;
};

/* Until a call fails, as the daemon has died, or the history is full; the process then exits with
 * 0. */
_Noreturn void writer_run(const struct writer_task *task);
