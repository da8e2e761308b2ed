/*
 * A limit of so many units a second, shared by any number of threads (the "virtual scheduling" form
 * of the leaky bucket, ITU-T I.371): who takes units is told how long to wait before going on.
 *
 * Thread rule: any thread. One atomic, the time up to which everything taken is paid for; relaxed,
 * it orders nothing.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

enum {
	RATE_BURST_MS = 100, /* what was not taken for so long is lost */
};

struct rate {
	_Atomic uint64_t per_second; /* 0: no limit */
	_Atomic uint64_t paid_until_ns;
};

void rate_init(struct rate *r, uint64_t per_second);
/* From now on; what was taken before is paid for at the old price. */
void rate_set(struct rate *r, uint64_t per_second);

/* Take units at `now_ns` (of one monotonic clock); the nanoseconds to wait, 0: go on. */
uint64_t rate_take(struct rate *r, uint64_t units, uint64_t now_ns);
