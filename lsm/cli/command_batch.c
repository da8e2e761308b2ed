/*
 * batch: several changes, all or none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/cli/change_input.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/human.h"
#include "lsm/cli/instead.h"
#include "lsm/cli/interrupt.h"
#include "lsm/cli/report.h"

static int read_changes(struct line_input *in, struct lsm_batch *batch)
{
	struct words words = {0};
	struct change c;
	int rc;

	while ((rc = change_input_next(in, &words, &c)) == 0) {
		rc = c.deletes ? lsm_batch_delete(batch, c.key)
			       : lsm_batch_put(batch, c.key, (struct slice){0}, c.value);
		if (rc)
			break;
	}
	words_done(&words);
	return rc == -ENODATA ? 0 : rc;
}

static enum exit_status read_file(const char *path, struct lsm_batch *changes)
{
	struct line_input in = {0};
	int rc = line_input_open(&in, path);

	if (rc) {
		report_error(rc);
		return STATUS_USAGE;
	}
	rc = read_changes(&in, changes);
	enum exit_status status = rc ? report_input(rc, in.name, in.number) : STATUS_OK;

	line_input_close(&in);
	return status;
}

static enum exit_status apply(struct lsm *db, struct lsm_batch *changes)
{
	int rc = lsm_write(db, changes, NULL, NULL);

	if (rc)
		return report_failure(rc);
	report_note("%" PRIu32 " changes applied", lsm_batch_count(changes));
	return STATUS_OK;
}

/* How many records to try with; 0: the argument is no number. */
static uint64_t trial_count(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 9 || strspn(text, "0123456789") != len || access(text, F_OK) == 0)
		return 0;
	return strtoull(text, NULL, 10);
}

static enum exit_status put_trial(struct lsm *db, uint64_t count)
{
	uint64_t start_ns = clock_mono_ns(), done = 0;
	char key[32], value[64], rate[HUMAN_MAX];
	int rc = 0;

	interrupt_begin(NULL);
	for (; done < count && !rc && !interrupted(); done += !rc) {
		(void)snprintf(key, sizeof(key), "batch:%09" PRIu64, done);
		(void)snprintf(value, sizeof(value), "value of record %" PRIu64, done);
		rc = lsm_put(db, slice_str(key), slice_str(value), NULL);
	}
	interrupt_end();
	if (rc)
		return report_failure(rc);
	double seconds = (double)(clock_mono_ns() - start_ns) / 1e9;

	human_number(seconds > 0 ? (double)done / seconds : 0, HUMAN_COUNT, rate);
	report_note("%" PRIu64 " records put in %.2f s, %s/s%s", done, seconds, rate,
		    done < count ? ", then stopped by a signal" : "");
	return done < count ? STATUS_INTERRUPTED : STATUS_OK;
}

static bool batch_reads_input(const struct invocation *inv)
{
	return strcmp(inv->arguments[0], "-") == 0;
}

static void release_batch(void *prepared)
{
	lsm_batch_free(prepared);
}

static enum exit_status prepare_batch(struct invocation *inv)
{
	if (trial_count(inv->arguments[0]) > 0)
		return STATUS_OK;
	inv->prepared = lsm_batch_new();
	return inv->prepared ? read_file(inv->arguments[0], inv->prepared)
			     : report_failure(-ENOMEM);
}

static enum exit_status batch(struct lsm *db, const struct invocation *inv)
{
	return inv->prepared ? apply(db, inv->prepared)
			     : put_trial(db, trial_count(inv->arguments[0]));
}

const struct command command_batch = {
	.name = "batch",
	.arguments = "FILE|-|N",
	.summary = "apply the changes that a text lists, all of them or none",
	.more = "A line is: put KEY VALUE, or delete KEY; or it is empty or begins with #. Words\n"
		"with blanks stand in quotes: \"with C escapes\\n\", 'as they are'. What is wrong\n"
		"with a line is told with its number, and nothing is changed. The changes are in\n"
		"memory until then: 1 GiB at most. With a number: so many puts, one by\n"
		"one, of batch:000000000 and so on, to try.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_CREATE,
	.group = GROUP_RECORDS,
	.on_mount = "apexkv convert --changes FILE > M/.apex/batch.d/x && "
		    "mv M/.apex/batch.d/x M/.apex/batch",
	.instead = instead_batch,
	.reads_input = batch_reads_input,
	.prepare = prepare_batch,
	.release = release_batch,
	.run = batch,
};
