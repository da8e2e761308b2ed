/*
 * The memtable's iterator. Private to lsm/mem: others use memtable_iter (lsm/mem/memtable.h).
 */
#pragma once

#include "lsm/mem/iter.h"
#include "lsm/mem/memtable.h"
#include "lsm/mem/skip_list.h"

/* An iterator over list, which belongs to m; holds a reference to m. -ENOMEM. */
must_check int memtable_iter_new(struct memtable *m, const struct skip_list *list,
				 struct iter **ret_iter);
