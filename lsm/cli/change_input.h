/*
 * Changes read from text, a line each: put KEY VALUE, delete KEY, in words as a session has them
 * (lsm/cli/words.h); empty lines and those that begin with # mean nothing.
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/cli/line_input.h"
#include "lsm/cli/words.h"

struct change {
	bool deletes;
	struct slice key, value; /* into the words */
};

/* The next one, good until the next call; `words` is the caller's, for its bytes. -ENODATA: there
 * is none. -EINVAL: what stands there is none, with a sentence; in->number is its line. */
must_check int change_input_next(struct line_input *in, struct words *words,
				 struct change *ret_change);
