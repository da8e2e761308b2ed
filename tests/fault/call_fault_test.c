/*
 * The fault loop: each system call of a workload fails, in each way that it can, once or from there
 * on; the process goes on and closes the store, or dies at the first error. Then the store is
 * opened with nothing failing, and must hold every change that was acknowledged and none that was
 * refused, be whole, and take changes.
 *
 * The method: the calls of lsm/env/env_posix*.c are caught by the linker (calls.h). A run without
 * faults counts them and says what each can fail with; then there is one trial, in a child process
 * with a store of its own, for each call and way. Background threads are waited for after each
 * operation (quiet.h), so call i is the same call in each trial up to the fault. Short transfers
 * and EINTR are no failures: they must not be seen at all.
 *
 * usage: call_fault_test [quick | long | one FAILURE INDEX once|sticky closed|open]
 *	quick	(default) each call: EIO once, ENOSPC from there on, a torn write, EMFILE; all calls
 *		short or interrupted; of the rest a sample
 *	long	300 operations: each call in each way, once and from there on, closed and left
 *		open, in all sync modes
 *	one	one trial, as a violation names it: call_fault_test one EIO 17 once closed
 * APEX_SEED: the workload's seed (1). APEX_FAULT_STRIDE: only each n-th call (1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/campaign.h"
#include "tests/fault/recoveries.h"
#include "tests/fault/settings.h"
#include "tests/support/tap.h"

enum {
	SAMPLE_EVERY = 10,
};

static const enum call_failure failures[] = {
	FAIL_EIO, FAIL_ENOSPC, FAIL_TORN, FAIL_EMFILE, FAIL_SHORT, FAIL_EINTR,
};

static void aim(struct campaign *c, enum call_failure failure, bool sticky, uint64_t at, bool dies)
{
	campaign_aim(c, (struct shot){
				.plan = {.at = at, .sticky = sticky, .failure = failure},
				.dies = dies,
			});
}

/* At each `every`-th call; every other trial dies. */
static void aim_everywhere(struct campaign *c, enum call_failure failure, bool sticky,
			   uint64_t every)
{
	for (uint64_t at = c->workload.seed % every; at < c->call_count; at += every)
		aim(c, failure, sticky, at, (at / every + sticky) % 2 == 0);
}

/* From the first call on that can fail so: all of them. */
static void aim_at_all(struct campaign *c, enum call_failure failure)
{
	uint64_t at = 0;

	while (at < c->call_count && !call_may_fail(&c->calls[at], failure))
		at++;
	if (at < c->call_count)
		aim(c, failure, true, at, false);
}

static void run_quick(struct campaign *c, uint64_t stride)
{
	aim_everywhere(c, FAIL_EIO, false, stride);
	campaign_fire(c, "EIO once at each call");
	aim_everywhere(c, FAIL_ENOSPC, true, stride);
	campaign_fire(c, "ENOSPC from each call on");
	aim_everywhere(c, FAIL_TORN, false, stride);
	campaign_fire(c, "a torn write at each write");
	aim_everywhere(c, FAIL_EMFILE, false, stride);
	campaign_fire(c, "EMFILE once at each open");
	aim_at_all(c, FAIL_SHORT);
	aim_at_all(c, FAIL_EINTR);
	campaign_fire(c, "all transfers short, all calls interrupted once");
	for (size_t i = 0; i < array_size(failures); i++) {
		aim_everywhere(c, failures[i], false, SAMPLE_EVERY * stride);
		aim_everywhere(c, failures[i], true, SAMPLE_EVERY * stride);
	}
	campaign_fire(c, "a sample of all");
}

static void run_long(struct campaign *c, uint64_t stride)
{
	for (size_t i = 0; i < array_size(failures); i++) {
		for (int way = 0; way < 4; way++)
			for (uint64_t at = 0; at < c->call_count; at += stride)
				aim(c, failures[i], way & 1, at, way & 2);
		campaign_fire(c, call_failure_name(failures[i]));
	}
}

static bool run_one(struct campaign *c, char **words)
{
	for (size_t i = 0; i < array_size(failures); i++) {
		uint64_t at = strtoull(words[1], NULL, 10);

		if (strncmp(call_failure_name(failures[i]), words[0], strlen(words[0])) != 0 ||
		    at >= c->call_count)
			continue;
		aim(c, failures[i], strcmp(words[2], "sticky") == 0, at,
		    strcmp(words[3], "open") == 0);
		campaign_fire(c, "one");
		return true;
	}
	return tap_result(false, "no failure %s, or no call %s", words[0], words[1]);
}

static void run_mode(const struct settings *s, enum lsm_sync_mode mode, char **one)
{
	struct campaign campaign;
	struct workload w = {
		.seed = s->seed,
		.operations = s->is_long ? WORKLOAD_LONG_OPERATIONS : WORKLOAD_OPERATIONS,
		.sync_mode = mode,
		.struck = calls_struck,
	};

	if (campaign_begin(&campaign, &w, s->folder)) {
		if (one)
			(void)run_one(&campaign, one);
		else if (s->is_long)
			run_long(&campaign, s->stride);
		else
			run_quick(&campaign, s->stride);
	}
	campaign_end(&campaign);
}

int main(int argc, char **argv)
{
	bool one = argc == 6 && strcmp(argv[1], "one") == 0;
	struct settings s;

	if (!settings_begin(&s, "fault", one ? 1 : argc, argv))
		return EXIT_FAILURE;
	if (s.is_long)
		for (int mode = LSM_SYNC_ALWAYS; mode <= LSM_SYNC_MANUAL; mode++)
			run_mode(&s, (enum lsm_sync_mode)mode, NULL);
	else
		run_mode(&s, settings_mode(&s), one ? argv + 2 : NULL);
	recoveries_show();
	settings_end(&s);
	return tap_end();
}
