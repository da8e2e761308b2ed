/*
 * Bytes as hex digits, two each.
 *
 * Thread rule: any thread; a FILE as stdio has it.
 */
#pragma once

#include <stdio.h>

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"

/* The value of a digit, either case; -1: it is none. */
int hex_digit(uint8_t digit);
/* The byte that two digits stand for; -1: they are none. */
int hex_byte(const uint8_t digits[2]);
/* Failures show in ferror(file). */
void hex_print(FILE *file, struct slice bytes);
/* The bytes, appended. -EINVAL with a sentence, and then as before; -ENOMEM. */
must_check int hex_parse(struct slice text, struct buf *ret_bytes);
