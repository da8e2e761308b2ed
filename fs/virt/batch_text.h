/*
 * The lines of a batch:
 *
 *	key=value                put; the key ends at the first '='
 *	put<TAB>key<TAB>value    put, with the escapes of lsm/base/escape.h in both
 *	del<TAB>key              delete, likewise
 *	# ...                    a comment, and so is an empty line
 *
 * Key and value of the first form are bytes as they stand: what has a line feed, or a key with '='
 * or that begins with '#', needs the second one.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include "lsm/base/buf.h"

enum batch_line_kind {
	BATCH_LINE_NONE,
	BATCH_LINE_PUT,
	BATCH_LINE_DELETE,
};

struct batch_line {
	enum batch_line_kind kind;
	struct slice key;
	struct slice value;
};

/*
 * A line without its line feed. The result's slices lie in the line or in *memory, whose content is
 * replaced. -EINVAL with a sentence; -ENOMEM.
 */
must_check int batch_line_parse(struct slice line, struct buf *memory, struct batch_line *ret_line);
