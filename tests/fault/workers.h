/*
 * Numbered jobs on several processes, so that one that crashes or hangs costs one job and is told
 * by its number.
 *
 * Thread rule: the main thread of a process without others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/fault/trial.h"

struct workers_job {
	uint64_t count; /* jobs 0 .. count - 1 */
	/* In a worker process, whose store is at `path`. False: failed, why in `why`. */
	bool (*run)(void *arg, uint64_t job, const char *path, struct trial_board *board,
		    char why[WORKLOAD_TEXT_MAX]);
	/* What job it is, for people. */
	void (*describe)(void *arg, uint64_t job, char text[WORKLOAD_TEXT_MAX]);
	void *arg;
};

/* Run them all; each failure is a TAP note. Returns the number of failures. */
uint64_t workers_run(const struct workers_job *job, const char *folder);
