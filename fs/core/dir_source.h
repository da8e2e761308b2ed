/*
 * The keys of a folder as they were at a moment, in order: those of a snapshot of the store, merged
 * with the creations that were held then (at most HOLD_MAX).
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "fs/core/fs_internal.h"

struct dir_source {
	const struct lsm_snapshot *snapshot; /* what is read; borrowed */
	struct lsm_snapshot *own_snapshot;   /* owned; NULL: it is the file system's */
	struct lsm_iter *it;                 /* owned */
	struct buf held_keys;                /* as hold_keys_below gives them */
	struct slice held_rest;              /* of held_keys: after the present one */
	struct slice held_key;               /* len 0: no more */
};

/* All keys that begin with prefix; it stands nowhere yet. */
must_check int dir_source_open(struct fs *fs, struct slice prefix, struct dir_source *ret_source);
void dir_source_done(struct fs *fs, struct dir_source *source);

/* As an iterator of the engine's. */
void dir_source_first(struct dir_source *source);
void dir_source_next(struct dir_source *source);
/* Forward, to the first key >= key. */
void dir_source_seek(struct dir_source *source, struct slice key);
bool dir_source_valid(const struct dir_source *source);
must_check int dir_source_status(const struct dir_source *source);
/* Good until the next move. */
struct slice dir_source_key(const struct dir_source *source);
/* NULL: a creation that was held. */
const struct lsm_record *dir_source_record(const struct dir_source *source);
