/*
 * Records with attributes, written to the store.
 *
 * Thread rule: the stripe of the key is held.
 */
#pragma once

#include "fs/core/fs_internal.h"

/*
 * 0, or -EROFS when changes are refused: by the mount, or because the store's log has failed. Asked
 * before a change that may be held (fs/core/hold.h), which would else be answered with 0.
 */
must_check int store_check_writable(const struct fs *fs);

/* What a change does to a disk that is full: only what frees space may use the store's reserve. */
enum store_room {
	STORE_TAKES,
	STORE_FREES,
};

/* One put; attr then has the times of its commit. The value is copied. */
must_check int store_put(struct fs *fs, struct slice key, struct slice value, enum store_room room,
			 struct attr *attr);

/* One patch; attr, its new attributes, then has the times of its commit. */
must_check int store_patch(struct fs *fs, struct slice key, const struct lsm_patch *patch,
			   enum store_room room, struct attr *attr);

/* The put and the patch of a batch. */
must_check int store_batch_put(struct fs *fs, struct lsm_batch *batch, struct slice key,
			       struct slice value, const struct attr *attr);
must_check int store_batch_patch(struct fs *fs, struct lsm_batch *batch, struct slice key,
				 const struct lsm_patch *patch, const struct attr *attr);

/* Apply the batch; the time of its commit, or now when it is empty. */
must_check int store_commit(struct fs *fs, const struct lsm_batch *batch, enum store_room room,
			    int64_t *ret_time_ns);

static inline void cleanup_batch_ptr(struct lsm_batch **batch)
{
	lsm_batch_free(*batch);
}

#define cleanup_batch __attribute__((cleanup(cleanup_batch_ptr)))
