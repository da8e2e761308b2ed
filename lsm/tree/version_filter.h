/*
 * Decides which versions a flush or a compaction must write out, record by record, in record order.
 *
 * The readers of a store are its snapshots and everybody who reads what is newest. A reader at
 * seqno s sees, of each user key, the newest version with seqno <= s. So the snapshots s1 < s2 <
 * ... cut the seqnos into strata: stratum 0 is up to s1, stratum 1 is above s1 up to s2, ..., and
 * the newest stratum is above them all. Within one stratum only the newest version of a key has a
 * reader.
 *
 *	seqno      1    3    4  | s1 = 5 |  6    8    9  | s2 = 10 |  12
 *	stratum        0        |        |      1        |         |  2
 *	key a     put   .  put  |        | put  put  del |         | put
 *	written         .   4   |        |            9  |         |  12
 *
 * A tombstone hides the older versions of its key from the readers of its stratum. A version in an
 * older stratum must stay hidden, and so the tombstone (9 above hides 4) is written. In stratum 0
 * nothing older is written by this job: all of it is in the same stratum. So there a tombstone is
 * needless, unless an older version lies in a table that is not among the inputs:
 *
 *	level n    run 8  (output)   del a @ 9      a new run of level n: below_level is n
 *	           run 5             put a @ 4      dropping 9 would bring back 4
 *	level n+1  run 3             put a @ 2      ... or 2
 *
 * They are looked up in the version that the job was picked from, `below`, in the levels from
 * `below_level` on. That version is enough, whatever runs beside: flushes bring newer changes only,
 * and all else that jobs write they took from tables of that version. And those levels are enough,
 * since older versions of a key lie behind newer ones (version.h):
 *
 * - A job that joins the only run of its output level, or merges in place, has made all that
 * overlaps there its input (lsm/tree/picker.c): older ones lie deeper, below_level is the next
 * level. So it is for the level that it takes tables from: all that overlaps, or tables of an only
 * run.
 * - A job whose output becomes a new run on top leaves the runs of the output level alone:
 * below_level is the output level itself. If the level above, where the inputs are from, counted
 * too, no tombstone would ever go; it need not, as the job takes all that overlaps there.
 * - Level 0: a compaction takes a table with all that overlap it, or overlap those, so no older a
 * stays behind; level 0 is never the output of a compaction.
 * - Memtables: a flush writes out the oldest, so older versions are in tables. For a flush `below`
 * is the whole tree, level 0 too.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/mem/record.h"
#include "lsm/tree/version.h"

struct version_filter {
	const uint64_t *snapshots; /* borrowed; ascending */
	size_t snapshot_count;
	const struct version *below; /* borrowed: what lies below the inputs ... */
	int below_level;             /* ... is in its levels from this one on */
	bool takes_patches;          /* the records are a memtable's; tables hold none */
	/* The record before: */
	struct buf key;
	uint64_t seqno;
	size_t stratum;
	bool key_kept; /* a version of this key was kept */
};

enum version_verdict {
	VERSION_DROP,
	VERSION_KEEP,
	VERSION_KEEP_FIRST, /* the first kept of its user key: a table may end before it */
};

/* Fill the public fields of a zero-initialised filter; end it with this. */
void version_filter_done(struct version_filter *f);

/*
 * Judge the next record. -EUCLEAN: records out of order, or a kind that this version does not know
 * (both can only come from disk); -ENOMEM.
 */
must_check int version_filter_next(struct version_filter *f, const struct record *rec,
				   enum version_verdict *ret_verdict);
