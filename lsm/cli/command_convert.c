/*
 * convert: what import and batch read, as lines for a mount.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/escape.h"
#include "lsm/cli/change_input.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/output.h"
#include "lsm/cli/record_input.h"
#include "lsm/cli/report.h"

enum {
	WRITE_BYTES = 1 << 18, /* written at once: a mount applies the lines of a write together */
};

static const char *path_of(const struct invocation *inv)
{
	return inv->argument_count > 0 ? inv->arguments[0] : "-";
}

static int print_put(struct slice key, struct slice value)
{
	fputs("put\t", stdout);
	escape_print(stdout, key);
	putchar('\t');
	escape_print(stdout, value);
	putchar('\n');
	return output_failed(stdout) ? -EIO : 0;
}

static int print_change(const struct change *c)
{
	if (!c->deletes)
		return print_put(c->key, c->value);
	fputs("del\t", stdout);
	escape_print(stdout, c->key);
	putchar('\n');
	return output_failed(stdout) ? -EIO : 0;
}

/* What standard output does not take is told at the end. */
static enum exit_status report_end(int rc, const struct line_input *in, uint64_t place)
{
	if (rc == -ENODATA || output_failed(stdout))
		return STATUS_OK;
	return report_input(rc, in->name, place);
}

static enum exit_status convert_records(const char *path, enum record_format format)
{
	struct record_input in = {0};
	uint64_t with_meta = 0;
	int rc = record_input_open(&in, path, format);

	if (rc) {
		report_error(rc);
		return STATUS_USAGE;
	}
	while ((rc = record_input_next(&in)) == 0) {
		with_meta += in.meta.len > 0;
		rc = print_put(buf_slice(&in.key), buf_slice(&in.value));
		if (rc)
			break;
	}
	if (with_meta > 0)
		report_note("convert: mode, owner and times of %" PRIu64
			    " records are left out: a batch has none",
			    with_meta);
	enum exit_status status = report_end(rc, &in.lines, record_input_place(&in));

	record_input_close(&in);
	return status;
}

static enum exit_status convert_changes(const char *path)
{
	struct line_input in = {0};
	struct words words = {0};
	struct change c;
	int rc = line_input_open(&in, path);

	if (rc) {
		report_error(rc);
		return STATUS_USAGE;
	}
	fail_clear();
	while ((rc = change_input_next(&in, &words, &c)) == 0) {
		rc = c.key.len > 0 ? print_change(&c)
				   : fail(-EINVAL, "a key has at least one byte");
		if (rc)
			break;
	}
	enum exit_status status = report_end(rc, &in, in.number);

	words_done(&words);
	line_input_close(&in);
	return status;
}

static enum exit_status find_format(const struct invocation *inv, enum record_format *ret_format)
{
	const char *name = invocation_value(inv, "format");

	if (record_format_find(name, path_of(inv), ret_format))
		return STATUS_OK;
	return report_usage("convert: there is no format %s; kv, tsv, json, nul", name);
}

static enum exit_status check_convert(const struct invocation *inv)
{
	enum record_format format;

	if (invocation_has(inv, "changes") && invocation_has(inv, "format"))
		return report_usage("convert: --changes have one format");
	return find_format(inv, &format);
}

static enum exit_status convert(struct lsm *db, const struct invocation *inv)
{
	enum record_format format;
	enum exit_status status = find_format(inv, &format);

	(void)db;
	if (status != STATUS_OK)
		return status;
	(void)setvbuf(stdout, NULL, _IOFBF, WRITE_BYTES); /* or pieces are smaller */
	return invocation_has(inv, "changes") ? convert_changes(path_of(inv))
					      : convert_records(path_of(inv), format);
}

static bool convert_reads_input(const struct invocation *inv)
{
	return strcmp(path_of(inv), "-") == 0;
}

const struct command command_convert = {
	.name = "convert",
	.arguments = "[FILE|-]",
	.summary = "print what import or batch reads as lines for a mount",
	.more = "While the store is mounted on M: apexkv convert FILE > M/.apex/batch. A line is\n"
		"put or del, a tab, the key, and with put a tab and the value, with C escapes.\n"
		"What is wrong with a line ends it there, and is told with its number.\n"
		"There is no STORE before it.\n\n" RECORD_FORMATS_HELP,
	.arguments_max = 1,
	.use = STORE_NONE,
	.group = GROUP_RECORDS,
	.alone = true,
	.options = {{"format", "F", "kv, tsv, json or nul"},
		    {"changes", NULL, "the lines are those of batch: put KEY VALUE, delete KEY"}},
	.reads_input = convert_reads_input,
	.check = check_convert,
	.run = convert,
};
