/*
 * Folding: the versions of one key, newest first, down to a whole one, become a value that can be
 * read (lsm/blob/value_view.h).
 *
 *	newest   PATCH @ 9      memtable being written       fold_add_versions
 *	         PATCH @ 7      a full memtable              fold_add_versions
 *	         LARGE @ 4      a table                      fold_add_table
 *	                                                     fold_apply: 7, then 9, over 4
 *
 * Patches are only in memtables: a flush folds them, so tables hold whole values, and a read looks
 * at one version in them, as ever.
 *
 * Zero-initialise, end with fold_done. Borrows what it is given from memtables: the caller keeps
 * them. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/blob/value_view.h"
#include "lsm/tree/tree.h"

struct fold_patch {
	struct slice meta, value; /* of the record */
};

struct fold {
	struct value_map map;
	struct value_view view; /* what has been applied */
	uint64_t seqno;         /* of the newest version applied; 0: none */
	struct table_hit base;  /* owned: holds the base, if it is a table's */
	/* Since the last fold_apply: */
	struct fold_patch *patches; /* owned; newest first */
	size_t count, cap;
	uint64_t newest; /* seqno of the first of them */
	bool has_base;   /* the versions added reached a whole one */
};

void fold_done(struct fold *f);

/*
 * Add the next older version, and its value; of a tombstone there is none. has_base is set by a
 * whole one. -ENOMEM, -EUCLEAN.
 */
must_check int fold_add(struct fold *f, const struct record *rec, struct slice value);

/*
 * Add the versions of key up to seqno that `versions` (of a memtable) holds, down to those that
 * have been applied before, or to a whole one: then has_base is set, and what had been applied is
 * forgotten. -ENOMEM, -EUCLEAN.
 */
must_check int fold_add_versions(struct fold *f, struct iter *versions, struct slice key,
				 uint64_t seqno);

/* If no whole version was added: the one in the tables of v, or an empty value when there is none.
 */
must_check int fold_add_table(struct fold *f, struct tree *t, const struct version *v,
			      struct slice key, uint64_t seqno);

/* Apply what was added. After an error the fold is only good for fold_done. */
must_check int fold_apply(struct fold *f);
