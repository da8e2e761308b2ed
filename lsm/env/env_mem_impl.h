/*
 * The in-memory file system's objects.
 *
 * Private to env_mem*.c. One mutex guards a whole env: its calls are short copies.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "lsm/env/env_mem_folder.h"

struct mem_env {
	struct env env;
	struct mutex mu;
	/* guarded by mu */
	struct mem_disk disk;
	struct mem_folder *folders; /* owned */
	uint64_t power_cuts;        /* how many so far: tells dead files and locks */
	bool clock_set;
	uint64_t clock_ns;
};

struct mem_dir {
	struct env_dir dir;
	/* immutable */
	struct mem_env *owner;     /* borrowed */
	struct mem_folder *folder; /* borrowed; lives as long as the env */
};

struct mem_lock {
	struct mem_node *node; /* counted in its open_count */
};

static inline struct mem_env *mem_env_of(struct env *e)
{
	return container_of(e, struct mem_env, env);
}

/* The folder at path; NULL: none. */
struct mem_folder *mem_env_folder_locked(struct mem_env *e, const char *path);

/* An env_dir of this folder. NULL: out of memory. */
struct env_dir *mem_dir_new(struct mem_env *e, struct mem_folder *folder);

/*
 * Make row lead to a new, empty file. -ENOMEM leaves it as it was.
 */
must_check int mem_env_create_locked(struct mem_env *e, struct mem_name *row);

/* An object for mem_file_attach_locked, or for free(). NULL: out of memory. */
struct mem_file *mem_file_new(struct mem_env *e, const char *name, bool writable);

/* Let it be an open file of node's. */
struct env_file *mem_file_attach_locked(struct mem_file *f, struct mem_node *node);
