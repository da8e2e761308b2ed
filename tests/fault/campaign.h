/*
 * Many trials of one workload with one system call failing in each (or all from one on): what the
 * programs over calls.h share.
 *
 * Thread rule: the main thread of a process without others.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "tests/fault/calls.h"
#include "tests/fault/workload.h"

struct shot {
	struct call_plan plan;
	bool dies;      /* at the first error, without closing the store */
	uint64_t trial; /* workload.trial; campaign_aim's */
};

struct campaign {
	struct workload workload;
	const char *folder; /* for the stores; borrowed */
	/* The calls of a run in which nothing fails. */
	struct call *calls; /* owned */
	uint64_t call_count;
	uint64_t opens;  /* of the store, in it */
	unsigned copies; /* checkpoints made */
	/* What is to be run next. */
	struct shot *shots; /* owned */
	size_t shot_count, shot_cap;
};

/* One of "manual", "always", ...; for people. */
const char *sync_mode_name(enum lsm_sync_mode mode);

/*
 * Learn the calls by two runs with nothing failing, and say how many of each there are. False, with
 * a TAP result: the runs fail, or miss something they are there for.
 */
must_check bool campaign_begin(struct campaign *c, const struct workload *w, const char *folder);
void campaign_end(struct campaign *c);

/* Take the shot into the list, if the call at `at` can fail so; of a read, once for each recovery
 * mode. */
void campaign_aim(struct campaign *c, struct shot shot);
/* Run the list and empty it; one TAP result of this name. */
void campaign_fire(struct campaign *c, const char *name);
