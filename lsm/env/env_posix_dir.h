/*
 * One folder of the kernel's: the env_dir over a descriptor.
 *
 * Private to env_posix*.c.
 */
#pragma once

#include "lsm/env/env.h"

struct posix_dir {
	struct env_dir dir;
	int fd; /* owned; immutable */
	/* Set once, when a sync has failed; relaxed, since it guards no other memory. */
	_Atomic bool sync_failed;
	char path[]; /* as the caller gave it, for sentences only; immutable */
};

/* env_ops.open_dir. */
must_check int posix_dir_open(struct env *e, const char *path, bool create,
			      struct env_dir **ret_dir);

/* env_dir_ops.lock and .unlock (env_posix_lock.c). */
must_check int posix_dir_lock(struct env_dir *dir, const char *name, const char *holder,
			      struct env_lock **ret_lock);
void posix_dir_unlock(struct env_dir *dir, struct env_lock *lock);
