/*
 * Whether the logs of a store in an env_mem are ahead of the chunks that they name.
 *
 * A sync brings the blob files to the disk, then the log: a change written between the two is on
 * the disk as a log record only. No promise covers it, and the next opening takes the first such
 * record for the torn end.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/env/env.h"

/* Whether a record that the next opening would replay names a chunk that is not there. What cannot
 * be read is for that opening to complain of. */
must_check bool logs_lead(struct env *env, const char *folder);
