#include "lsm/cli/run.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/cli/holder.h"
#include "lsm/cli/output.h"
#include "lsm/cli/report.h"
#include "lsm/config/engine_options.h"

enum {
	STALE_TRIES = 20,
};

static void set_use(enum store_use use, struct lsm_options *options)
{
	if (use == STORE_READ || use == STORE_CHANGE)
		options->create = false;
	if (use == STORE_READ)
		options->read_only = true;
}

static enum exit_status run_on_open_store(const struct invocation *inv)
{
	struct lsm *db;
	int rc = lsm_open(inv->store, inv->options, &db);

	if (rc == -EWOULDBLOCK)
		return holder_report(inv);
	if (rc) {
		report_error(rc);
		return status_of_open_error(rc);
	}
	fail_clear();

	enum exit_status status = inv->command->run(db, inv);

	(void)output_failed(stdout); /* while it is known why */
	fail_clear();
	rc = lsm_close(db);
	if (rc && status == STATUS_OK)
		status = report_failure(rc);
	return status;
}

/*
 * A reader beside a writer may have to open the store again, because a table that it wants has been
 * replaced. That ends, as long as it gets on in between.
 */
static enum exit_status run_until_fresh(const struct invocation *inv)
{
	struct progress *progress = inv->progress;
	enum exit_status status = STATUS_STALE;

	for (int tries = 0; status == STATUS_STALE && tries < STALE_TRIES; tries++) {
		uint64_t records = progress->records;
		uint64_t bytes = progress->value.done;

		status = run_on_open_store(inv);
		if (progress->records > records || progress->value.done > bytes)
			tries = 0;
	}
	return status == STATUS_STALE ? report_stale(inv->store) : status;
}

static enum exit_status run_prepared(struct invocation *inv, enum store_use use)
{
	struct progress progress = {0};
	enum exit_status status;

	inv->progress = &progress;
	if (use == STORE_CLOSED || use == STORE_NONE)
		status = inv->command->run(NULL, inv);
	else
		status = run_until_fresh(inv);
	inv->progress = NULL;
	progress_done(&progress);
	return status;
}

enum exit_status run_invocation(struct invocation *inv)
{
	enum store_use use = invocation_use(inv);
	struct long_work work = {0};
	struct lsm_options options;
	enum exit_status status;
	char holder[64];

	(void)snprintf(holder, sizeof(holder), "pid=%ld program=apexkv command=%s", (long)getpid(),
		       inv->command->name);
	lsm_options_init(&options);
	engine_options_apply(inv->config, &options);
	options.holder = holder;
	options.work = &work;
	set_use(use, &options);
	if (inv->command->compacts)
		options.compaction_threads = 0;
	inv->options = &options;
	status = use == STORE_NONE ? STATUS_OK : holder_check_place(inv);
	if (status == STATUS_OK)
		status = invocation_prepare(inv);
	if (status == STATUS_OK)
		status = run_prepared(inv, use);
	invocation_release(inv);
	inv->options = NULL;
	return status;
}
