/*
 * Opening the store that is to be mounted: it may be in use, for a moment or for good.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/lsm.h"

/*
 * As lsm_open, but a store that is locked by the daemon of a mount that is gone is waited for, some
 * seconds: umount(8) returns before that daemon has brought it to rest. The sentence names the
 * store.
 */
must_check int store_open_when_free(const char *path, const struct lsm_options *options,
				    struct lsm **ret_db);

/* Something is mounted where the store is to be mounted: rc, with the sentence that there is, or,
 * if the store is in use, with who has it. */
must_check int store_explain_busy(const char *path, int rc);
