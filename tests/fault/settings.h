/*
 * What the fault programs take from their arguments and environment, and their scratch folder: in
 * memory (/dev/shm) if it can be, since each trial has a store of its own.
 *
 * Thread rule: the main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"
#include "lsm/lsm.h"

struct settings {
	uint64_t seed;   /* APEX_SEED, or 1 */
	uint64_t stride; /* APEX_FAULT_STRIDE, or 1 */
	bool is_long;    /* argument "long" */
	char *folder;    /* owned */
};

/* False, with a sentence on standard error: wrong arguments, or no folder. */
must_check bool settings_begin(struct settings *s, const char *name, int argc, char **argv);
void settings_end(struct settings *s);

/* The one sync mode of a quick run: APEX_SYNC_MODE (0 .. 3) or one that the seed chooses. */
enum lsm_sync_mode settings_mode(const struct settings *s);
