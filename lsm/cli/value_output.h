/*
 * A value on its way out, in pieces: however large it is, it takes the memory of one. Where it
 * stopped is kept, for a reader that has to open the store again in the middle.
 *
 * Zero-initialise, end with value_output_done. Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/buf.h"
#include "lsm/lsm.h"

enum {
	VALUE_PIECE = 1 << 20, /* bytes read at a time */
};

struct value_output {
	uint64_t done;    /* bytes handed out */
	uint64_t seqno;   /* of the value they are of */
	struct buf piece; /* owned */
};

void value_output_done(struct value_output *v);
/* The next value comes. */
void value_output_begin(struct value_output *v);

/* -EBUSY, with a sentence: what is left of a value that was begun is not there any more. */
must_check int value_output_changed(void);

/* Reads a part of the value as lsm_read does, and tells its record's seqno. */
typedef int (*value_read)(void *arg, const struct lsm_range *range, size_t *ret_len,
			  uint64_t *ret_seqno);
/*
 * The next piece, good until the next call; *ret_last: there is none behind it. What `read`
 * answers; -EBUSY: a part of the value has been handed out, and it is not the same any more.
 */
must_check int value_output_next(struct value_output *v, value_read read, void *arg,
				 struct slice *ret_piece, bool *ret_last);
