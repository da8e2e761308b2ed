/*
 * Of each key the newest version that can be read, out of sources that may hold one version twice
 * and values that cannot be read.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/db/salvage_losses.h"
#include "lsm/mem/iter.h"

/*
 * An iterator with first (once), next and value over `merged` (taken over, also by a failure), in
 * which equal versions come one after the other. Tombstones are passed on. Tells each version whose
 * value is lost unless a twin has it, and which older one takes its place. -ENOMEM.
 */
must_check int salvage_newest(struct iter *merged, struct salvage_losses *losses,
			      struct iter **ret_iter);
