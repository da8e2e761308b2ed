/*
 * Long bytes on their way into the store: as chunks into blob files, and records that name them in
 * the place of those that carried them.
 *
 * This is done before the commit, without its mutex. Until the batch is committed the chunks are
 * kept by `refs`; those of a batch that fails are dead bytes in a file.
 *
 * Thread rule: any thread, one batch each.
 */
#pragma once

#include "lsm/blob/blob_refs.h"
#include "lsm/blob/value_format.h"
#include "lsm/db/db.h"

/* Changes, and references to the blob files that they name. */
struct spilled {
	struct batch changes;
	struct blob_refs refs;
	uint64_t long_bytes; /* written as chunks for them */
};

/* What a record is about. */
struct spill_target {
	struct slice key;
	struct slice user_meta;
	uint64_t size; /* of the value afterwards */
};

/* Zero-initialise, end with this. */
void spilled_done(struct spilled *s);

/* Whether bytes of this length belong into blob files. */
bool db_is_large(const struct lsm *db, uint64_t len);

/* Add a put of any length. -EFBIG: over value_max. Errors as batch_put, blob_store_write. */
must_check int spill_put(struct lsm *db, struct spilled *out, const struct record *put);
/* Add a patch with bytes of any length; its size is the target's. */
must_check int spill_patch(struct lsm *db, struct spilled *out, const struct spill_target *target,
			   const struct patch *patch);
/* Add all changes of a batch, the long ones as above. */
must_check int spill_batch(struct lsm *db, struct spilled *out, const struct batch *changes);

/* Add a record that names `extents`: RECORD_LARGE, all of the value; RECORD_PATCH, a part. */
must_check int spill_extents(struct spilled *out, const struct spill_target *target,
			     enum record_kind kind, struct slice extents);
/* Add a patch as it is; its size is the target's. */
must_check int spill_change(struct spilled *out, const struct spill_target *target,
			    const struct patch *patch);
