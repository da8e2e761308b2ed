/*
 * put, get, delete: one record.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/cli/command.h"
#include "lsm/cli/report.h"

#define ESCAPED_OPTION                                                                             \
	{                                                                                          \
		"escaped", NULL, "KEY has C escapes, as scan prints them (\\x00)"                  \
	}

enum {
	INPUT_STEP = 64 * 1024, /* bytes read at a time */
};

static enum exit_status check_first_key(const struct invocation *inv)
{
	return invocation_check_key(inv, inv->arguments[0]);
}

/* All of standard input: a put is whole or absent, so it goes in one piece. */
static int read_input(struct buf *value)
{
	for (;;) {
		int rc = buf_reserve(value, INPUT_STEP);

		if (rc)
			return rc;

		size_t got = fread(value->ptr + value->len, 1, INPUT_STEP, stdin);

		value->len += got;
		if (value->len > LSM_WHOLE_MAX)
			return fail(-EFBIG, "standard input: more than can be put in one piece");
		if (ferror(stdin))
			return fail(-EIO, "standard input: %s", strerror(errno));
		if (got < INPUT_STEP)
			return 0;
	}
}

static enum exit_status put_record(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf key = {0}, input = {0};
	enum exit_status status = invocation_key(inv, inv->arguments[0], &key);
	struct slice value;

	if (status != STATUS_OK)
		return status;
	if (inv->argument_count < 2 || strcmp(inv->arguments[1], "-") == 0) {
		int rc = read_input(&input);

		if (rc)
			return report_failure(rc);
		value = buf_slice(&input);
	} else {
		value = slice_str(inv->arguments[1]);
	}

	int rc = lsm_put(db, buf_slice(&key), value, NULL);

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
	.options = {ESCAPED_OPTION},
	.check = check_first_key,
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

static enum exit_status get_record(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf key = {0};
	enum exit_status status = invocation_key(inv, inv->arguments[0], &key);
	struct key_source source = {.db = db};
	bool last = false;

	if (status != STATUS_OK)
		return status;
	source.key = buf_slice(&key);
	/* What fails on standard output is reported at the end. */
	while (!last && !ferror(stdout)) {
		struct slice piece;
		int rc = value_output_next(&inv->progress->value, read_key, &source, &piece, &last);

		if (rc == -ENOENT)
			return report_not_found(source.key);
		if (rc)
			return report_failure(rc);
		if (piece.len > 0)
			fwrite(piece.ptr, 1, piece.len, stdout);
	}
	return STATUS_OK;
}

const struct command command_get = {
	.name = "get",
	.arguments = "KEY",
	.summary = "write the value of KEY to standard output",
	.more = "The bytes are written as they are, with nothing added.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_READ,
	.options = {ESCAPED_OPTION},
	.check = check_first_key,
	.run = get_record,
};

static enum exit_status delete_record(struct lsm *db, const struct invocation *inv)
{
	cleanup_buf struct buf key = {0};
	enum exit_status status = invocation_key(inv, inv->arguments[0], &key);
	struct lsm_record record;

	if (status != STATUS_OK)
		return status;

	int rc = lsm_stat(db, buf_slice(&key), NULL, &record);

	if (rc == -ENOENT)
		return report_not_found(buf_slice(&key));
	if (rc)
		return report_failure(rc);
	lsm_record_release(&record);
	rc = lsm_delete(db, buf_slice(&key), NULL);
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
	.options = {ESCAPED_OPTION},
	.check = check_first_key,
	.run = delete_record,
};
