/*
 * Loads an empty tree from sorted input: straight into tables of the last level, without memtable,
 * log or compaction.
 */
#pragma once

#include "lsm/mem/iter.h"
#include "lsm/tree/tree.h"

/*
 * Write what `source` (borrowed; walked once, from its first record on) holds into one run of
 * tables of the last level, and durably install them all with one edit. Of each key the newest
 * version is taken; a tombstone hides the older ones and is not written. Seqnos, times and metas
 * are kept. The blob files of this tree that a LARGE record names stay until the iterator's next
 * move. From then on the tree's flushed seqno is flushed_seqno, or the highest in `source` if
 * that is more.
 *
 * No other job or writer uses the tree meanwhile. -ENOTEMPTY: it holds tables or logs. -EINVAL:
 * flushed_seqno is below the tree's. -EUCLEAN: `source` is out of order (a version twice, too). On
 * failure the tree is as before.
 */
must_check int tree_ingest(struct tree *t, struct iter *source, uint64_t flushed_seqno);
