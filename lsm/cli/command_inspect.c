/*
 * sst-dump, wal-dump, manifest-dump: what the files of a store hold.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/escape.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/output.h"
#include "lsm/cli/report.h"
#include "lsm/inspect.h"

static int line_end(void)
{
	putchar('\n');
	return output_failed(stdout) ? -EIO : 0; /* no use in going on; reported at the end */
}

static int print_number(void *arg, const char *name, uint64_t value)
{
	(void)arg;
	printf("%s %" PRIu64, name, value);
	return line_end();
}

static int print_record(void *arg, const struct lsm_inspected_record *r)
{
	const enum encoding *encoding = arg;

	encoding_print(stdout, *encoding, r->key);
	printf("\tseqno=%" PRIu64 "\ttime_ns=%" PRIu64 "\tkind=%s\tmeta=%" PRIu64
	       "\tvalue=%" PRIu64,
	       r->seqno, r->time_ns, r->kind, r->meta_len, r->value_len);
	if (r->offset > 0)
		printf("\toffset=%" PRIu64, r->offset);
	return line_end();
}

static int print_table(void *arg, const struct lsm_inspected_table *t)
{
	const enum encoding *encoding = arg;

	printf("table\tlevel=%d\trun=%" PRIu64 "\tnumber=%" PRIu64 "\tbytes=%" PRIu64
	       "\tentries=%" PRIu64 "\ttombstones=%" PRIu64 "\tseqnos=%" PRIu64 "..%" PRIu64
	       "\tblob_bytes=%" PRIu64 "\t",
	       t->level, t->run, t->number, t->bytes, t->entries, t->tombstones, t->smallest_seqno,
	       t->largest_seqno, t->blob_bytes);
	encoding_print(stdout, *encoding, t->smallest);
	putchar('\t');
	encoding_print(stdout, *encoding, t->largest);
	return line_end();
}

static enum exit_status report_inspect(int error)
{
	if (!error || output_failed(stdout))
		return STATUS_OK;
	report_error(error);
	return status_of_open_error(error);
}

struct dumping {
	const struct invocation *inv;
	enum lsm_file kind;
	enum encoding encoding;
	bool records;
};

static enum exit_status dump_one(struct dumping *d, uint64_t number)
{
	struct lsm_inspect_sink sink = {
		.number = print_number,
		.record = d->records ? print_record : NULL,
		.arg = &d->encoding,
	};
	const char *store = d->inv->store;

	if (d->kind == LSM_FILE_LOG)
		return report_inspect(lsm_inspect_log(store, number, &sink));
	return report_inspect(
		lsm_inspect_table(store, number, invocation_has(d->inv, "verify"), &sink));
}

/* One that cannot be read keeps no other from being shown. */
static enum exit_status dump_all(struct dumping *d)
{
	cleanup_free uint64_t *numbers = NULL;
	enum exit_status worst = STATUS_OK;
	size_t count = 0;
	int rc = lsm_inspect_list(d->inv->store, d->kind, &numbers, &count);

	if (rc)
		return report_inspect(rc);
	for (size_t i = 0; i < count; i++) {
		enum exit_status status = dump_one(d, numbers[i]);

		if (status != STATUS_OK)
			worst = status;
	}
	return worst;
}

static enum encoding key_encoding(const struct invocation *inv)
{
	return invocation_encoding(inv) == ENCODING_HEX ? ENCODING_HEX : ENCODING_ESCAPE;
}

static enum exit_status dump_files(const struct invocation *inv, enum lsm_file kind, bool records)
{
	struct dumping d = {
		.inv = inv, .kind = kind, .encoding = key_encoding(inv), .records = records};
	uint64_t number;

	if (inv->argument_count == 0)
		return dump_all(&d);
	if (!lsm_inspect_parse(inv->arguments[0], kind, &number))
		return report_usage("%s: %s is no name of such a file", inv->command->name,
				    inv->arguments[0]);
	return dump_one(&d, number);
}

#define KEY_OPTION                                                                                 \
	{                                                                                          \
		"hex", NULL, "keys in hex digits, not with C escapes"                              \
	}

static enum exit_status sst_dump(struct lsm *db, const struct invocation *inv)
{
	(void)db;
	return dump_files(inv, LSM_FILE_TABLE, invocation_has(inv, "records"));
}

const struct command command_sst_dump = {
	.name = "sst-dump",
	.arguments = "[FILE]",
	.summary = "print the properties of a table, or all, and its records",
	.more = "FILE is a name like 000012.sst, or its number. Values are not shown. Damage is "
		"told with\nfile and offset, after what stands before it; the exit status is then "
		"4.\n",
	.arguments_max = 1,
	.use = STORE_CLOSED,
	.group = GROUP_INSIDE,
	.options = {{"records", NULL, "a line for each version of each key"},
		    {"verify", NULL, "read and check every byte first"},
		    KEY_OPTION},
	.run = sst_dump,
};

static enum exit_status wal_dump(struct lsm *db, const struct invocation *inv)
{
	(void)db;
	return dump_files(inv, LSM_FILE_LOG, !invocation_has(inv, "summary"));
}

const struct command command_wal_dump = {
	.name = "wal-dump",
	.arguments = "[FILE]",
	.summary = "print the changes in a log, or all logs",
	.more = "FILE is a name like 000012.wal, or its number. A line is a change, with the "
		"offset of\nthe record that it is in. What a crash tore off the end is counted as "
		"torn_bytes; a bad\nrecord before a good one is damage: exit status 4.\n",
	.arguments_max = 1,
	.use = STORE_CLOSED,
	.group = GROUP_INSIDE,
	.options = {{"summary", NULL, "only the counts"}, KEY_OPTION},
	.run = wal_dump,
};

static enum exit_status manifest_dump(struct lsm *db, const struct invocation *inv)
{
	enum encoding encoding = key_encoding(inv);
	struct lsm_inspect_sink sink = {
		.number = print_number,
		.table = print_table,
		.arg = &encoding,
	};

	(void)db;
	return report_inspect(lsm_inspect_manifest(inv->store, &sink));
}

const struct command command_manifest_dump = {
	.name = "manifest-dump",
	.arguments = "",
	.summary = "print what the manifest says: logs, and the tables of each level",
	.more = "A table's line ends with its smallest and its largest key.\n",
	.use = STORE_CLOSED,
	.group = GROUP_INSIDE,
	.options = {KEY_OPTION},
	.run = manifest_dump,
};
