/*
 * Which file system a node belongs to: the mount's, or that of a snapshot that is looked into. For
 * requests that read; in a snapshot nothing is ever changed.
 */
#pragma once

#include "fs/core/fs.h"
#include "fs/ops/ops.h"
#include "fs/virt/views.h"

struct ops_target {
	struct fs *fs;     /* borrowed */
	uint64_t node;     /* in it */
	struct view *view; /* a reference; NULL: the mount's */
};

/* -ESTALE: the snapshot is gone. The node is not virtual. */
must_check int ops_target_begin(struct ops *ops, uint64_t node, struct ops_target *ret_target);
void ops_target_end(struct ops_target *target);

/* What the target's file system answered, as the kernel is to know it. */
void ops_target_entry(const struct ops_target *target, struct fs_entry *entry);
void ops_target_attr(const struct ops_target *target, struct stat *attr);
