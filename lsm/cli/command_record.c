/*
 * put, get, delete, exists: one record.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/instead.h"
#include "lsm/cli/line_input.h"
#include "lsm/cli/output.h"
#include "lsm/cli/report.h"

enum {
	INPUT_STEP = 64 * 1024, /* bytes read at a time */
};

static enum exit_status check_first_key(const struct invocation *inv)
{
	return invocation_check_key(inv, inv->arguments[0]);
}

static enum exit_status check_put(const struct invocation *inv)
{
	cleanup_buf struct buf value = {0};

	if (invocation_has(inv, "file") && inv->argument_count > 1)
		return report_usage("put: VALUE, or --file, but not both");
	if (inv->argument_count > 1 && strcmp(inv->arguments[1], "-") != 0) {
		enum exit_status status = invocation_bytes(inv, inv->arguments[1], &value);

		if (status != STATUS_OK)
			return status;
	}
	return check_first_key(inv);
}

/* All of a file: a put is whole or absent, so it goes in one piece. */
static int read_all(FILE *file, const char *name, struct buf *value)
{
	for (;;) {
		int rc = buf_reserve(value, INPUT_STEP);

		if (rc)
			return rc;

		size_t got = fread(value->ptr + value->len, 1, INPUT_STEP, file);

		value->len += got;
		if (value->len > LSM_WHOLE_MAX)
			return fail(-EFBIG, "%s: more than can be put in one piece", name);
		if (ferror(file))
			return fail(-EIO, "%s: %s", name, strerror(errno));
		if (got < INPUT_STEP)
			return 0;
	}
}

static enum exit_status read_file(const char *path, struct buf *value)
{
	struct line_input in = {0};
	int rc = line_input_open(&in, path);

	if (rc) {
		report_error(rc);
		return STATUS_USAGE;
	}
	rc = read_all(in.file, path, value);
	line_input_close(&in);
	return rc ? report_failure(rc) : STATUS_OK;
}

static void release_put(void *prepared)
{
	buf_done(prepared);
	free(prepared);
}

static bool put_reads_input(const struct invocation *inv)
{
	if (inv->argument_count > 1)
		return strcmp(inv->arguments[1], "-") == 0;
	return !invocation_has(inv, "file");
}

/* What is typed at a terminal is asked for when it is known that the store can be had. */
static enum exit_status prepare_put(struct invocation *inv)
{
	const char *path = invocation_value(inv, "file");

	if (!path)
		return STATUS_OK;
	struct buf *value = calloc(1, sizeof(*value));

	if (!value)
		return report_failure(-ENOMEM);
	inv->prepared = value;
	return read_file(path, value);
}

static enum exit_status read_value(const struct invocation *inv, struct buf *value)
{
	if (!put_reads_input(inv))
		return invocation_bytes(inv, inv->arguments[1], value);
	int rc = read_all(stdin, "standard input", value);

	return rc ? report_failure(rc) : STATUS_OK;
}

static enum exit_status put_record(struct lsm *db, const struct invocation *inv)
{
	const struct buf *prepared = inv->prepared;
	cleanup_buf struct buf key = {0}, value = {0};
	enum exit_status status = invocation_bytes(inv, inv->arguments[0], &key);

	if (status == STATUS_OK && !prepared)
		status = read_value(inv, &value);
	if (status != STATUS_OK)
		return status;

	int rc = lsm_put(db, buf_slice(&key), buf_slice(prepared ? prepared : &value), NULL);

	return rc ? report_failure(rc) : STATUS_OK;
}

const struct command command_put = {
	.name = "put",
	.arguments = "KEY [VALUE|-]",
	.summary = "set the value of KEY; - or no VALUE: from standard input",
	.more = "A store that does not exist yet is made. The value is on the disk when the "
		"command ends.\nIt is put whole or not at all, and is in memory until then: 1 "
		"GiB at most.\n",
	.arguments_min = 1,
	.arguments_max = 2,
	.use = STORE_CREATE,
	.group = GROUP_RECORD,
	.on_mount = "mkdir -p M/FOLDER && printf %s VALUE > M/FOLDER/KEY",
	.instead = instead_put,
	.options = {{"file", "F", "the value is what the file F holds"},
		    ENCODING_OPTIONS("KEY, and VALUE as an argument, are written")},
	.reads_input = put_reads_input,
	.check = check_put,
	.prepare = prepare_put,
	.release = release_put,
	.run = put_record,
};

