/*
 * Bytes out of printable text: the C escapes \\ \t \n \r \xNN, all else as it is.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "lsm/base/buf.h"

/* Append the bytes that the text stands for. -EINVAL: a bad escape, with a sentence. -ENOMEM. */
must_check int unescape(struct slice text, struct buf *ret_bytes);
