/*
 * kill -9 at every system call: right before it, in the middle of it (half of a write is in the
 * file), right after it, in all sync modes. The store must then hold every change that was
 * acknowledged and, of the one under way, all or nothing; be whole; take changes; open again.
 *
 * The method is the fault loop's (call_fault_test.c), with SIGKILL for the fault. What was
 * acknowledged is written by the child into memory that it shares with this process (ledger.h).
 *
 * usage: kill_call_test [quick | long]
 *	quick	(default) a workload of 60 operations
 *	long	300 operations, five seeds from APEX_SEED on
 * APEX_SEED: the workload's seed (1). APEX_FAULT_STRIDE: only each n-th call (1).
 */
#include <stdlib.h>

#include "tests/fault/campaign.h"
#include "tests/fault/recoveries.h"
#include "tests/fault/settings.h"
#include "tests/support/tap.h"

enum {
	QUICK_OPERATIONS = 60,
	LONG_SEEDS = 5,
};

static void kill_everywhere(const struct settings *s, uint64_t seed, enum lsm_sync_mode mode)
{
	static const enum call_failure when[] = {
		FAIL_KILL_BEFORE,
		FAIL_KILL_MIDDLE,
		FAIL_KILL_AFTER,
	};
	struct campaign campaign;
	struct workload w = {
		.seed = seed,
		.operations = s->is_long ? WORKLOAD_LONG_OPERATIONS : QUICK_OPERATIONS,
		.sync_mode = mode,
		.struck = calls_struck,
	};

	if (campaign_begin(&campaign, &w, s->folder)) {
		for (uint64_t at = 0; at < campaign.call_count; at += s->stride)
			for (size_t i = 0; i < array_size(when); i++)
				campaign_aim(&campaign,
					     (struct shot){
						     .plan = {.at = at, .failure = when[i]},
					     });
		campaign_fire(&campaign, "kill -9 at each call");
	}
	campaign_end(&campaign);
}

int main(int argc, char **argv)
{
	struct settings s;

	if (!settings_begin(&s, "kill-call", argc, argv))
		return EXIT_FAILURE;
	for (uint64_t seed = s.seed; seed < s.seed + (s.is_long ? LONG_SEEDS : 1); seed++)
		for (int mode = LSM_SYNC_ALWAYS; mode <= LSM_SYNC_MANUAL; mode++)
			kill_everywhere(&s, seed, (enum lsm_sync_mode)mode);
	recoveries_show();
	settings_end(&s);
	return tap_end();
}
