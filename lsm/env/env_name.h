/*
 * What the implementations agree on about names and about the text in a lock file.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

/*
 * Whether `name` is a single component that a store's file may have: 0, -EINVAL (empty, ".", "..",
 * a slash) or -ENAMETOOLONG (more than ENV_NAME_MAX bytes), with a sentence.
 */
must_check int env_name_check(const char *name);

/*
 * Leave the holder's line as the error sentence and return -EWOULDBLOCK. `content` is what the lock
 * file begins with: at most ENV_HOLDER_MAX - 1 bytes of its first line are shown, unprintable ones
 * as
 * '?'; when the holder has not written it yet, the sentence says so and names the file.
 */
must_check int env_lock_refused(const char *name, struct slice content);
