/*
 * A random test run for seed after seed, in several processes: a run that aborts ends only its own.
 *
 * Thread rule: the main thread of a process without other threads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

enum {
	SEEDS_WORKERS_MAX = 64,
};

struct seeds {
	uint64_t first;
	uint64_t count;   /* UINT64_MAX: until enough */
	unsigned workers; /* processes; 0: one for each CPU */
	/* In a worker. False: it failed, and has said why. What others are to know of it lies in
	 * memory shared by the caller (seeds_share). */
	bool (*run)(void *arg, uint64_t seed);
	bool (*enough)(void *arg); /* NULL: never; asked before each seed */
	void *arg;
};

/* Take a given APEX_SEED as the one seed there is. */
void seeds_take_environment(struct seeds *s);

/* Zeroed memory that the workers share with this process; NULL without memory. Ends with it. */
void *seeds_share(size_t size);

/* Run them; after a failure no more are begun. True when all succeeded. */
must_check bool seeds_run(const struct seeds *s);
