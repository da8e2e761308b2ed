/*
 * One change that a writer makes through the mount: what the daemon answers as one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum change_kind {
	CHANGE_CREATE,           /* file; may be held for its write */
	CHANGE_CREATE_EXCLUSIVE, /* file */
	CHANGE_TRUNCATE,         /* file; may be held for its write */
	CHANGE_WRITE,            /* file, value: into an empty file */
	CHANGE_APPEND,           /* file, value */
	CHANGE_RENAME,           /* file to other, which may be there */
	CHANGE_UNLINK,           /* file */
	CHANGE_MKDIR,            /* folder */
	CHANGE_RMDIR,            /* folder, which is empty */
	CHANGE_SYNC,             /* fsync: changes nothing, but leaves nothing held */
	CHANGE_KINDS,
};

struct change {
	enum change_kind kind;
	uint32_t file;  /* or folder: its number */
	uint32_t other; /* file: where a rename leads */
	uint32_t len;   /* of the value */
	uint64_t generation;
	uint64_t start_ns; /* of clock_mono_ns: before its system call */
	uint64_t ack_ns;   /* after it; 0: not acknowledged */
};

/* Whether the daemon may hold it for the write that follows (fs/core/fs.h). */
static inline bool change_may_be_held(const struct change *c)
{
	return c->kind == CHANGE_CREATE || c->kind == CHANGE_TRUNCATE;
}
