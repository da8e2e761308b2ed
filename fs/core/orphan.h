/*
 * A file that has no name any more but is still in use: what a program reads and writes after
 * unlink. Until it is written to, it is read from a snapshot of the store that was taken before its
 * record went; the first write copies it into memory. Nothing of it is in the store, and it ends
 * with its node.
 *
 * Thread rule: the stripe of the node's name is held.
 */
#pragma once

#include "fs/core/attr.h"
#include "lsm/base/buf.h"

struct orphan {
	struct lsm_snapshot *snapshot; /* owned; NULL once bytes count, or when there are none */
	struct buf bytes;
	struct attr attr;
};

/*
 * Before the record of the file is removed. attr: its attributes. `stored`: its value is in the
 * store (else it is empty). -ENOMEM.
 */
must_check int orphan_new(struct lsm *db, const struct attr *attr, bool stored,
			  struct orphan **ret_orphan);
/* NULL is allowed. */
void orphan_free(struct lsm *db, struct orphan *orphan);

/* Have the content in o->bytes. */
must_check int orphan_load(struct lsm *db, struct orphan *o, struct slice key);
/* Put bytes at offset, zeros before them where there was nothing. The caller has checked the size.
 */
must_check int orphan_write(struct lsm *db, struct orphan *o, struct slice key, uint64_t offset,
			    struct slice bytes);
must_check int orphan_resize(struct lsm *db, struct orphan *o, struct slice key, uint64_t size);
