/*
 * flush, compact, checkpoint: what the store otherwise does by itself, and copying it.
 */

#include "lsm/cli/command_table.h"
#include "lsm/cli/instead.h"
#include "lsm/cli/report.h"
#include "lsm/cli/watched.h"

static enum exit_status flush(struct lsm *db, const struct invocation *inv)
{
	int rc = lsm_flush(db);

	(void)inv;
	return rc ? report_failure(rc) : STATUS_OK;
}

const struct command command_flush = {
	.name = "flush",
	.arguments = "",
	.summary = "bring what the log holds into tables",
	.more = "",
	.use = STORE_CHANGE,
	.group = GROUP_UPKEEP,
	.on_mount = "echo flush > M/.apex/ctl",
	.run = flush,
};

/* The end of the range that is the n-th argument; none is the empty key. */
static enum exit_status range_end(const struct invocation *inv, int n, struct buf *ret_key)
{
	if (n >= inv->argument_count)
		return STATUS_OK;
	return invocation_bytes(inv, inv->arguments[n], ret_key);
}

static enum exit_status read_range(const struct invocation *inv, struct buf *from, struct buf *to)
{
	enum exit_status status = range_end(inv, 0, from);

	if (status == STATUS_OK)
		status = range_end(inv, 1, to);
	if (status == STATUS_OK && to->len > 0 && slice_cmp(buf_slice(from), buf_slice(to)) > 0)
		return report_usage("%s: FROM is behind TO", inv->command->name);
	return status;
}

static enum exit_status check_range(const struct invocation *inv)
{
	cleanup_buf struct buf from = {0}, to = {0};

	return read_range(inv, &from, &to);
}

static enum exit_status compact(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf from = {0}, to = {0};
	enum exit_status status = read_range(inv, &from, &to);

	if (status != STATUS_OK)
		return status;

	struct watched w;

	watched_begin(&w, "compact", inv->options);
	int rc = lsm_compact(db, buf_slice(&from), buf_slice(&to));

	watched_end(&w, rc, "the levels that are done stay so, the others are as they were");
	return rc ? report_failure(rc) : STATUS_OK;
}

const struct command command_compact = {
	.name = "compact",
	.arguments = "[FROM [TO]]",
	.summary = "merge the tables, and drop what is deleted or replaced",
	.more = "With FROM and TO only those that hold keys from FROM to TO, both included.\n",
	.arguments_max = 2,
	.use = STORE_CHANGE,
	.group = GROUP_UPKEEP,
	.on_mount = "echo compact > M/.apex/ctl",
	.compacts = true,
	.options = {ENCODING_OPTIONS("FROM and TO are written")},
	.check = check_range,
	.run = compact,
};

static enum exit_status checkpoint(struct lsm *db, const struct invocation *inv)
{
	int rc = lsm_checkpoint(db, inv->arguments[0]);

	return rc ? report_failure(rc) : STATUS_OK;
}

const struct command command_checkpoint = {
	.name = "checkpoint",
	.arguments = "TO",
	.summary = "make a store in the folder TO that holds the same",
	.more = "TO is absent or empty, and on the same file system: the tables are linked, not "
		"copied.\nThe copy is on the disk when the command ends.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_CHANGE,
	.group = GROUP_UPKEEP,
	.on_mount = "echo checkpoint /PATH/OF/TO > M/.apex/ctl",
	.instead = instead_checkpoint,
	.check = invocation_check_place,
	.run = checkpoint,
};
