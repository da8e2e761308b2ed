/*
 * The logs of a damaged store: every whole record, wherever it stands.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/db/salvage_plan.h"
#include "lsm/mem/memtable.h"

/* How far the logs have been read. Zero-initialise. */
struct salvage_log_end {
	uint64_t due; /* the change that should come next; 0: not known */
	/*
	 * A stretch that is no record, until the next record, be it in a newer log, says what
	 * changes it had; behind the last one it may be what a crash tore, and is the caller's to
	 * judge.
	 */
	bool gap;
	uint64_t log, offset, bytes; /* where it begins */
	bool log_counted;            /* among the damaged ones */
};

/*
 * Put what log `number` has of changes above plan->flushed_seqno into the memtable, and tell what
 * is lost but for a gap at the end. plan->newest_seqno grows. The env's errors, -ENOMEM.
 */
must_check int salvage_log(struct env_dir *dir, uint64_t number, struct salvage_plan *plan,
			   struct salvage_losses *losses, struct salvage_log_end *end,
			   struct memtable *memtable);

/* Tell the gap, if there is one, as lost. until: the change that does come next; 0: none does. */
void salvage_log_tell_gap(struct salvage_losses *losses, struct salvage_log_end *end,
			  uint64_t until);