struct key_source {
	struct lsm *db;   /* borrowed */
	struct slice key; /* borrowed */
};

static int read_key(void *arg, const struct lsm_range *range, size_t *ret_len, uint64_t *ret_seqno)
{
	const struct key_source *source = arg;
	struct lsm_record record;
	int rc = lsm_read(source->db, source->key, NULL, range, ret_len, &record);

	if (rc)
		return rc;
	*ret_seqno = record.seqno;
	lsm_record_release(&record);
	return 0;
}

static enum encoding value_encoding(const struct invocation *inv)
{
	if (invocation_has(inv, "line"))
		return ENCODING_ESCAPE;
	return invocation_has(inv, "raw") ? ENCODING_RAW : invocation_encoding(inv);
}

static enum exit_status get_record(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf key = {0};
	enum exit_status status = invocation_bytes(inv, inv->arguments[0], &key);
	enum encoding encoding = value_encoding(inv);
	struct key_source source = {.db = db};
	bool last = false;

	if (status != STATUS_OK)
		return status;
	source.key = buf_slice(&key);
	/* What fails on standard output is reported at the end. */
	while (!last && !output_failed(stdout)) {
		struct slice piece;
		int rc = value_output_next(&inv->progress->value, read_key, &source, &piece, &last);

		if (rc == -ENOENT)
			return report_not_found(source.key);
		if (rc)
			return report_failure(rc);
		encoding_print(stdout, encoding, piece);
	}
	if (encoding != ENCODING_RAW)
		putchar('\n');
	return STATUS_OK;
}

const struct command command_get = {
	.name = "get",
	.arguments = "KEY",
	.summary = "write the value of KEY to standard output",
	.more = "The bytes are written as they are, with nothing added; with --escape or --hex as "
		"a line.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_READ,
	.group = GROUP_RECORD,
	.options = {ENCODING_OPTIONS("KEY and the value are written"),
		    {"raw", NULL, "the value as it is, however KEY is written"},
		    {"line", NULL, "the value as a line with C escapes, likewise"}},
	.check = check_first_key,
	.run = get_record,
};

/* The key of the first argument, and whether it has a value. Reports, but for what is not there. */
static enum exit_status look_up(struct lsm *db, const struct invocation *inv, struct buf *ret_key,
				bool *ret_there)
{
	enum exit_status status = invocation_bytes(inv, inv->arguments[0], ret_key);
	struct lsm_record record;

	if (status != STATUS_OK)
		return status;

	int rc = lsm_stat(db, buf_slice(ret_key), NULL, &record);

	if (rc && rc != -ENOENT)
		return report_failure(rc);
	*ret_there = rc == 0;
	if (!rc)
		lsm_record_release(&record);
	return STATUS_OK;
}

static enum exit_status delete_record(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf key = {0};
	bool there;
	enum exit_status status = look_up(db, inv, &key, &there);

	if (status != STATUS_OK)
		return status;
	if (!there)
		return report_not_found(buf_slice(&key));

	int rc = lsm_delete(db, buf_slice(&key), NULL);

	return rc ? report_failure(rc) : STATUS_OK;
}

const struct command command_delete = {
	.name = "delete",
	.arguments = "KEY",
	.summary = "remove KEY and its value",
	.more = "The change is on the disk when the command ends.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_CHANGE,
	.group = GROUP_RECORD,
	.on_mount = "rm M/KEY",
	.instead = instead_delete,
	.options = {ENCODING_OPTIONS("KEY is written")},
	.check = check_first_key,
	.run = delete_record,
};

static enum exit_status record_exists(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf key = {0};
	bool there;
	enum exit_status status = look_up(db, inv, &key, &there);

	if (status != STATUS_OK)
		return status;
	puts(there ? "yes" : "no");
	return there ? STATUS_OK : STATUS_NOT_FOUND;
}

const struct command command_exists = {
	.name = "exists",
	.arguments = "KEY",
	.summary = "say whether KEY has a value, which is not read",
	.more = "Prints yes, or no with exit status 1.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_READ,
	.group = GROUP_RECORD,
	.options = {ENCODING_OPTIONS("KEY is written")},
	.check = check_first_key,
	.run = record_exists,
};
