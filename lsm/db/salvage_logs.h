/*
 * The logs of a damaged store: every whole record, wherever it stands.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/db/salvage_plan.h"
#include "lsm/mem/memtable.h"

/*
 * Put what log `number` has of changes above plan->flushed_seqno into the memtable, and tell what
 * is lost. *due is the change that should come next (0: not known), before and after.
 * plan->newest_seqno grows. The env's errors, -ENOMEM.
 */
must_check int salvage_log(struct env_dir *dir, uint64_t number, struct salvage_plan *plan,
			   struct salvage_losses *losses, uint64_t *due, struct memtable *memtable);
