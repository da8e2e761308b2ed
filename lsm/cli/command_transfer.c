/*
 * import and export: many records from and into text.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/human.h"
#include "lsm/cli/instead.h"
#include "lsm/cli/interrupt.h"
#include "lsm/cli/meter.h"
#include "lsm/cli/record_input.h"
#include "lsm/cli/record_walk.h"
#include "lsm/cli/report.h"

enum {
	BATCH_RECORDS = 1000,  /* written at once, unless --batch says otherwise */
	BATCH_BYTES = 4 << 20, /* ... at most, but for one record */
	BATCH_RECORDS_MAX = 1000000,
};

static const char *path_of(const struct invocation *inv)
{
	return inv->argument_count > 0 ? inv->arguments[0] : "-";
}

static enum exit_status find_format(const struct invocation *inv, enum record_format *ret_format)
{
	const char *name = invocation_value(inv, "format");

	if (record_format_find(name, path_of(inv), ret_format))
		return STATUS_OK;
	return report_usage("%s: there is no format %s; kv, tsv, json, nul", inv->command->name,
			    name);
}

static void transfer_note(const char *done, uint64_t records, double seconds)
{
	char rate[HUMAN_MAX];

	human_number(seconds > 0 ? (double)records / seconds : 0, HUMAN_COUNT, rate);
	report_note("%s %" PRIu64 " records in %.1f s, %s/s", done, records, seconds, rate);
}

/* ---- import ---- */

struct importing {
	struct lsm *db;          /* borrowed */
	struct lsm_batch *batch; /* owned */
	uint64_t batch_records;
	size_t batch_bytes;
	uint64_t written; /* records that the store has taken */
	struct record_input in;
	int first; /* what came of reading its first record, which is in it */
	struct meter meter;
};

static int write_batch(struct importing *i)
{
	int rc = lsm_batch_count(i->batch) > 0 ? lsm_write(i->db, i->batch, NULL, NULL) : 0;

	if (rc)
		return rc;
	i->written += lsm_batch_count(i->batch);
	i->batch_bytes = 0;
	lsm_batch_clear(i->batch);
	meter_update(&i->meter, i->in.lines.total > 0 ? i->in.lines.bytes : i->written);
	return 0;
}

/* Of what is wrong with a record, the place is worth knowing; of the store's trouble it is not. */
static enum exit_status refuse_record(const struct importing *i, int error)
{
	return report_input(error, i->in.lines.name, record_input_place(&i->in));
}

static enum exit_status write_or_report(struct importing *i)
{
	int rc = write_batch(i);

	return rc ? report_failure(rc) : STATUS_OK;
}

static int add_record(struct importing *i)
{
	i->batch_bytes += i->in.key.len + i->in.value.len;
	return lsm_batch_put(i->batch, buf_slice(&i->in.key), buf_slice(&i->in.meta),
			     buf_slice(&i->in.value));
}

static bool batch_is_full(const struct importing *i)
{
	return lsm_batch_count(i->batch) >= i->batch_records || i->batch_bytes >= BATCH_BYTES;
}

/* What was read before the end, a bad record or a signal is written. */
static enum exit_status import_records(struct importing *i)
{
	enum exit_status status = STATUS_OK;
	int rc = i->first;

	while (!rc && status == STATUS_OK) {
		rc = add_record(i);
		if (!rc && batch_is_full(i))
			status = write_or_report(i);
		if (rc || status != STATUS_OK || interrupted())
			break;
		rc = record_input_next(&i->in);
	}
	if (status != STATUS_OK)
		return status;
	if (rc && rc != -ENODATA && !interrupted())
		status = refuse_record(i, rc);
	enum exit_status last = write_or_report(i);

	if (status != STATUS_OK || last != STATUS_OK)
		return status != STATUS_OK ? status : last;
	return interrupted() ? STATUS_INTERRUPTED : STATUS_OK;
}

static void tell_import(struct importing *i, enum exit_status status)
{
	double seconds = meter_seconds(&i->meter);

	meter_end(&i->meter);
	if (status == STATUS_INTERRUPTED)
		report_note("import: stopped by a signal; %" PRIu64
			    " records are imported, the last of them at %s:%" PRIu64,
			    i->written, i->in.lines.name, record_input_place(&i->in));
	else if (status != STATUS_OK)
		report_note("import: %" PRIu64 " records before it are imported", i->written);
	else
		transfer_note("imported", i->written, seconds);
}

static enum exit_status run_import(struct importing *i)
{
	bool by_bytes = i->in.lines.total > 0;
	enum exit_status status;

	interrupt_begin(NULL);
	meter_begin(&i->meter, "import", by_bytes ? HUMAN_BYTES : HUMAN_COUNT, i->in.lines.total);
	status = import_records(i);
	tell_import(i, status);
	interrupt_end();
	return status;
}

static enum exit_status import(struct lsm *db, const struct invocation *inv)
{
	struct importing *i = inv->prepared;

	i->db = db;
	return run_import(i);
}

static bool import_reads_input(const struct invocation *inv)
{
	return strcmp(path_of(inv), "-") == 0;
}

static void release_import(void *prepared)
{
	struct importing *i = prepared;

	lsm_batch_free(i->batch);
	record_input_close(&i->in);
	free(i);
}

/* An input whose first record is none is no input. */
static enum exit_status open_import(struct importing *i, const struct invocation *inv,
				    enum record_format format)
{
	int rc = record_input_open(&i->in, path_of(inv), format);

	if (rc) {
		report_error(rc);
		return STATUS_USAGE;
	}
	i->first = record_input_next(&i->in);
	return i->first && i->first != -ENODATA ? refuse_record(i, i->first) : STATUS_OK;
}

