/*
 * Passes every call on to another env, and makes chosen ones fail.
 *
 * Calls that can fail are counted from 0 in the order they are made: open_dir, open, read, append,
 * seek, sync, allocate, truncate, size, sync_dir, rename, unlink, link, list, file_size,
 * holds_path, lock, space. Those that change the disk are open_dir with `create`, open with
 * ENV_CREATE or ENV_REPLACE, append, sync, allocate, truncate, sync_dir, rename, unlink, link and
 * lock.
 */
#pragma once

#include "lsm/env/env.h"

enum env_fault_how {
	ENV_FAULT_ERROR, /* the call does nothing and fails */
	ENV_FAULT_SHORT, /* an append writes half of its bytes, then fails; other calls: as ERROR */
	ENV_FAULT_TORN,  /* an append writes its first 512-byte sectors and garbage for the last;
			    fails */
};

struct env_fault_plan {
	uint64_t at_call; /* the first call to fail */
	bool sticky;      /* and all after it, until the plan is changed */
	bool writes_only; /* count and fail only calls that change the disk */
	int error;        /* a negative errno */
	enum env_fault_how how;
	/* What a sync of a file that fails does to the file beneath: env_mem_file_lose, or NULL for
	 * nothing. */
	void (*sync_lost)(struct env_file *inner);
};

/* Wraps inner (borrowed, outlives it); no plan at the start. NULL: out of memory. */
struct env *env_fault_new(struct env *inner);

/* Set the plan and begin to count from 0 again; NULL: nothing fails. */
void env_fault_set(struct env *e, const struct env_fault_plan *plan);

/* Calls counted since env_fault_set. */
uint64_t env_fault_calls(struct env *e);

/* Whether the plan has struck. */
bool env_fault_struck(struct env *e);
