/*
 * A file that has no name any more but is still in use: what a program reads and writes after
 * unlink. Nothing of it is in the store, and it ends with its node.
 *
 *	base    the value as it was when the name went: a snapshot of the store, of which only what
 *	        is below base_size shows
 *	pages   what was written since, in memory; each shows instead of the base
 *	size    attr.size; up to it, what neither has is zeros
 *
 *	base    |aaaaaaaaaaaaaaaaaaaaaaaaaa|
 *	pages         |bbbb|      |cccc|       |dddd|
 *	reads   |aaaaa|bbbb|aaaaaa|cccc|aa|0000|dddd|000|
 *	                                                ^ size
 *
 * So a large file is never loaded as a whole, and what is written takes as much memory as it is
 * long. All orphans together may have ORPHAN_MEMORY_MAX of it. The snapshot is given up as soon as
 * nothing of the base shows.
 *
 * Thread rule: the stripe of the node's name is held.
 */
#pragma once

#include <stdatomic.h>

#include "fs/core/attr.h"

enum {
	ORPHAN_PAGE = 4096,
	ORPHAN_MEMORY_MAX = 64 << 20, /* bytes of pages; more: -ENOSPC */
};

/* What all orphans of a file system have in pages, in bytes. Any thread; relaxed: it is a count and
 * orders nothing. */
struct orphan_memory {
	_Atomic uint64_t bytes;
};

struct orphan_page {
	uint64_t number; /* bytes number * ORPHAN_PAGE and on; those behind the size are zeros */
	struct orphan_page *next; /* while it is being made */
	uint8_t bytes[ORPHAN_PAGE];
};

struct orphan {
	struct lsm *db;                /* borrowed */
	struct orphan_memory *memory;  /* borrowed */
	struct lsm_snapshot *snapshot; /* owned; NULL: base_size is 0 */
	uint64_t base_size;
	struct orphan_page **pages; /* owned; ascending numbers */
	size_t count, cap;
	struct attr attr;
};

/*
 * Before the record of the file is removed. attr: its attributes. `stored`: its value is in the
 * store (else it is empty). db and memory are borrowed. -ENOMEM.
 */
must_check int orphan_new(struct lsm *db, struct orphan_memory *memory, const struct attr *attr,
			  bool stored, struct orphan **ret_orphan);
/* NULL is allowed. */
void orphan_free(struct orphan *orphan);

/* A part of it; key: the name that it had. *ret_len is less than asked for only at its end. */
must_check int orphan_read(const struct orphan *o, struct slice key, const struct lsm_range *range,
			   size_t *ret_len);
/* As lsm_seek; offset is below the size. Pages are data. */
must_check int orphan_seek(const struct orphan *o, struct slice key, uint64_t offset,
			   enum lsm_stretch wanted, uint64_t *ret_offset);
/*
 * Put bytes at offset; all of them or an error. The caller has checked the size. -ENOSPC: too much
 * is in memory.
 */
must_check int orphan_write(struct orphan *o, struct slice key, uint64_t offset,
			    struct slice bytes);
/* Zeros in the place of what is there at offset; the size stays. Takes memory only over the base.
 * -ENOSPC. */
must_check int orphan_zero(struct orphan *o, struct slice key, uint64_t offset, uint64_t len);
/* Cut it, or let it grow by zeros. */
void orphan_resize(struct orphan *o, uint64_t size);
