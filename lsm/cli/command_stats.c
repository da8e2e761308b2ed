/*
 * stats: the store's numbers, as `name value` lines or as JSON; the names are lsm_stats_show's.
 */
#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/json.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/report.h"

/* The argument: where the JSON goes, or NULL for lines on standard output. */
static void put_number(void *arg, const char *name, uint64_t value)
{
	if (!arg) {
		printf("%s %" PRIu64 "\n", name, value);
		return;
	}
	json_name(arg, name);
	json_uint(arg, value);
}

static void put_ratio(void *arg, const char *name, double value)
{
	if (!arg) {
		printf("%s %.3f\n", name, value);
		return;
	}
	json_name(arg, name);
	json_double(arg, value);
}

static void put_text(void *arg, const char *name, const char *value)
{
	if (!arg) {
		printf("%s %s\n", name, value);
		return;
	}
	json_name(arg, name);
	json_string(arg, slice_str(value));
}

static void put_all(struct json *json, const struct lsm_stats *s)
{
	struct lsm_stats_sink sink = {
		.number = put_number,
		.ratio = put_ratio,
		.text = put_text,
		.arg = json,
	};

	lsm_stats_show(s, &sink);
}

static enum exit_status print_json(const struct lsm_stats *s)
{
	cleanup_buf struct buf text = {0};
	struct json json;

	json_begin(&json, &text);
	json_object_open(&json);
	put_all(&json, s);
	json_object_close(&json);

	int rc = json_finish(&json);

	if (rc)
		return report_failure(rc);
	fwrite(text.ptr, 1, text.len, stdout);
	putchar('\n');
	return STATUS_OK;
}

static enum exit_status stats(struct lsm *db, const struct invocation *inv)
{
	struct lsm_stats s;

	lsm_stats_read(db, &s);
	if (invocation_has(inv, "json"))
		return print_json(&s);
	put_all(NULL, &s);
	return STATUS_OK;
}

const struct command command_stats = {
	.name = "stats",
	.arguments = "",
	.summary = "print the store's numbers, one a line",
	.more = "The health is that of the store as this command has opened it. A mounted store "
		"tells of "
		"its\nown, and of a log that failed, in .stats.\n",
	.use = STORE_READ,
	.group = GROUP_INSIDE,
	.options = {{"json", NULL, "as one JSON object"}},
	.run = stats,
};
