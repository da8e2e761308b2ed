/*
 * The tables of a damaged store, as sources of records.
 *
 * Tables whose keys do not overlap follow each other in one source, which has one of them open at a
 * time: so there are about as many sources, and open files, as the store had levels and level 0
 * tables.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/db/salvage_plan.h"
#include "lsm/mem/iter.h"

/*
 * The sources: iterators with first (once), next and value. They borrow dir, plan and losses, and
 * count and tell what they come by. The values of large records are lists of extents that make
 * sense; others cannot be read. The array and the iterators in it are the caller's, also after
 * a failure. -ENOMEM.
 */
must_check int salvage_tables(struct env_dir *dir, const struct salvage_plan *plan,
			      struct salvage_losses *losses, struct iter ***ret_sources,
			      size_t *ret_count);
