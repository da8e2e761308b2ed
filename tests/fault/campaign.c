#include "tests/fault/campaign.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "tests/fault/recoveries.h"
#include "tests/fault/workers.h"
#include "tests/support/tap.h"

const char *sync_mode_name(enum lsm_sync_mode mode)
{
	static const char *const names[] = {"always", "batch", "interval", "manual"};

	return names[mode];
}

/* A run in this process; its calls. */
static bool rehearse(struct campaign *c, struct ledger *ledger, struct call *ret_calls,
		     uint64_t *ret_count)
{
	struct workload w = c->workload;
	struct workload_outcome outcome = {0};
	char path[256], why[WORKLOAD_TEXT_MAX] = "";

	(void)snprintf(path, sizeof(path), "%s/rehearsal", c->folder);
	w.path = path;
	w.rule = WORKLOAD_NO_ERRORS;
	ledger_start(ledger, w.seed);
	calls_begin(NULL);
	workload_run(&w, ledger, &outcome);
	calls_end();
	c->opens = outcome.opens;
	c->copies = outcome.copies.made;
	*ret_count = calls_count();
	memcpy(ret_calls, calls_list(), CALLS_LISTED_MAX * sizeof(*ret_calls));
	bool good = !outcome.violation[0] && workload_check(&w, ledger, &outcome, why) &&
		    *ret_count <= CALLS_LISTED_MAX;

	if (!good)
		return tap_result(false, "a run without faults: %s%s, %" PRIu64 " calls",
				  outcome.violation, why, *ret_count);
	tap_note("seed %" PRIu64 " sync mode %s: %u operations, %u changes, %" PRIu64
		 " flushes, %" PRIu64 " compactions, %u checkpoints, %" PRIu64
		 " bytes into blob files, %" PRIu64 " of them moved, %" PRIu64 " calls",
		 w.seed, sync_mode_name(w.sync_mode), w.operations, ledger->begun, outcome.flushes,
		 outcome.compactions, outcome.copies.made, outcome.blob_written_bytes,
		 outcome.blob_moved_bytes, *ret_count);
	return workload_remove(path) == 0;
}

/* Each kind of call; and the manifests that were begun while the store was open. */
static void count_kinds(const struct campaign *c)
{
	unsigned counts[CALL_KINDS] = {0};
	char line[WORKLOAD_TEXT_MAX];
	size_t len = 0;

	for (uint64_t i = 0; i < c->call_count; i++)
		counts[c->calls[i].kind]++;
	for (int kind = 0; kind < CALL_KINDS; kind++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, " %s %u",
					call_kind_name((enum call_kind)kind), counts[kind]);
	/* CURRENT is renamed into its place when a store or a copy is made, at each open, and then
	 */
	tap_note("calls:%s; %" PRIu64 " opens, %" PRId64 " manifests renewed meanwhile", line,
		 c->opens, (int64_t)counts[CALL_RENAME] - 1 - (int64_t)c->opens - c->copies);
}

/* Two background threads at work at once may change places; nothing else should. */
static void compare(const struct campaign *c, const struct call *again, uint64_t count)
{
	uint64_t i = 0;

	while (i < min_of(c->call_count, count) &&
	       memcmp(&again[i], &c->calls[i], sizeof(*again)) == 0)
		i++;
	if (i < max_of(c->call_count, count))
		tap_note("the two runs differ from call %" PRIu64 " on", i);
}

bool campaign_begin(struct campaign *c, const struct workload *w, const char *folder)
{
	struct ledger *ledger = ledger_new();
	struct call *again = calloc(CALLS_LISTED_MAX, sizeof(*again));
	uint64_t count = 0;

	*c = (struct campaign){.workload = *w, .folder = folder};
	c->calls = calloc(CALLS_LISTED_MAX, sizeof(*c->calls));
	assert(ledger && again && c->calls);
	bool good =
		rehearse(c, ledger, c->calls, &c->call_count) && rehearse(c, ledger, again, &count);

	if (good) {
		count_kinds(c);
		compare(c, again, count);
	}
	free(again);
	ledger_free(ledger);
	return good;
}

