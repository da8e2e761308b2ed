/*
 * Damage to the logs of a store in an env_mem: a bit of a record turned, and what is left before
 * it.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/rng.h"
#include "lsm/env/env.h"

struct damage {
	char log[ENV_NAME_MAX + 1];
	uint64_t at;    /* the byte */
	uint8_t bits;   /* turned in it */
	uint64_t seqno; /* the first change of the record: the history ends before it */
	bool proven;    /* something in the store proves that this change was on the disk */
};

/*
 * Choose a record among those that the next opening would replay, of a store whose logs nothing has
 * torn. False: there is none.
 */
must_check bool damage_choose(struct env *env, const char *folder, struct rng *rng,
			      struct damage *ret_damage);
void damage_do(const struct damage *d, struct env *env, const char *folder);
