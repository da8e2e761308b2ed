/*
 * The public batch, for the files that fill and write it.
 */
#pragma once

#include "lsm/db/expect.h"
#include "lsm/db/spill.h"

struct lsm_batch {
	struct spilled spilled; /* its changes; and files that copied values lie in */
	struct expect_list expected;
	uint64_t largest; /* size of a value in it */
};

#define cleanup_batch __attribute__((cleanup(lsm_batch_release)))

/* 0, or -E2BIG: a caller's meta over LSM_META_MAX. */
must_check int lsm_batch_check_meta(struct slice meta);

struct found_version;

/* Add a put of `to` with the value of that version of the store's. After a failure the batch is as
 * before. */
must_check int lsm_batch_copy_found(struct lsm_batch *batch, struct lsm *db,
				    struct found_version *found, struct slice to,
				    struct slice to_meta);

/* Free what it owns. */
void lsm_batch_release(struct lsm_batch *batch);
