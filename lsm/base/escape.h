/*
 * Bytes as printable text: C escapes for what does not print, so that a line of output is one
 * record.
 *
 * A backslash is "\\"; tab, newline and carriage return are \t, \n, \r; any other byte outside of
 * ASCII's printable ones is \x and two hex digits. What is read may have the other escapes of C,
 * too: \a \b \f \v \" \' \?, \ and one to three octal digits (up to \377), \x and one or two hex
 * digits (as printf(1) has it: a third one stands for itself).
 *
 * Thread rule: any thread; a FILE as stdio has it.
 */
#pragma once

#include <stdio.h>

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"

/* Failures show in ferror(file). */
void escape_print(FILE *file, struct slice bytes);
/* The same with one byte more that does not stand for itself. */
void escape_print_except(FILE *file, struct slice bytes, uint8_t also);

/* The bytes that a text with these escapes stands for, appended. -EINVAL: a bad escape, with a
 * sentence. -ENOMEM. */
must_check int escape_parse(const char *text, struct buf *ret_bytes);
must_check int escape_parse_slice(struct slice text, struct buf *ret_bytes);

/* Take the escape that the text begins with, by its backslash, off it. False: it is none. */
must_check bool escape_take(struct slice *text, uint8_t *ret_byte);
