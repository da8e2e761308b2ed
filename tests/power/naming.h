/*
 * Named snapshots in a story: making and dropping them, and whether a store after a cut has those
 * that it must have, showing what they showed when they were made.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "tests/power/story.h"

/* What a cut leaves of a naming that was begun is either. */
struct naming_promises {
	uint32_t done[STORY_NAMES]; /* the last naming answered of each name; 0: none */
	uint32_t begun;             /* and not answered; 0: none */
};

/* The story begins with the names that the store has. NULL, or what is wrong. */
const char *namings_begin(struct namings *n, struct lsm *db);

/*
 * Naming n->tried + 1: make or drop a snapshot at random, of the store that holds `now`. Noted in
 * n before it is done. False: there is no room for another.
 */
must_check bool naming_begin(struct namings *n, struct rng *rng, const struct world *now);
/* Do what naming_begin noted. */
must_check int naming_end(const struct namings *n, struct lsm *db);

/* NULL, or what is wrong with the names that the store has. */
const char *namings_check(const struct namings *n, const struct naming_promises *promised,
			  struct lsm *db);
/* The same when all namings have been answered. */
const char *namings_check_all(const struct namings *n, struct lsm *db);
