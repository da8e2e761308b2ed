/*
 * The fault-injecting env's objects.
 *
 * Private to env_fault*.c. No mutex is held while a call is passed on: the inner env may have one
 * of the same rank.
 */
#pragma once

#include "lsm/base/mutex.h"
#include "lsm/env/env_fault.h"

struct fault_env {
	struct env env;
	struct env *inner; /* borrowed; immutable */
	struct mutex mu;
	/* guarded by mu */
	bool planned;
	struct env_fault_plan plan; /* holds while planned */
	uint64_t calls;
	bool struck;
};

enum fault_call {
	FAULT_READS,  /* the call leaves the disk as it is */
	FAULT_WRITES, /* the call changes it */
};

/*
 * Count a call and say how it is to fail: 0 passes it on. Otherwise the plan's error; the sentence,
 * "`subject`: what: injected", is left, and *ret_how (may be NULL) says what an append does first.
 */
must_check int fault_env_count(struct fault_env *e, enum fault_call call, const char *subject,
			       const char *what, enum env_fault_how *ret_how);

/* An object for fault_file_attach or free(). NULL: out of memory. */
struct fault_file *fault_file_new(struct fault_env *e, const char *name);

/* Let it pass on to inner, which it owns from now on. */
struct env_file *fault_file_attach(struct fault_file *f, struct env_file *inner);
