/*
 * Of each key the newest version that can be read, out of sources that may hold one version twice
 * and values that cannot be read. Patches are folded with the versions that they change
 * (lsm/tree/fold.h), and every value is made one of the new store (lsm/db/salvage_values.h).
 *
 *	PATCH @ 9       newest: seqno, time and meta
 *	PATCH @ 7
 *	LARGE @ 5       cannot be read: told, and passed over
 *	PUT @ 4         whole: 7, then 9, over 4
 *	PUT @ 2         not looked at
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/db/salvage_values.h"
#include "lsm/mem/iter.h"

/*
 * An iterator with first (once), next and value over `merged` (taken over, also by a failure), in
 * which equal versions come one after the other, and patches stay in memory as long as it lives.
 * plan and values are borrowed. Tombstones are passed on. Tells each version whose value is lost
 * unless a twin has it, and which older one takes its place; and each patched value that may lack
 * a change. -ENOMEM.
 */
must_check int salvage_newest(struct iter *merged, const struct salvage_plan *plan,
			      struct salvage_values *values, struct long_work *work,
			      struct iter **ret_iter);
