/*
 * Damage found in the store: logged once per distinct sentence, answered as an I/O error.
 *
 * Thread rule: any thread, no lock.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lsm/base/compiler.h"

enum {
	FAULTS_REMEMBERED = 64,
};

/* All zero at the start. */
struct faults {
	_Atomic uint64_t seen[FAULTS_REMEMBERED]; /* hashes of sentences */
};

/* err as the kernel may see it: -EBADMSG and -EUCLEAN become -EIO, all else stays. */
must_check int faults_answer(struct faults *f, int err);
