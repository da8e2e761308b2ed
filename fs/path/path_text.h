/*
 * Bytes that one side has and the other lacks: the lower half of the grammar in path_name.h.
 *
 * A component is any bytes but the separator; a text is any bytes but '/' and NUL. Each is a
 *sequence of atoms:
 *
 *	component atom		text atom
 *	NUL			%00			if the separator is not NUL
 *	/			%2F			if the separator is not '/'
 *	%(25)*00, %(25)*2F	the same with one 25 more	as above
 *	%XX			the separator itself	XX: its hex digits, if it is neither '/' nor
 *NUL
 *	%(25)+XX		the same with one 25 less	as above
 *	any other byte		that byte
 *
 * where (25)* is any number of "25". The two sides are mirror images: what is raw here is a token
 *there, and text that would read as a token carries one 25 more there. Both sides cut a string into
 *atoms in only one way: an atom of several bytes begins with '%' and holds no other, the longest
 *run of "25" decides (no XX is 25, since '%' is no separator), and hex digits are no separators
 *either. Translating a string atom by atom makes no new atoms: what follows a '%' that begins no
 *token is the end, or within a run a byte that is wrong for a token; that byte is either kept, or
 * begins an atom whose translation begins with '%', '/', NUL or the separator: wrong as well. So
 *the translations are inverse to each other, and with them both are bijections.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include <stdint.h>

#include "lsm/base/slice.h"

enum {
	PATH_ATOM_GROWTH =
		3, /* a text is at most this many times as long as its component, and vice versa */
};

/* Bytes written to a fixed place; len goes on counting beyond cap, what does not fit is dropped. */
struct path_text {
	uint8_t *ptr; /* borrowed */
	size_t cap;
	size_t len;
};

static inline bool path_text_fits(const struct path_text *t)
{
	return t->len <= t->cap;
}

void path_text_add(struct path_text *t, struct slice s);

/* Append the text of a component; ends early once it does not fit. */
void path_text_encode(uint8_t separator, struct slice component, struct path_text *out);
/* Append the component of a text; ends early once it does not fit. */
void path_text_decode(uint8_t separator, struct slice text, struct path_text *out);

/*
 * How many bytes of a component make a piece: the fewest whose own text has `text_len` bytes or
 * more (then it has at most 2 more); 0 when even the whole component's text is shorter, and
 * whenever the component is empty.
 *
 * Only the bytes of the piece decide this, not what follows them. So a component has one first
 * piece, and of two different pieces none begins with the other.
 */
size_t path_text_piece(uint8_t separator, struct slice component, size_t text_len);

/* The length of a run of "25" right behind the '%' that s begins with. */
size_t path_text_run(struct slice s);
