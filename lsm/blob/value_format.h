/*
 * Metas and values of records of the kinds RECORD_LARGE and RECORD_PATCH: coding and decoding
 * (lsm/blob/blob_format.h has the bytes).
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/blob/extent.h"

enum {
	VALUE_META_EXTRA =
		10, /* at most so much longer is such a record's meta than the caller's */
};

/* A patch decoded; slices are borrowed. */
struct patch {
	uint64_t size; /* of the value from now on */
	enum patch_op op;
	uint64_t offset, len; /* PATCH_BYTES, PATCH_ZEROS: offset + len <= size */
	struct slice bytes;   /* PATCH_BYTES */
	struct slice extents; /* PATCH_EXTENTS */
};

/* Split the meta of a LARGE or PATCH record. -EUCLEAN. */
must_check int value_meta_take(struct slice meta, uint64_t *ret_size, struct slice *ret_user_meta);
/* Append such a meta. -ENOMEM. */
must_check int value_meta_append(struct buf *out, uint64_t size, struct slice user_meta);

/* Append the value bytes of a patch record (its size stands in the meta). -ENOMEM. */
must_check int patch_append(struct buf *out, const struct patch *p);
/* Decode and check a patch record that nobody vouches for. -EUCLEAN. */
must_check int patch_decode(struct slice meta, struct slice value, struct patch *ret_patch);
