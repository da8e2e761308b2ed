/*
 * salvage: what can be read of a damaged store, into a new one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lsm/cli/command_table.h"
#include "lsm/cli/holder.h"
#include "lsm/cli/report.h"
#include "lsm/cli/watched.h"

static void print_loss(void *arg, const char *what)
{
	struct watched *w = arg;

	/* the line may be in the middle of a bar, which is drawn again soon */
	fprintf(stderr, w->meter.on_terminal ? "\r\033[Kapexkv: lost: %s\n" : "apexkv: lost: %s\n",
		what);
}

static void print_summary(const struct lsm_salvage_report *r)
{
	printf("records=%" PRIu64 " newest_seqno=%" PRIu64 " losses=%" PRIu64 "\n",
	       r->records_written, r->newest_seqno, r->losses);
	printf("tables: read=%" PRIu64 " damaged=%" PRIu64 " lost=%" PRIu64 " blocks_lost=%" PRIu64
	       "\n",
	       r->tables_read, r->tables_damaged, r->tables_lost, r->blocks_lost);
	printf("logs: read=%" PRIu64 " damaged=%" PRIu64 " lost=%" PRIu64 " records=%" PRIu64 "\n",
	       r->logs_read, r->logs_damaged, r->logs_lost, r->log_records);
	printf("chunks_lost=%" PRIu64 " bytes_lost=%" PRIu64 "\n", r->chunks_lost, r->bytes_lost);
}

static enum exit_status salvage(struct lsm *db, const struct invocation *inv)
{
	struct lsm_salvage_report report;
	struct watched w;

	(void)db;
	watched_begin(&w, "salvage", inv->options);
	int rc = lsm_salvage(inv->store, inv->arguments[0], inv->options, print_loss, &w, &report);

	watched_end(&w, rc, "the new store is removed");
	if (rc == -ECANCELED)
		return STATUS_INTERRUPTED;
	if (rc == -EWOULDBLOCK)
		return holder_report(inv);
	if (rc) {
		report_error(rc);
		/* it is TO that is not empty */
		return rc == -ENOTEMPTY ? STATUS_USAGE : status_of_open_error(rc);
	}
	print_summary(&report);
	if (report.torn_log > 0)
		report_torn(report.torn_log, report.torn_offset, report.torn_bytes);
	return report.losses ? STATUS_DAMAGED : STATUS_OK;
}

const struct command command_salvage = {
	.name = "salvage",
	.arguments = "TO",
	.summary = "write what can be read of a damaged store into a new one",
	.more = "TO is an absent or empty folder outside of STORE, which is not changed. Each "
		"loss\n"
		"is a line on standard error that names file, offset and keys; the exit status is\n"
		"then 4, and 0 when nothing was lost. A torn end of the log is told, and is no "
		"loss.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_CLOSED,
	.group = GROUP_UPKEEP,
	.alone = true,
	.check = invocation_check_place,
	.run = salvage,
};