static enum exit_status prepare_import(struct invocation *inv)
{
	struct importing *i = calloc(1, sizeof(*i));
	enum record_format format;
	enum exit_status status = find_format(inv, &format);

	inv->prepared = i;
	if (!i)
		return report_failure(-ENOMEM);
	i->batch_records = BATCH_RECORDS;
	i->batch = lsm_batch_new();
	if (!i->batch)
		return report_failure(-ENOMEM);
	if (status == STATUS_OK)
		status = invocation_number(inv, "batch", &i->batch_records);
	return status == STATUS_OK ? open_import(i, inv, format) : status;
}

static enum exit_status check_import(const struct invocation *inv)
{
	uint64_t batch = BATCH_RECORDS;
	enum record_format format;
	enum exit_status status = find_format(inv, &format);

	if (status == STATUS_OK)
		status = invocation_number(inv, "batch", &batch);
	if (status == STATUS_OK && (batch == 0 || batch > BATCH_RECORDS_MAX))
		return report_usage("import: --batch is 1 to %d", BATCH_RECORDS_MAX);
	return status;
}

const struct command command_import = {
	.name = "import",
	.arguments = "[FILE|-]",
	.summary = "put the records of a text",
	.more = RECORD_FORMATS_HELP
	"A key that the store has gets the new value. Records are written in their order, --batch\n"
	"at a time; what is wrong with one stops the import there and is told with its line.\n",
	.arguments_max = 1,
	.use = STORE_CREATE,
	.group = GROUP_RECORDS,
	.on_mount = "apexkv convert FILE > M/.apex/batch",
	.instead = instead_import,
	.options = {{"format", "F", "kv, tsv, json or nul"},
		    {"batch", "N", "records that are written at once, all or none (1000)"}},
	.reads_input = import_reads_input,
	.check = check_import,
	.prepare = prepare_import,
	.release = release_import,
	.run = import,
};

/* ---- export ---- */

struct exporting {
	struct record_style style;
	FILE *file; /* owned, but for standard output */
	const char *path;
	uint64_t records;
	struct meter meter;
};

static int export_one(void *arg, struct lsm_iter *it, struct value_output *value)
{
	struct exporting *e = arg;
	int rc = record_print(e->file, &e->style, it, value);

	if (rc == -EIO && e->file != stdout && ferror(e->file))
		return fail(-EIO, "%s: %s", e->path, strerror(errno));
	if (rc)
		return rc;
	meter_update(&e->meter, ++e->records);
	return 0;
}

static void tell_export(struct exporting *e, enum exit_status status)
{
	double seconds = meter_seconds(&e->meter);

	meter_end(&e->meter);
	if (status == STATUS_INTERRUPTED)
		report_note("export: stopped by a signal; %" PRIu64 " records are exported",
			    e->records);
	else if (status == STATUS_OK && e->file != stdout)
		transfer_note("exported", e->records, seconds);
}

/* The rest of what was written; what failed before has ended the walk, and is told. */
static enum exit_status flush_file(struct exporting *e, enum exit_status status)
{
	if (e->file == stdout || fflush(e->file) == 0 ||
	    (status != STATUS_OK && status != STATUS_STALE))
		return status;
	int error = errno;

	meter_end(&e->meter);
	report_note("%s: %s", e->path, strerror(error));
	return STATUS_FAILED;
}

/* Going on in the middle when the store has to be opened again: what is in the file stays. */
static enum exit_status open_file(struct exporting *e, const struct invocation *inv)
{
	bool goes_on = inv->progress->records > 0 || inv->progress->value.done > 0;

	e->path = path_of(inv);
	e->file = strcmp(e->path, "-") == 0 ? stdout : fopen(e->path, goes_on ? "ae" : "we");
	if (e->file)
		return STATUS_OK;
	report_note("%s: %s", e->path, strerror(errno));
	return STATUS_USAGE;
}

static enum exit_status export_records(struct lsm *db, const struct invocation *inv)
{
	struct exporting e = {
		.style = {.keys = true, .values = true, .meta = true},
		.records = inv->progress->records,
	};
	enum exit_status status = find_format(inv, &e.style.format);

	if (status == STATUS_OK)
		status = open_file(&e, inv);
	if (status != STATUS_OK)
		return status;
	interrupt_begin(NULL);
	meter_begin(&e.meter, "export", HUMAN_COUNT, record_walk_estimate(db, inv));
	/* a bar between the records would help nobody */
	e.meter.on_terminal = e.meter.on_terminal && !(e.file == stdout && isatty(STDOUT_FILENO));
	status = record_walk(db, inv, export_one, &e);
	status = flush_file(&e, status);
	tell_export(&e, status);
	interrupt_end();
	if (e.file != stdout)
		(void)fclose(e.file); /* it is flushed */
	return status;
}

static enum exit_status check_export(const struct invocation *inv)
{
	enum record_format format;
	enum exit_status status = find_format(inv, &format);

	return status == STATUS_OK ? record_walk_check(inv) : status;
}

const struct command command_export = {
	.name = "export",
	.arguments = "[FILE|-]",
	.summary = "write the records as text that import reads",
	.more = RECORD_FORMATS_HELP
	"Only json keeps what a mount has beside a value: mode, owner, times.\n",
	.arguments_max = 1,
	.use = STORE_READ,
	.group = GROUP_RECORDS,
	.options = {{"format", "F", "kv, tsv, json or nul"}, RANGE_OPTIONS},
	.check = check_export,
	.run = export_records,
};
