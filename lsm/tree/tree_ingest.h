/*
 * Loads an empty tree from sorted input: straight into tables of the last level, without memtable,
 * log or compaction.
 */
#pragma once

#include "lsm/mem/iter.h"
#include "lsm/sst/table_part.h"
#include "lsm/tree/tree.h"

/*
 * Write what `source` (borrowed; walked once, from its first record on) holds into one run of
 * tables of the last level, and durably install them all at once. Of each key the newest
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

/* The same by hand, for one version of each key, in order. Thread rule: one thread at a time. */
struct tree_ingest;

/* As above. One more: begun, it is ended by tree_ingest_end. */
must_check int tree_ingest_begin(struct tree *t, uint64_t flushed_seqno,
				 struct tree_ingest **ret_ingest);
/* How parts are to be made, good until the end; and about how large a table becomes. */
const struct table_options *tree_ingest_table_options(const struct tree_ingest *in);
uint64_t tree_ingest_table_bytes(const struct tree_ingest *in);
/* A record whose value is loaded, and no tombstone; or a part of such, none of them LARGE. All keys
 * are after those before: that is asserted. An error is final. */
must_check int tree_ingest_add(struct tree_ingest *in, const struct record *rec);
must_check int tree_ingest_add_part(struct tree_ingest *in, const struct table_part *part);
/* Durably install all tables. */
must_check int tree_ingest_finish(struct tree_ingest *in);
/* Free it; what is not installed goes from the disk. NULL is allowed. */
void tree_ingest_end(struct tree_ingest *in);
