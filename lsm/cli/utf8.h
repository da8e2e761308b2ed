/*
 * UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/slice.h"

enum {
	UTF8_MAX = 4, /* bytes of one character */
};

/* The bytes of the character that the text begins with; 0: it does not begin with one. */
size_t utf8_len(struct slice text);
bool utf8_is_valid(struct slice text);
/* Write a character, no surrogate and at most U+10FFFF; answers how many bytes. */
size_t utf8_encode(uint32_t character, uint8_t ret_bytes[UTF8_MAX]);
