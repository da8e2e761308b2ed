/*
 * Keeping the files of an env_mem after a failure, for people to look at.
 */
#pragma once

#include "lsm/env/env.h"

/* Copy these folders of an env_mem into a new scratch folder; its path, or why there is none, good
 * until the next call. */
const char *keep_files(struct env *env, const char *const *folders, size_t folder_count);
