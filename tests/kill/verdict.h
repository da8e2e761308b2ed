/*
 * Which states a store may be in after its daemon was killed: the promises of the README, for one
 * writer.
 *
 * A state is a number of changes: the store is as if exactly the writer's first n were made. Always
 * allowed is all that was acknowledged; also with the one that was in flight, or with the first of
 * the two requests that the kernel made of it (folder_model_apply_part). The one exception:
 * creations and truncations that wait for their write (fs/core/fs.h), when the history ends with
 * them.
 *
 * They may be missing when the daemon was killed within FS_HOLD_MS of their acknowledgement, or
 * when the write in flight had taken them over within that time. After that, logging them takes the
 * daemon a moment, as every change does: VERDICT_WAKE_MS, and as long as the slowest change that
 * any writer saw in the same cycle.
 *
 * They may stand alone, as an empty file, only when something has had them logged: that time was
 * over, another change of the writer was in flight, or anybody's fsync. So a truncation and the
 * write after it are one put: the old value or the new one, never an empty file.
 *
 * The kernel may drop the node of a file that nobody has open when memory is scarce, and the daemon
 * then logs it at once; this test leaves that out, as it does not happen within milliseconds of the
 * file's use.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include "tests/kill/history.h"
#include "tests/support/mounted.h"

enum {
	VERDICT_STATES_MAX = 16,
	/* What a busy machine may take to wake the thread that logs it. */
	VERDICT_WAKE_MS = 10,
};

struct verdict_state {
	uint32_t changes;
	bool part; /* and the first request of the next change */
};

struct verdict {
	unsigned count;
	struct verdict_state states[VERDICT_STATES_MAX];
};

/* histories[writer] is judged; the others are those of the writers beside it. */
struct verdict verdict_of(const struct history *const *histories, uint32_t writers, uint32_t writer,
			  const struct mounted_death *death);