void campaign_end(struct campaign *c)
{
	free(c->calls);
	free(c->shots);
	*c = (struct campaign){0};
}

static void add_shot(struct campaign *c, const struct shot *shot)
{
	if (c->shot_count == c->shot_cap) {
		c->shot_cap = c->shot_cap ? c->shot_cap * 2 : 256;
		c->shots = reallocarray(c->shots, c->shot_cap, sizeof(*c->shots));
		assert(c->shots);
	}
	c->shots[c->shot_count++] = *shot;
}

void campaign_aim(struct campaign *c, struct shot shot)
{
	assert(shot.plan.at < c->call_count);
	if (!call_may_fail(&c->calls[shot.plan.at], shot.plan.failure))
		return;
	/* what cannot be read is not damaged, in any mode */
	unsigned trials = c->calls[shot.plan.at].kind == CALL_READ ? RECOVERY_MODES : 1;

	shot.trial = shot.plan.at + (uint64_t)shot.plan.failure;
	for (; trials > 0; trials--) {
		add_shot(c, &shot);
		shot.trial++;
	}
}

static void begin_fault(const void *plan)
{
	calls_begin(plan);
}

static const char *end_fault(void)
{
	calls_end();
	return NULL;
}

/* The same faults that the process would meet by accident, not by its own hand. */
static bool is_kill(enum call_failure failure)
{
	return failure == FAIL_KILL_BEFORE || failure == FAIL_KILL_MIDDLE ||
	       failure == FAIL_KILL_AFTER;
}

static bool is_invisible(enum call_failure failure)
{
	return failure == FAIL_SHORT || failure == FAIL_EINTR || is_kill(failure);
}

static bool may_tear(enum call_failure failure)
{
	return !is_invisible(failure) || failure == FAIL_KILL_MIDDLE;
}

static bool run_shot(void *arg, uint64_t number, const char *path, struct trial_board *board,
		     char why[WORKLOAD_TEXT_MAX])
{
	const struct campaign *c = arg;
	const struct shot *shot = &c->shots[number];
	struct trial t = {
		.workload = c->workload,
		.may_be_killed = is_kill(shot->plan.failure),
		.begin = begin_fault,
		.end = end_fault,
		.plan = &shot->plan,
	};

	t.workload.path = path;
	t.workload.trial = shot->trial;
	t.workload.may_tear = may_tear(shot->plan.failure);
	t.workload.dies_at_error = shot->dies;
	t.workload.rule = is_invisible(shot->plan.failure) ? WORKLOAD_NO_ERRORS : WORKLOAD_ERRORS;
	return trial_run(&t, board, why);
}

static void describe_shot(void *arg, uint64_t number, char text[WORKLOAD_TEXT_MAX])
{
	const struct campaign *c = arg;
	const struct shot *s = &c->shots[number];

	(void)snprintf(
		text, WORKLOAD_TEXT_MAX,
		"seed %" PRIu64 " sync mode %s, call %" PRIu64 " (%s) %s %s, %s, trial %" PRIu64,
		c->workload.seed, sync_mode_name(c->workload.sync_mode), s->plan.at,
		call_kind_name(c->calls[s->plan.at].kind), call_failure_name(s->plan.failure),
		s->plan.sticky ? "from there on" : "once", s->dies ? "left open" : "closed",
		s->trial);
}

void campaign_fire(struct campaign *c, const char *name)
{
	struct workers_job job = {
		.count = c->shot_count,
		.run = run_shot,
		.describe = describe_shot,
		.arg = c,
	};
	uint64_t start = clock_mono_ns();
	uint64_t failures = workers_run(&job, c->folder);
	double seconds = (double)(clock_mono_ns() - start) / 1e9;

	(void)tap_result(failures == 0,
			 "%s, sync mode %s: %zu trials, %" PRIu64
			 " violations, %.1f s (%.1f ms each)",
			 name, sync_mode_name(c->workload.sync_mode), c->shot_count, failures,
			 seconds, seconds * 1e3 / (double)max_of(c->shot_count, (size_t)1));
	c->shot_count = 0;
}
