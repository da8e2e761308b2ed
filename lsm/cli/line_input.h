/*
 * A file read line by line, with the numbers of the lines.
 *
 * Zero-initialise, end with line_input_close. Thread rule: one thread at a time.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct line_input {
	FILE *file;       /* owned, but for standard input */
	const char *name; /* borrowed; for sentences */
	uint64_t number;  /* of the line that was read last, from 1 */
	uint64_t bytes;   /* read so far */
	uint64_t total;   /* of a regular file; else 0 */
	char *line;       /* owned */
	size_t cap;
	char *read_room; /* owned; the file's buffer */
};

/* path: NULL or "-" for standard input. A negative errno, with a sentence. */
must_check int line_input_open(struct line_input *in, const char *path);
void line_input_close(struct line_input *in);

/* The next line without its end, good until the next call. -ENODATA: there is none. -EINTR: a
 * signal came while the line was waited for. */
must_check int line_input_next(struct line_input *in, struct slice *ret_line);
/* The same up to a NUL, which is there. *ret_line: without it. -EINVAL: the input ends before it.
 */
must_check int line_input_next_nul(struct line_input *in, struct slice *ret_line);
