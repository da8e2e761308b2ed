/*
 * Large values in the history of a store that is to be damaged: puts, patches and copies, and what
 * they come to.
 *
 * Each change of a large key ends by a patch that writes its name to the value's beginning, so no
 * two values of the key are the same. What blob files hold is small all the same, since LZ4 makes
 * most of it so: every bit of it is turned.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/rng.h"
#include "tests/rot/rot_store.h"

/* Add a change of a random large key to the batch, as part of change n. */
void rot_change_large(struct rot_store *s, struct lsm *db, struct lsm_batch *batch, struct rng *rng,
		      uint32_t n);

/* The value that change n gave a large key; it was one. */
struct slice rot_large_value(const struct rot_store *s, int key, uint32_t n);
/* Which change gave it this value; 0: none. */
uint32_t rot_large_change(const struct rot_store *s, int key, struct slice value);
