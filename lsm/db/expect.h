/*
 * Preconditions of a batch: which version of a key must be the newest one for the batch to be
 * applied. They stand beside the batch, not in it: the log holds only what was done.
 *
 * Zero-initialise, end with expect_list_done. Thread rule: one thread at a time; checking does not
 * change the list.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/db/db.h"

struct expectation {
	uint64_t seqno; /* of the newest version; 0: there is none, or a tombstone */
	size_t key_at;  /* in expect_list.keys */
	uint32_t key_len;
};

struct expect_list {
	struct expectation *items; /* owned */
	size_t count, cap;
	struct buf keys; /* owned; one behind the other */
};

void expect_list_done(struct expect_list *list);
/* Empty it, keep its memory. */
void expect_list_clear(struct expect_list *list);

/* As lsm_batch_expect. After an error the list is as before. */
must_check int expect_list_add(struct expect_list *list, struct slice key, uint64_t seqno);

/* Take back the last one added. */
void expect_list_drop_last(struct expect_list *list);

/*
 * Whether each holds now: 0; -ESTALE or -EEXIST with a sentence; or the error of a read. With
 * write_mu held: as of the last commit. Without it: each by itself at some moment of the call.
 */
must_check int expect_list_check(const struct expect_list *list, struct lsm *db);
