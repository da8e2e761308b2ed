/*
 * Passes every call on to another env and remembers those that change the disk, with their data, so
 * that a test can rebuild the disk as it stood after any prefix of them.
 *
 * A sync that ran beside other calls stands where it began: it is no promise for what was appended
 * later. All others stand where they ended. A file that was renamed while open is called by its new
 * name from then on; what is written to one without a name is not remembered.
 */
#pragma once

#include "lsm/env/env.h"

enum env_call_kind {
	ENV_CALL_CREATE,   /* name: file made, or emptied by ENV_REPLACE */
	ENV_CALL_APPEND,   /* name, offset, length, bytes */
	ENV_CALL_SYNC,     /* name */
	ENV_CALL_TRUNCATE, /* name, offset = new size */
	ENV_CALL_ALLOCATE, /* name, offset, length */
	ENV_CALL_RENAME,   /* name -> to */
	ENV_CALL_UNLINK,   /* name */
	ENV_CALL_LINK,     /* name -> to in to_folder */
	ENV_CALL_SYNC_DIR,
	ENV_CALL_MARK, /* put in by the test: offset = its number */
};

struct env_call {
	enum env_call_kind kind;
	uint32_t folder;    /* 0: the first path opened through the env, 1: the next other one */
	uint32_t to_folder; /* of a link; else 0 */
	char name[ENV_NAME_MAX + 1];
	char to[ENV_NAME_MAX + 1];
	uint64_t offset;
	uint64_t length;
	struct slice bytes; /* owned by the recording */
};

/* Wraps inner (borrowed, outlives it). Only calls that succeeded are remembered. NULL: out of
 * memory. */
struct env *env_record_new(struct env *inner);

/* The calls so far, borrowed until the next call through the env or its end. */
const struct env_call *env_record_calls(struct env *e, size_t *ret_count);

/* Note a moment of the test's own ("write 17 was acknowledged") among the calls. */
must_check int env_record_mark(struct env *e, uint64_t number);
