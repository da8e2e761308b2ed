/*
 * The file system object, for the modules of this folder and their tests.
 */
#pragma once

#include "fs/core/absent.h"
#include "fs/core/attr.h"
#include "fs/core/faults.h"
#include "fs/core/fs.h"
#include "fs/core/hold.h"
#include "fs/core/node_table.h"
#include "fs/core/stripes.h"

enum {
	/*
	 * Bytes of a value that a change of it puts anew, whole. Such a put costs the log a page at
	 * most, and the value stays one record, which is the cheapest to read. A longer one is
	 * patched: what stays is neither read nor written.
	 */
	FS_SPLICE_MAX = 4096,
};

struct fs {
	/* immutable after fs_build */
	struct lsm *db;               /* borrowed */
	struct lsm_read_options read; /* of every read: which snapshot, if any */
	struct attr_defaults defaults;
	uint8_t separator;
	bool read_only;
	/* each is one fact that orders nothing; fs_set_limits */
	_Atomic uint64_t value_max;
	_Atomic uint64_t rename_max_keys;
	_Atomic unsigned key_max;
	/* each its own thread rule */
	struct stripes stripes;
	struct node_table nodes;
	struct hold hold;
	struct faults faults;
	struct absent absent;
};

/* fs_new without the timer: what is held stays so until something else than time logs it. */
must_check int fs_build(const struct fs_options *options, struct fs **ret_fs);
