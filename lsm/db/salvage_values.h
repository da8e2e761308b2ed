/*
 * Values on their way from a damaged store into a new one: patched ones become whole, long ones go
 * into blob files of the new store, a chunk at a time. A chunk that cannot be read becomes zeros,
 * and is told.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/error.h"
#include "lsm/blob/value_writer.h"
#include "lsm/db/salvage_plan.h"
#include "lsm/mem/record.h"

struct salvage_values {
	struct salvage_losses *losses; /* borrowed */
	struct blob_store *from;       /* owned; reads only */
	uint64_t large_value_threshold;
	/* The value being made, and what it was made as: */
	struct record rec;
	struct value_writer writer; /* owned; .blobs is the new tree's, borrowed */
	struct buf room, meta;      /* owned */
	/* The chunk read last, unpacked. */
	struct extent chunk; /* .file 0: none */
	struct buf raw;      /* owned */
	bool chunk_is_lost;
	char why[ERROR_TEXT_MAX]; /* it is */
	/* Bytes of the value that are lost, and are not told yet, as there may be more of them: */
	uint64_t lost, lost_end;
	char lost_why[ERROR_TEXT_MAX];
};

/*
 * Fill a zero-initialised struct; ended with salvage_values_done also after an error, before the
 * tree that `to` belongs to is closed. dir, losses and `to` are borrowed. -ENOMEM.
 */
must_check int salvage_values_open(struct env_dir *dir, const struct salvage_plan *plan,
				   const struct lsm_options *options, struct salvage_losses *losses,
				   struct blob_store *to, struct salvage_values *v);
void salvage_values_done(struct salvage_values *v);

/* Whether a value of that size stands outside of the new store's tables. */
static inline bool salvage_value_is_large(const struct salvage_values *v, uint64_t size)
{
	return size > v->large_value_threshold;
}

/*
 * Make of rec, whose meta is the caller's, a PUT or LARGE record of the new store with the value
 * that the view shows. Its slices, but for the key, and the files that it names are kept until the
 * next call. The env's errors, -ENOMEM.
 */
must_check int salvage_value_make(struct salvage_values *v, const struct value_view *view,
				  struct record *rec);
