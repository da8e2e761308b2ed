/*
 * The fault loop's other half (call_fault_test.c): a call fails, and then the power goes. The store
 * runs on a disk in memory that forgets what was not synced (env_mem.h), under the env that makes
 * calls fail (env_fault.h). What is found must be the first m changes, for an m that is at least
 * what a sync, a flush or a close has promised: so a promise that a failed sync did not keep shows.
 *
 * usage: power_fault_test [quick | long]
 *	quick	(default) one sync mode; where it has to be, the one that syncs each change
 *	long	all sync modes, five seeds from APEX_SEED on
 * APEX_SEED: the workload's seed (1). APEX_FAULT_STRIDE: only each n-th call (1).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "tests/fault/recoveries.h"
#include "tests/fault/settings.h"
#include "tests/fault/workers.h"
#include "tests/support/tap.h"

enum {
	LONG_SEEDS = 5,
};

/* A kind of trial; at_call is filled in. */
struct kind {
	const char *name;
	struct env_fault_plan plan;
	bool at_error; /* the power goes at the first error */
};

static const struct kind kinds[] = {
	{"EIO once, the power goes at the error", {.error = -EIO}, true},
	{"EIO once, the power goes after the close", {.error = -EIO}, false},
	{"EIO once, and what a sync was to write is lost",
	 {.error = -EIO, .sync_lost = env_mem_file_lose},
	 false},
	{"the disk is gone from there on", {.error = -EIO, .sticky = true}, false},
	{"the disk is full from there on",
	 {.error = -ENOSPC, .sticky = true, .writes_only = true, .how = ENV_FAULT_SHORT},
	 false},
	{"writes are torn from there on",
	 {.error = -EIO, .sticky = true, .writes_only = true, .how = ENV_FAULT_TORN},
	 false},
};

struct round {
	struct workload workload;
	const struct kind *kind;
	unsigned kind_number;
	uint64_t stride;
	uint64_t calls; /* of the last run in this process */
};

/* What the trial's env is: workload.struck has no argument. One trial at a time in a process. */
static struct {
	struct env *env;
	struct env_fault_plan plan;
} now;

static uint64_t struck(void)
{
	uint64_t calls = env_fault_calls(now.env);

	if (!env_fault_struck(now.env))
		return 0;
	return now.plan.sticky ? calls - now.plan.at_call : 1;
}

/* The last moment of the disk: nothing reaches it any more. */
static void cut_power(void)
{
	now.plan = (struct env_fault_plan){.error = -EIO, .sticky = true};
	env_fault_set(now.env, &now.plan);
}

static bool run_at(struct round *round, uint64_t at, struct trial_board *board,
		   char why[WORKLOAD_TEXT_MAX])
{
	struct env *disk = env_mem_new(), *env = disk ? env_fault_new(disk) : NULL;
	struct workload w = round->workload;
	bool good = env != NULL;

	if (good) {
		now.env = env;
		now.plan = round->kind->plan;
		now.plan.at_call = at;
		env_fault_set(env, &now.plan);
		w.env = env;
		w.path = "store";
		w.trial = at + round->kind_number;
		w.may_tear = true;
		w.rule = WORKLOAD_ERRORS;
		w.struck = struck;
		w.cut_power = round->kind->at_error ? cut_power : NULL;
		w.dies_at_error = round->kind->at_error;
		w.loses_power = true;
		ledger_start(board->ledger, w.seed);
		*board->outcome = (struct workload_outcome){0};
		workload_run(&w, board->ledger, board->outcome);
		round->calls = env_fault_calls(env);
		good = !board->outcome->violation[0];
		(void)snprintf(why, WORKLOAD_TEXT_MAX, "%s", board->outcome->violation);
		env_mem_power_cut(disk);
		w.env = disk;
		good = good && workload_check(&w, board->ledger, board->outcome, why);
	}
	env_free(env);
	env_free(disk);
	return good;
}

static bool run_one(void *arg, uint64_t number, const char *path, struct trial_board *board,
		    char why[WORKLOAD_TEXT_MAX])
{
	struct round *round = arg;

	(void)path; /* the disk is in memory */
	return run_at(round, number * round->stride, board, why);
}

static void describe_one(void *arg, uint64_t number, char text[WORKLOAD_TEXT_MAX])
{
	const struct round *round = arg;

	(void)snprintf(text, WORKLOAD_TEXT_MAX,
		       "seed %" PRIu64 " sync mode %d, call %" PRIu64 ": %s", round->workload.seed,
		       (int)round->workload.sync_mode, number * round->stride, round->kind->name);
}

/* Calls of a run in which the power goes after the close and nothing fails; 0: it went wrong. */
static uint64_t rehearse(struct round *round)
{
	static const struct kind none = {"nothing fails", {.error = -EIO}, false};
	struct trial_board board;
	char why[WORKLOAD_TEXT_MAX] = "no memory";
	uint64_t calls = 0;

	round->kind = &none;
	if (trial_board_init(&board) && run_at(round, UINT64_MAX, &board, why))
		calls = round->calls;
	else
		(void)tap_result(false, "a run without faults: %s", why);
	trial_board_done(&board);
	return calls;
}

static void fire(const struct settings *s, struct round *round, uint64_t count)
{
	struct workers_job job = {
		.count = (count + s->stride - 1) / s->stride,
		.run = run_one,
		.describe = describe_one,
		.arg = round,
	};
	uint64_t start = clock_mono_ns();
	uint64_t failures = workers_run(&job, s->folder);

	(void)tap_result(failures == 0,
			 "%s, sync mode %d: %" PRIu64 " trials, %" PRIu64 " violations, %.1f s",
			 round->kind->name, (int)round->workload.sync_mode, job.count, failures,
			 (double)(clock_mono_ns() - start) / 1e9);
}

static void run_kind(const struct settings *s, uint64_t seed, enum lsm_sync_mode mode,
		     const struct kind *kind)
{
	uint32_t operations = s->is_long ? WORKLOAD_LONG_OPERATIONS : WORKLOAD_OPERATIONS;
	struct round round = {
		.workload = {.seed = seed, .operations = operations, .sync_mode = mode},
		.stride = s->stride,
	};
	uint64_t calls = rehearse(&round);

	round.kind = kind;
	round.kind_number = (unsigned)(kind - kinds);
	if (calls > 0)
		fire(s, &round, calls);
}

/* The run itself opens the store again after an error, and is to find all but the change that met
 * it: so where a sync loses what it was to write, that is one change. */
static bool needs_syncs(const struct kind *kind)
{
	return kind->plan.sync_lost;
}

static void run_quick(const struct settings *s)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		run_kind(s, s->seed, needs_syncs(&kinds[i]) ? LSM_SYNC_ALWAYS : settings_mode(s),
			 &kinds[i]);
}

static void run_long(const struct settings *s)
{
	for (uint64_t seed = s->seed; seed < s->seed + LONG_SEEDS; seed++)
		for (int mode = LSM_SYNC_ALWAYS; mode <= LSM_SYNC_MANUAL; mode++)
			for (size_t i = 0; i < array_size(kinds); i++)
				if (mode == LSM_SYNC_ALWAYS || !needs_syncs(&kinds[i]))
					run_kind(s, seed, (enum lsm_sync_mode)mode, &kinds[i]);
}

int main(int argc, char **argv)
{
	struct settings s;

	if (!settings_begin(&s, "power-fault", argc, argv))
		return EXIT_FAILURE;
	if (s.is_long)
		run_long(&s);
	else
		run_quick(&s);
	recoveries_show();
	settings_end(&s);
	return tap_end();
}
