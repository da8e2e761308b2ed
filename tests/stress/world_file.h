/*
 * Values that are changed in parts. A value begins with a head that tells the steps by which it was
 * made, so whoever reads it can make it again and compare, byte by byte; its last step's number is
 * the change that it is of.
 *
 *	|2 97 | w120 p125 z126 s140 c141            |.......................|
 *	 <----------- FILE_HEAD bytes of text -----> made from the steps
 *
 * Thread rule: plain functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"

enum {
	FILE_HEAD = 256,
	FILE_STEPS_MAX = 12, /* then it is written anew */
	FILE_SIZE_MAX = 40000,
};

enum file_step_kind {
	FILE_WHOLE = 'w', /* all of it anew */
	FILE_PART = 'p',  /* bytes somewhere */
	FILE_ZEROS = 'z', /* zeros somewhere */
	FILE_SIZE = 's',  /* cut, or grown by zeros */
	FILE_COPY = 'c',  /* the steps before it are another key's: only the head changes */
};

struct file_step {
	enum file_step_kind kind;
	uint64_t number;
};

/* No steps: it is absent. */
struct file_history {
	unsigned count;
	struct file_step steps[FILE_STEPS_MAX];
};

/* What a step does to a value of that size: its size from now on, and what is written where. */
struct file_part {
	uint64_t size;
	uint64_t offset, len; /* behind the head */
};
struct file_part file_part_of(const struct file_step *step, uint64_t size);
/* The bytes that a step writes, len of them. -ENOMEM. */
must_check int file_bytes_of(const struct file_step *step, uint64_t len, struct buf *ret_bytes);

void file_head(unsigned writer, unsigned key, const struct file_history *h,
	       char ret_head[FILE_HEAD]);

/* The whole value that the history makes. -ENOMEM. */
must_check int file_make(unsigned writer, unsigned key, const struct file_history *h,
			 struct buf *ret_value);

/* The last step's number of a value that begins with these bytes, FILE_HEAD of them at least, and
 * has that size; 0: no history makes such a value for this key. */
uint64_t file_number(unsigned writer, unsigned key, struct slice bytes, uint64_t size);
