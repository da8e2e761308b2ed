/*
 * Components as names: the grammar, and why it is a bijection.
 *
 * A key is its components with a separator between each two ("a//b" has three, the middle one
 *empty); in a folder that ends in the separator the rest of a key begins with a component. Three
 *steps lead from a component to its names.
 *
 * 1. Text. NUL is %00, a '/' that is no separator %2F; path_text.h has the whole table and its
 *argument. The step is a bijection from components to texts: bytes without '/' and NUL, also "",
 *"." and "..".
 *
 * 2. Name. A text is a name as it is, but for whole texts that are no names, or read as tokens:
 *
 *	text			name
 *	(empty)			%
 *	.			%2E
 *	..			%2E%2E
 *	.stats .apex etc.	%2Estats %2Eapex etc.		at the root
 *	%(25)*			one 25 more
 *	%(25)*2E		one 25 more
 *	%(25)*2E%2E		one 25 more
 *	%(25)*=			one 25 more			where a folder can have its own
 *value
 *	%(25)*2Estats etc.	one 25 more			at the root
 *	PIECE%(25)*~		one 25 more			PIECE: see step 3
 *
 *    The lines are disjoint, and so are their right sides, which together with the names that stand
 *for themselves are all names but the tokens %= (the folder's own value), PIECE%~ (below) and at
 *the root .stats and its like (no key). So in each folder every name of up to 255 bytes is exactly
 *one of: a token, or the name of exactly one text.
 *
 *    A folder can have a value of its own unless it is the root (whose key would be no key) or the
 *root's "%" (whose key would be empty). There %= is a text like any other.
 *
 * 3. Pieces. A component whose name has more than 255 bytes is cut: its first piece is the shortest
 *prefix whose own text has at least 251 bytes (it has at most 253), and its first name that text
 *with "%~" behind it, at most 255 bytes. The names that follow begin with '~': a continuing piece
 *has at least 250 bytes of text (at most 252), between '~' and "%~"; the rest, once it fits, is '~'
 *and its text. Behind the '~' only the last line of step 2's table applies, with continuing pieces.
 *
 *    Where a component is cut depends on the piece alone (path_text_piece), so a name is PIECE%~ or
 *not by itself, and names of that form that are meant literally can be told: they are the last line
 *of the table. Something is always left after a cut: a name over 255 bytes has a text of at least
 *254, more than a piece. The converse need not hold: PIECE%~ and then ~REST with a REST so short
 *that the whole has a name is no path of any key. Those, and names without '~' in such a folder,
 *are the only names that lead nowhere (path_resolve: -ENOENT).
 *
 *    Why keys below PIECE%~ do not stand together in key order: all names of 253, 254 and 255 bytes
 *are taken by the components that they spell, so these cannot move into PIECE%~, and their keys are
 *between those of longer components. No choice of pieces avoids it: there are more prefixes of 256
 *bytes than names. What is between shares the piece, though, so no other piece's keys are there.
 *
 * Escapes are minimal: nothing is escaped that could stand for itself, and text that reads as a
 *token gets one 25.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include <stdint.h>

#include "fs/path/path.h"

/* What decides how names in a folder are read. */
struct path_spot {
	uint8_t separator;
	bool root;      /* reserved names are tokens */
	bool own_value; /* "%=" is a token */
	bool partial;   /* names begin with '~' */
};

struct path_spot path_spot_of(uint8_t separator, struct path_folder folder);

enum {
	/* Bytes that a name's component or piece can have. */
	PATH_COMPONENT_MAX = 3 * PATH_NAME_MAX,
};

struct path_name {
	char bytes[PATH_NAME_MAX + 1]; /* NUL-terminated */
	size_t len;
	size_t taken; /* bytes of the component that it stands for: all of them, or a piece */
};

/* The first name of a component (in a partial folder: of its rest). */
void path_name_encode(const struct path_spot *spot, struct slice component,
		      struct path_name *ret_name);

struct path_meaning {
	enum path_kind kind;
	uint8_t bytes[PATH_COMPONENT_MAX]; /* PLAIN: the component or its rest; PARTIAL: the piece
					    */
	size_t len;
};

/* What a name of 1 to PATH_NAME_MAX bytes means. -ENOENT: no '~' where one must be. */
must_check int path_name_decode(const struct path_spot *spot, struct slice name,
				struct path_meaning *ret_meaning);

/*
 * A length such that every component (in a partial folder: every rest) that shares so many bytes
 * with this one has more than one name here. 0 when this one is too short to tell.
 */
size_t path_name_sure_len(const struct path_spot *spot, struct slice component);
