/*
 * Where stores are mounted, of the kernel's list of mounts (/proc/self/mountinfo, proc(5)).
 *
 * Thread rule: pure functions, but for mounts_read: any thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/buf.h"

enum {
	MOUNT_PATH_MAX = 4096, /* bytes of a path, with its terminator */
};

/* One mount of apexfs. */
struct mounted {
	char point[MOUNT_PATH_MAX]; /* where */
	char store[MOUNT_PATH_MAX]; /* what: the store's folder */
};

/* The list, ended by a NUL; "" when it cannot be had. */
void mounts_read(struct buf *ret_text);

/* Whether the list has a mount of apexfs at that very path. */
bool mounts_has(const char *mounts, const char *point);
/* The mount of that store, an absolute path; false: there is none. */
bool mounts_find_store(const char *mounts, const char *store, struct mounted *ret_mounted);
/* The mount in which the absolute path lies, if it is one of apexfs. */
bool mounts_find_around(const char *mounts, const char *path, struct mounted *ret_mounted);
