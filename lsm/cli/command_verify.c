/*
 * verify: every byte of the store.
 */
#include <inttypes.h>
#include <stdio.h>

#include "lsm/cli/command_table.h"
#include "lsm/cli/report.h"
#include "lsm/cli/watched.h"

static enum exit_status verify(struct lsm *db, const struct invocation *inv)
{
	struct lsm_verify_report report;
	struct watched w;

	watched_begin(&w, "verify", inv->options);
	int rc = lsm_verify(db, &report);

	watched_end(&w, rc, "no damage in that");
	if (rc)
		return report_failure(rc);
	printf("ok: tables=%" PRIu64 " bytes=%" PRIu64 " log_records=%" PRIu64 "\n", report.tables,
	       report.bytes, report.log_records);
	if (report.torn_log > 0)
		report_torn(report.torn_log, report.torn_offset, report.torn_bytes);
	return STATUS_OK;
}

const struct command command_verify = {
	.name = "verify",
	.arguments = "",
	.summary = "read and check every byte of the store",
	.more = "Prints how much was checked, or names the file and the offset of the first "
		"damage.\nA torn end of the log, as a crash leaves it, is told, and is no "
		"damage.\n",
	.use = STORE_READ,
	.group = GROUP_UPKEEP,
	.run = verify,
};
