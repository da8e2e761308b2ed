/*
 * A version of a key that was found, and its value, wherever that is: in the record, in blob files,
 * or put together from patches.
 *
 * Folds of patches are kept for the next read (struct db_folds): reading a file that is patched all
 * the time costs a look at the patches since the last read, not at all of them.
 */
#pragma once

#include "lsm/blob/value_view.h"
#include "lsm/db/db.h"
#include "lsm/tree/fold.h"

/* The newest version that a reader may see. */
struct found_version {
	struct db_state *state; /* a reference: keeps what rec points to in memtables */
	struct record rec;      /* PUT, LARGE or PATCH */
	struct table_hit hit;   /* keeps it, if it is a table's; .table NULL when it is not */
	struct slice meta;      /* the caller's part of rec.meta */
	uint64_t size;          /* of the value */
};

/*
 * Look key up. -ENOENT: absent or deleted. The slices are good until found_version_done; rec.value
 * may not be loaded. After an error *ret_found is nothing, and not to be ended.
 */
must_check int found_version_get(struct lsm *db, struct slice key,
				 const struct lsm_read_options *options,
				 struct found_version *ret_found);
/* The same as of a seqno, in a state whose reference is taken over. */
must_check int found_version_get_at(struct lsm *db, struct slice key, uint64_t seqno,
				    struct db_state *state, struct found_version *ret_found);
void found_version_done(struct found_version *f);

/* What the caller of a read sees of a version: its meta and its value's size. -ENOENT: a
 * tombstone. -EUCLEAN. */
must_check int version_describe(const struct record *rec, struct slice *ret_meta,
				uint64_t *ret_size);

/* Read a part of its value, as value_view_read. */
must_check int found_version_read(struct lsm *db, struct found_version *f,
				  const struct value_range *range, size_t *ret_len);

/* Append the extents of the chunks that a part of it lies in; for hints. Errors as of a read. */
must_check int found_version_chunks(struct lsm *db, struct found_version *f, uint64_t offset,
				    uint64_t len, struct buf *ret_chunks);

/* As value_view_seek. */
must_check int found_version_seek(struct lsm *db, struct found_version *f, uint64_t offset,
				  bool hole, uint64_t *ret_offset);

/* All of it in memory of its own (free() it). -EFBIG: over LSM_WHOLE_MAX. -ENOMEM. */
must_check int found_version_whole(struct lsm *db, struct found_version *f, uint8_t **ret_bytes);

/*
 * Call `use` with a view of the value, good during the call. It may do I/O: nothing is held that
 * others would wait for, but it keeps a fold of its own.
 */
must_check int found_version_view(struct lsm *db, struct found_version *f,
				  int (*use)(void *arg, const struct value_view *view), void *arg);

enum {
	DB_FOLDS = 64,
};

/* The fold of one patched key. */
struct db_fold_slot {
	struct mutex mu; /* RANK_DB_FOLD; held while patches are looked at and the base is found,
			    which may read one block; never while chunks are read */
	struct buf key;
	struct db_state *state; /* a reference; NULL: nothing is kept */
	struct fold fold;
};

struct db_folds {
	struct db_fold_slot slots[DB_FOLDS]; /* by the key's hash */
};

/* NULL: -ENOMEM. */
struct db_folds *db_folds_new(void);
/* NULL is allowed. */
void db_folds_free(struct db_folds *folds);
/* Let go of everything: when the state was replaced, lest it be kept in memory. */
void db_folds_clear(struct db_folds *folds);
