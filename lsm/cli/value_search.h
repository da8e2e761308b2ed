/*
 * Looking for bytes in a value, however large it is, in the memory of a piece.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/slice.h"
#include "lsm/lsm.h"

/* Whether the value that `it` stands on contains `text`, of at most LSM_KEY_MAX bytes. */
must_check int value_search(struct lsm_iter *it, struct slice text, bool *ret_found);
