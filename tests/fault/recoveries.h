/*
 * Opening stores with each of the modes of enum lsm_recovery, counted over all processes.
 *
 * A failed call, a kill and a power cut leave torn ends at most, so each mode opens the store, with
 * the same history, but for LSM_RECOVER_WHOLE, which may refuse a torn end; none may find damage.
 *
 * Thread rule: recoveries_begin, _show and _end: the main thread of a process without others;
 * recoveries_open: any.
 */
#pragma once

#include <stdbool.h>

#include "lsm/lsm.h"

enum {
	RECOVERY_MODES = LSM_RECOVER_PREFIX + 1,
};

/* False: no memory that processes can share. */
must_check bool recoveries_begin(void);
/* How many there were, and a TAP result: stores were opened in each mode. */
void recoveries_show(void);
void recoveries_end(void);

/*
 * lsm_open, for writing. Refused as torn, where it may be so, it is opened once more with its end
 * cut off. -EPROTO with a sentence: it opens, but what it says of its end is wrong.
 */
must_check int recoveries_open(const char *path, const struct lsm_options *options,
			       bool may_be_torn, struct lsm **ret_db);
