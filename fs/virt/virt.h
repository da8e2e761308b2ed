/*
 * Virtual files: telemetry at the root of the mount, resolved by name and not listed.
 *
 * Each lookup renders the file and answers a new node whose content and size never change, so any
 * program that reads it sees one whole, consistent text of exactly the size it was told; the kernel
 * must not cache the name (entry timeout 0). virt_forget frees it.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/fs.h"
#include "lsm/base/buf.h"

struct virt;

struct virt_options {
	struct lsm *db; /* borrowed */
	struct fs *fs;  /* borrowed */
	uid_t uid;      /* owner of the files */
	gid_t gid;
	/* Appends lines of the transport's own to the text; may be NULL. */
	int (*more)(void *arg, struct buf *text);
	void *more_arg;
};

must_check int virt_new(const struct virt_options *options, struct virt **ret_virt);
void virt_free(struct virt *v);

/* Whether `name` at the root is one of ours. */
bool virt_has(const struct virt *v, struct slice name);
/* Render it. -ENOENT, -ENOMEM, -ENFILE (too many are open). ret_entry->node has FS_VIRTUAL_BIT. */
must_check int virt_lookup(struct virt *v, struct slice name, struct fs_entry *ret_entry);
/* -ESTALE: no such node, also for virt_read. */
must_check int virt_getattr(struct virt *v, uint64_t node, struct stat *ret_attr);
/* Borrowed until the node is forgotten. */
must_check int virt_read(struct virt *v, uint64_t node, uint64_t offset, size_t size,
			 struct slice *ret_bytes);
void virt_forget(struct virt *v, uint64_t node, uint64_t lookups);
