/*
 * About how many records a range holds, of what is known without reading them: the bounds and
 * counts of the tables, as the manifest has them.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"

/* The part of the keys from `first` to `last`, both included, that is before `key`: 0 to 1, as if
 * the keys were spread evenly behind what the two begin with alike. */
double key_share_before(struct slice key, struct slice first, struct slice last);

/*
 * Of the range from `from` to before `to`, empty ones: no bound. A record that was replaced may
 * count twice. 0: not known.
 */
uint64_t record_estimate(struct lsm *db, const char *store, struct slice from, struct slice to);
