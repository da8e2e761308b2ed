/*
 * load: a new store out of sorted records.
 */
#include <errno.h>
#include <inttypes.h>

#include "lsm/base/error.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/human.h"
#include "lsm/cli/record_input.h"
#include "lsm/cli/report.h"
#include "lsm/cli/watched.h"
#include "lsm/load.h"

struct loading {
	struct record_input in;
	struct watched watched;
	bool refused; /* the input is what the error is about */
};

static int next_record(void *arg, struct slice *ret_key, struct slice *ret_meta,
		       struct slice *ret_value)
{
	struct loading *l = arg;
	int rc = record_input_next(&l->in);

	l->refused = rc && rc != -ENODATA;
	if (rc)
		return rc;
	*ret_key = buf_slice(&l->in.key);
	*ret_meta = buf_slice(&l->in.meta);
	*ret_value = buf_slice(&l->in.value);
	return 0;
}

/* What is wrong with a record, which the engine knows (the order) or the parser. */
static bool is_about_input(const struct loading *l, int error)
{
	return l->refused || error == -EINVAL || error == -EFBIG || error == -E2BIG ||
	       error == -ENAMETOOLONG;
}

static enum exit_status report_load(struct loading *l, int error)
{
	if (error == -ECANCELED)
		return STATUS_INTERRUPTED;
	if (record_input_place(&l->in) > 0 && is_about_input(l, error))
		return report_input(error == -EINTR ? -ECANCELED : error, l->in.lines.name,
				    record_input_place(&l->in));
	report_error(error);
	return status_of_open_error(error);
}

static enum exit_status run_load(struct loading *l, const struct invocation *inv)
{
	struct lsm_source source = {.next = next_record, .arg = l};
	struct lsm_load_report report;
	char rate[HUMAN_MAX];

	watched_begin(&l->watched, "load", inv->options);
	long_work_expect(inv->options->work, l->in.lines.total);
	int rc = lsm_load_sorted(inv->store, inv->options, &source, &report);
	double seconds = meter_seconds(&l->watched.meter);

	if (rc == -EINTR)
		rc = -ECANCELED;
	watched_end(&l->watched, rc, "there is no store");
	if (rc)
		return report_load(l, rc);
	human_number(seconds > 0 ? (double)report.records / seconds : 0, HUMAN_COUNT, rate);
	report_note("loaded %" PRIu64 " records in %.1f s, %s/s", report.records, seconds, rate);
	return STATUS_OK;
}

static enum exit_status find_format(const struct invocation *inv, enum record_format *ret_format)
{
	const char *path = inv->argument_count > 0 ? inv->arguments[0] : "-";

	if (record_format_find(invocation_value(inv, "format"), path, ret_format))
		return STATUS_OK;
	return report_usage("load: there is no format %s; kv, tsv, json, nul",
			    invocation_value(inv, "format"));
}

static enum exit_status check_load(const struct invocation *inv)
{
	enum record_format format;

	if (!invocation_has(inv, "sorted"))
		return report_usage("load: say --sorted, that the keys are in order; "
				    "import takes them in any");
	return find_format(inv, &format);
}

static enum exit_status load(struct lsm *db, const struct invocation *inv)
{
	struct loading l = {0};
	enum record_format format;
	enum exit_status status = find_format(inv, &format);

	(void)db;
	if (status != STATUS_OK)
		return status;
	int rc =
		record_input_open(&l.in, inv->argument_count > 0 ? inv->arguments[0] : "-", format);

	if (rc) {
		report_error(rc);
		return STATUS_USAGE;
	}
	status = run_load(&l, inv);
	record_input_close(&l.in);
	return status;
}

const struct command command_load = {
	.name = "load",
	.arguments = "[FILE|-]",
	.summary = "make a new store of sorted records, past log, memtable and compaction",
	.more = RECORD_FORMATS_HELP
	"STORE is absent or empty. The tables are built directly, without log and compaction, in\n"
	"bounded memory. Keys ascend byte by byte (LC_ALL=C sort, export); one that does not is\n"
	"told with its line, and then there is no store.\n",
	.arguments_max = 1,
	.use = STORE_CLOSED,
	.group = GROUP_RECORDS,
	.alone = true,
	.options = {{"sorted", NULL, "the keys are in order; always to be given"},
		    {"format", "F", "kv, tsv, json or nul"}},
	.check = check_load,
	.run = load,
};
