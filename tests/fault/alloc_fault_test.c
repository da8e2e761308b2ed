/*
 * Each allocation of a workload is refused once (and, in the long form, some in a row): the
 * operation answers -ENOMEM or succeeds, the next one works without reopening, nothing is lost and
 * no memory is left over. So does each start of a thread.
 *
 * The method is the fault loop's (call_fault_test.c), with malloc and its like (allocations.h) and
 * pthread_create (quiet.h) for the system calls. A leak shows as blocks not given back when the
 * store is closed, in every build; the address sanitizer's build knows where they came from.
 *
 * usage: alloc_fault_test [quick | long]
 *	quick	(default) a workload of 240 operations, each allocation once
 *	long	each allocation once and 20 in a row from there, all sync modes
 * APEX_SEED: the workload's seed (1). APEX_FAULT_STRIDE: only each n-th allocation (1).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "tests/fault/allocations.h"
#include "tests/fault/quiet.h"
#include "tests/fault/recoveries.h"
#include "tests/fault/settings.h"
#include "tests/fault/workers.h"
#include "tests/support/tap.h"

enum {
	ROW = 20,
};

/* One round of trials. */
struct round {
	struct workload workload;
	uint64_t stride;
	uint64_t in_a_row; /* allocations refused; 0: a thread's start instead */
};

static void begin_starts(const void *plan)
{
	quiet_fail_start(*(const uint64_t *)plan);
}

static void begin_allocations(const void *plan)
{
	allocations_begin(plan);
}

static const char *end_allocations(void)
{
	allocations_end();
	return allocations_left() ? "blocks of memory are not given back" : NULL;
}

static bool run_one(void *arg, uint64_t number, const char *path, struct trial_board *board,
		    char why[WORKLOAD_TEXT_MAX])
{
	const struct round *round = arg;
	uint64_t at = number * round->stride;
	struct allocation_plan plan = {.at = at, .count = round->in_a_row};
	struct trial t = {
		.workload = round->workload,
		.begin = round->in_a_row ? begin_allocations : begin_starts,
		.end = round->in_a_row ? end_allocations : NULL,
		.plan = round->in_a_row ? (const void *)&plan : &at,
	};

	t.workload.path = path;
	t.workload.trial = at;
	return trial_run(&t, board, why);
}

static void describe_one(void *arg, uint64_t number, char text[WORKLOAD_TEXT_MAX])
{
	const struct round *round = arg;

	(void)snprintf(text, WORKLOAD_TEXT_MAX, "seed %" PRIu64 " sync mode %d, %s %" PRIu64,
		       round->workload.seed, (int)round->workload.sync_mode,
		       round->in_a_row ? "allocation" : "thread", number * round->stride);
}

/* How many allocations and starts of threads a run has in which nothing fails. */
static bool rehearse(const struct settings *s, struct workload w, uint64_t *ret_allocations,
		     uint64_t *ret_starts)
{
	struct ledger *ledger = ledger_new();
	struct workload_outcome outcome = {0};
	char path[256], why[WORKLOAD_TEXT_MAX] = "";

	(void)snprintf(path, sizeof(path), "%s/rehearsal", s->folder);
	w.path = path;
	w.rule = WORKLOAD_NO_ERRORS;
	ledger_start(ledger, w.seed);
	quiet_fail_start(UINT64_MAX);
	allocations_begin(NULL);
	workload_run(&w, ledger, &outcome);
	*ret_starts = quiet_starts();
	*ret_allocations = allocations_count();

	const char *left = end_allocations();
	bool good = !left && !outcome.violation[0] && workload_check(&w, ledger, &outcome, why);

	ledger_free(ledger);
	if (!good || workload_remove(path))
		return tap_result(false, "a run without faults: %s%s%s", outcome.violation, why,
				  left ? left : "");
	return true;
}

static void fire(const struct settings *s, struct round *round, uint64_t count, const char *name)
{
	struct workers_job job = {
		.count = (count + round->stride - 1) / round->stride,
		.run = run_one,
		.describe = describe_one,
		.arg = round,
	};
	uint64_t start = clock_mono_ns();
	uint64_t failures = workers_run(&job, s->folder);
	double seconds = (double)(clock_mono_ns() - start) / 1e9;

	(void)tap_result(failures == 0,
			 "%s, sync mode %d: %" PRIu64 " of %" PRIu64 ", %" PRIu64
			 " violations, %.1f s",
			 name, (int)round->workload.sync_mode, job.count, count, failures, seconds);
}

static void run_mode(const struct settings *s, enum lsm_sync_mode mode)
{
	struct workload w = {
		.seed = s->seed,
		.operations = s->is_long ? WORKLOAD_LONG_OPERATIONS : WORKLOAD_OPERATIONS,
		.sync_mode = mode,
		.rule = WORKLOAD_ERRORS_ONCE,
		.struck = allocations_struck,
	};
	uint64_t count, starts;

	if (!rehearse(s, w, &count, &starts))
		return;

	struct round round = {.workload = w, .stride = s->stride, .in_a_row = 1};

	fire(s, &round, count, "each allocation is refused once");
	if (s->is_long) {
		round.in_a_row = ROW;
		round.workload.rule = WORKLOAD_ERRORS;
		fire(s, &round, count, "twenty allocations in a row are refused");
	}
	round.in_a_row = 0;
	round.stride = 1;
	round.workload.rule = WORKLOAD_ERRORS_ONCE;
	round.workload.struck = quiet_starts_refused;
	fire(s, &round, starts, "each thread does not start once");
}

int main(int argc, char **argv)
{
	struct settings s;

	if (!settings_begin(&s, "alloc-fault", argc, argv))
		return EXIT_FAILURE;
	if (s.is_long)
		for (int mode = LSM_SYNC_ALWAYS; mode <= LSM_SYNC_MANUAL; mode++)
			run_mode(&s, (enum lsm_sync_mode)mode);
	else
		run_mode(&s, settings_mode(&s));
	recoveries_show();
	settings_end(&s);
	return tap_end();
}
