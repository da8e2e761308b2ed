/*
 * A record's meta: encode and decode. The bytes are described in meta_format.h.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include <stdint.h>

#include "fs/core/meta_format.h"
#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct meta {
	unsigned fields; /* of enum meta_field: which of the others are set */
	uint16_t mode;   /* type and permissions */
	uint32_t uid;
	uint32_t gid;
	int64_t mtime_ns; /* since 1970 */
	int64_t atime_ns;
	int64_t ctime_ns;
	struct slice xattrs; /* borrowed; a list (xattr_list.h), not empty, of META_XATTRS_MAX */
};

struct meta_bytes {
	uint8_t bytes[META_BYTES_MAX];
	size_t len;
};

/* No fields give no bytes. What is not used of *ret_bytes is not touched: it is large. */
void meta_encode(const struct meta *meta, struct meta_bytes *ret_bytes);

/* Borrows the bytes. -EUCLEAN, with a sentence: damaged, or written by a later version. */
must_check int meta_decode(struct slice bytes, struct meta *ret_meta);

static inline struct slice meta_slice(const struct meta_bytes *m)
{
	return slice_of(m->bytes, m->len);
}
