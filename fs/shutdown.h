/*
 * A limit to how long closing may take: whoever stops a machine does not wait for a flush, or for
 * a disk that hangs. The process may end at any moment: what was acknowledged is in the log.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "lsm/base/thread.h"

struct shutdown_watch {
	struct thread thread; /* not started: no limit */
	uint64_t deadline_ns;
	struct mutex mu;
	struct cond over;
	bool is_over; /* guarded by mu */
};

/* From now on the process has `seconds` (0: as long as it takes) until shutdown_watch_end; then it
 * ends with EXIT_FAILURE and a line in the log. Without a thread for it there is no limit. */
void shutdown_watch_begin(struct shutdown_watch *w, unsigned seconds);
void shutdown_watch_end(struct shutdown_watch *w);
