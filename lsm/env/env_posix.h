/*
 * The kernel's file system and clocks.
 */
#pragma once

#include "lsm/env/env.h"

/* The one instance; env_free does nothing to it. */
struct env *env_posix(void);
