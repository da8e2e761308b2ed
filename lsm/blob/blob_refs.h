/*
 * A set of blob files with what is named in each: what a table, a batch or a value holds on to.
 *
 * Zero-initialise, end with blob_refs_done. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/blob/blob_store.h"

struct blob_ref {
	uint64_t number;
	uint64_t bytes;         /* of it that are named, about (extent_disk_bytes) */
	uint64_t end;           /* where the last chunk named ends */
	struct blob_file *file; /* a reference; NULL while only the numbers are known */
};

struct blob_refs {
	struct blob_ref *refs; /* owned; ascending numbers */
	size_t count, cap;
};

void blob_refs_done(struct blob_refs *r);

/* The entry of a file, or NULL. */
struct blob_ref *blob_refs_find(const struct blob_refs *r, uint64_t number);

/* Note what an extent names; a new file becomes an entry without `file`. -ENOMEM. */
must_check int blob_refs_note(struct blob_refs *r, const struct extent *e);
/* Note all extents of a list. -EUCLEAN, -ENOMEM. */
must_check int blob_refs_note_list(struct blob_refs *r, struct slice extents);

/*
 * Take references to the files of entries that have none. -EUCLEAN with a sentence: a file is
 * missing, or ends before `end`. -ESTALE: it is missing, and another one's (beside_writer). Entries
 * before that one have their reference.
 */
must_check int blob_refs_resolve(struct blob_refs *r, struct blob_store *s);

/* Whether a file, each of which is there, ends before the last chunk named in it: -EUCLEAN with a
 * sentence. */
must_check int blob_refs_check_ends(const struct blob_refs *r);

/* Take over the references of another set, which is empty afterwards. -ENOMEM: both are as before,
 * or some were taken over. */
must_check int blob_refs_merge(struct blob_refs *r, struct blob_refs *from);
/* A copy with references of its own. -ENOMEM. */
must_check int blob_refs_copy(const struct blob_refs *from, struct blob_refs *ret_refs);
