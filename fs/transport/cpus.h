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
 * -EINVAL for a text that is no list of CPUs, -E2BIG beyond CPUS_MAX, with a sentence.
 */
must_check int cpus_read(struct cpus *ret_cpus);

/*
 * Mark the CPUs of a list like "0-3,5" in `ret_set` (of CPUS_MAX), and say 1 + the highest.
 * -EINVAL, -E2BIG: nothing is known then.
 */
must_check int cpus_parse(const char *list, bool *ret_set, unsigned *ret_end);
