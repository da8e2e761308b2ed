/*
 * The machine's CPUs, as the kernel numbers them.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

enum {
	CPUS_MAX = 4096,
};

struct cpus {
	unsigned possible; /* 1 + the highest number that a CPU can ever have */
	bool online[CPUS_MAX];
};

/*
 * Read /sys/devices/system/cpu/{possible,online}. -ENOENT and the like when they cannot be read,
 * -EINVAL for a text that is no list of CPUs, -E2BIG beyond CPUS_MAX, -EOPNOTSUPP as cpus_check,
 * with a sentence.
 */
must_check int cpus_read(struct cpus *ret_cpus);

/*
 * -EOPNOTSUPP, with a sentence: the possible CPUs are not all of 0 to `end` - 1. FUSE has as many
 * queues as there are possible CPUs, and takes a CPU's number for that of its queue: a gap makes
 * the last ones CPUs without a queue.
 */
must_check int cpus_check(const bool *possible, unsigned end);

/*
 * Mark the CPUs of a list like "0-3,5" in `ret_set` (of CPUS_MAX), and say 1 + the highest.
 * -EINVAL, -E2BIG: nothing is known then.
 */
must_check int cpus_parse(const char *list, bool *ret_set, unsigned *ret_end);
