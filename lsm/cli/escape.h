/*
 * Bytes as printable text: C escapes for what does not print, so that a line of output is one
 * record.
 *
 * A backslash is "\\"; tab, newline and carriage return are \t, \n, \r; any other byte outside of
 * ASCII's printable ones is \x and two hex digits.
 *
 * Thread rule: any thread; a FILE as stdio has it.
 */
#pragma once

#include <stdio.h>

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"

/* Failures show in ferror(file). */
void escape_print(FILE *file, struct slice bytes);

/* The bytes that a text with these escapes stands for, appended. -EINVAL: a bad escape, with a
 * sentence. -ENOMEM. */
must_check int escape_parse(const char *text, struct buf *ret_bytes);
