/*
 * The recording env's objects.
 *
 * Private to env_record*.c. No mutex is held while a call is passed on: the inner env may have one
 * of the same rank.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "lsm/env/env_record_log.h"

/* The path of a folder opened before; its place in the list is env_call.folder. */
struct record_path {
	struct record_path *next;
	uint32_t folder;
	char text[];
};

struct record_env {
	struct env env;
	struct env *inner; /* borrowed; immutable */
	struct record_log log;
	struct mutex mu;
	/* guarded by mu */
	struct record_path *paths; /* owned; newest first */
	struct record_file *files; /* borrowed; the open ones */
};

/* An object for record_file_attach or record_file_discard. NULL: out of memory. */
struct record_file *record_file_new(struct record_env *e, uint32_t folder, const char *name);

/* Let it pass on to inner, which it owns from now on. */
struct env_file *record_file_attach(struct record_file *f, struct env_file *inner);

void record_file_discard(struct record_file *f);

/*
 * `from` is called `to` now (NULL: gone), and what was called `to` before is gone: open files
 * follow, so that what is written to them later is remembered under the right name, or not at all.
 */
void record_files_renamed(struct record_env *e, uint32_t folder, const char *from, const char *to);
