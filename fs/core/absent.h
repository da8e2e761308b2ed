/*
 * Which names the kernel may remember as absent: a set that forgets nothing and may say yes too
 * often (one bit a hash), so that changes which do not come through the kernel tell it of few
 * names.
 *
 * A lookup that found nothing adds the name, then looks whether such a change was made meanwhile,
 * and if so looks again; the change is counted before it asks the set. So one of the two sees the
 * other (all of these are sequentially consistent).
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/slice.h"

enum {
	ABSENT_BITS = 1 << 23, /* a MiB, of which the system gives what is used */
	ABSENT_WORD = 64,
};

struct absent {
	_Atomic uint64_t *words;  /* owned */
	_Atomic uint64_t changes; /* that did not come through the kernel */
};

/* -ENOMEM. */
int absent_init(struct absent *a);
void absent_done(struct absent *a);

void absent_add(struct absent *a, uint64_t folder, struct slice name);
bool absent_may_have(const struct absent *a, uint64_t folder, struct slice name);
