/*
 * Keys that make awkward names, and the paths at which they are to be found: some written down
 * here, the rest at random (APEX_SEED).
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdint.h>

#include "lsm/base/buf.h"

struct key {
	struct buf key;
	char *path; /* owned */
	unsigned seen;
};

struct keys {
	uint8_t separator;
	struct key *items; /* owned */
	size_t count, cap;
};

must_check int keys_make(uint8_t separator, struct keys *ret_keys);
void keys_done(struct keys *keys);
