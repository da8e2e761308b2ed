/*
 * A file system in memory, for tests: it knows what was synced, so it can lose power.
 *
 * Per file it keeps the bytes as written and as last synced; per folder the names as they are and
 * as last synced (a file's bytes survive only under a name that was synced). Rename, unlink and
 * creation are each one change of names, and survive a power cut in the order they were made, up to
 * some point (as an ordered journal keeps them).
 */
#pragma once

#include "lsm/env/env.h"

/* Clocks run with the machine's until env_mem_set_clock. NULL when out of memory. */
struct env *env_mem_new(void);

/* From now on both clocks answer this. */
void env_mem_set_clock(struct env *e, uint64_t ns);

/*
 * Lose power: every file goes back to its synced bytes and every folder to its synced names. Open
 * files and locks are dead: no call on them but close and unlock follows.
 */
void env_mem_power_cut(struct env *e);

/*
 * A sync of the file (of such an env) has failed as Linux has it: what was written since the last
 * one can be read, and counts as synced from now on, but is not on the disk, and a later sync
 * writes nothing of it. A resync shows what is there.
 */
void env_mem_file_lose(struct env_file *f);

/* How many bytes the disk has in all (-ENOSPC beyond); UINT64_MAX at the start. */
void env_mem_set_capacity(struct env *e, uint64_t bytes);

/* The whole content of a file, borrowed until the next change to it; for tests that damage bytes.
 * -ENOENT. */
must_check int env_mem_file(struct env *e, const char *dir, const char *name,
			    struct slice *ret_bytes);

/* Give a file this content, written and synced, made when absent. */
must_check int env_mem_set_file(struct env *e, const char *dir, const char *name,
				struct slice bytes);

/* From now on reading it answers -EIO, as from bad sectors. -ENOENT. */
must_check int env_mem_break_file(struct env *e, const char *dir, const char *name);

/* Remove a file, durably. */
must_check int env_mem_remove_file(struct env *e, const char *dir, const char *name);

/* A new env with the same folders and files (all synced); the test's cheap copy of a store. */
struct env *env_mem_clone(struct env *e);
