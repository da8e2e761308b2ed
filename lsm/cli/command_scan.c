/*
 * scan, keys, search, count, dump: what is in a store.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lsm/cli/command_table.h"
#include "lsm/cli/output.h"
#include "lsm/cli/record_walk.h"
#include "lsm/cli/report.h"

#define SHOW_OPTIONS                                                                               \
	{"keys", NULL, "print only the keys"}, {"values", NULL, "print only the values"},          \
		{"raw", NULL, "print the bytes as they are"},                                      \
		{"json", NULL, "print a JSON object a line; what is no UTF-8 in hex digits"},      \
	{                                                                                          \
		"null", NULL, "print the bytes as they are, with a NUL behind each key and value"  \
	}

static enum exit_status check_forms(const struct invocation *inv)
{
	int forms = invocation_has(inv, "raw") + invocation_has(inv, "json") +
		    invocation_has(inv, "null") + invocation_has(inv, "hex");

	if (forms > 1)
		return report_usage("%s: only one of --raw, --json, --null and --hex",
				    inv->command->name);
	if (invocation_has(inv, "keys") && invocation_has(inv, "values"))
		return report_usage("%s: --keys and --values are both there without an option",
				    inv->command->name);
	return record_walk_check(inv);
}

/* What the options of SHOW_OPTIONS say; escapes, if nothing. */
static struct record_style style_of(const struct invocation *inv)
{
	struct record_style style = {
		.format = RECORD_TABBED,
		.encoding = ENCODING_ESCAPE,
		.keys = !invocation_has(inv, "values"),
		.values = !invocation_has(inv, "keys"),
	};

	if (invocation_has(inv, "json"))
		style.format = RECORD_JSON;
	else if (invocation_has(inv, "null"))
		style.format = RECORD_RAW_NULS;
	else if (invocation_has(inv, "raw"))
		style.encoding = ENCODING_RAW;
	else if (invocation_has(inv, "hex"))
		style.encoding = ENCODING_HEX;
	return style;
}

static int print_one(void *arg, struct lsm_iter *it, struct value_output *value)
{
	return record_print(stdout, arg, it, value);
}

static enum exit_status scan(struct lsm *db, const struct invocation *inv)
{
	struct record_style style = style_of(inv);

	return record_walk(db, inv, print_one, &style);
}

#define FORMS_HELP                                                                                 \
	"What does not print is written as C escapes: \\\\ \\t \\n \\r \\xNN; --raw, --hex, "      \
	"--json\n"                                                                                 \
	"and --null write it otherwise.\n"

#define MOMENT_HELP                                                                                \
	"It shows the store as it was at one moment; but beside a writer that replaces "           \
	"tables\nfaster than they are read, the rest as it was at a later one.\n"

const struct command command_scan = {
	.name = "scan",
	.arguments = "",
	.summary = "print records in key order: key, tab, value",
	.more = FORMS_HELP MOMENT_HELP,
	.use = STORE_READ,
	.group = GROUP_RECORDS,
	.options = {RANGE_OPTIONS, SHOW_OPTIONS},
	.check = check_forms,
	.run = scan,
};

static enum exit_status keys(struct lsm *db, const struct invocation *inv)
{
	struct record_style style = style_of(inv);

	style.keys = true;
	style.values = false;
	return record_walk(db, inv, print_one, &style);
}

const struct command command_keys = {
	.name = "keys",
	.arguments = "",
	.summary = "print the keys, as scan --keys",
	.more = FORMS_HELP MOMENT_HELP,
	.use = STORE_READ,
	.group = GROUP_RECORDS,
	.options = {RANGE_OPTIONS, SHOW_OPTIONS},
	.check = check_forms,
	.run = keys,
};

/* ---- search ---- */

struct searching {
	struct record_style style;
	enum search_where {
		SEARCH_KEY_START,
		SEARCH_KEY,
		SEARCH_VALUE,
	} where;
	struct buf text; /* owned */
};

static enum search_where where_of(const struct invocation *inv)
{
	if (invocation_has(inv, "value"))
		return SEARCH_VALUE;
	return invocation_has(inv, "substring") ? SEARCH_KEY : SEARCH_KEY_START;
}

static enum exit_status check_search(const struct invocation *inv)
{
	cleanup_buf struct buf text = {0};
	enum exit_status status = check_forms(inv);

	if (status == STATUS_OK && invocation_has(inv, "substring") && invocation_has(inv, "value"))
		return report_usage("search: --substring is of keys, --value of values");
	if (status == STATUS_OK)
		status = invocation_bytes(inv, inv->arguments[0], &text);
	if (status == STATUS_OK && text.len > LSM_KEY_MAX)
		return report_usage("search: TEXT has at most %d bytes", LSM_KEY_MAX);
	return status;
}

static int print_match(void *arg, struct lsm_iter *it, struct value_output *value)
{
	const struct searching *s = arg;
	struct slice text = buf_slice(&s->text);
	struct slice key = lsm_iter_record(it)->key;
	bool found = true;
	int rc = 0;

	if (s->where == SEARCH_KEY)
		found = slice_contains(key, text);
	/* of one of which a part is printed already it is known */
	if (s->where == SEARCH_VALUE && value->done == 0)
		rc = lsm_iter_value_contains(it, text, &found);
	if (rc || !found)
		return rc ? rc : RECORD_PASSED;
	return record_print(stdout, &s->style, it, value);
}

static enum exit_status search(struct lsm *db, const struct invocation *inv)
{
	struct searching s = {.style = style_of(inv), .where = where_of(inv)};
	enum exit_status status = invocation_bytes(inv, inv->arguments[0], &s.text);

	if (status == STATUS_OK && s.where == SEARCH_KEY_START)
		status = record_walk_prefix(db, inv, buf_slice(&s.text), print_match, &s);
	else if (status == STATUS_OK)
		status = record_walk(db, inv, print_match, &s);
	if (status == STATUS_OK && inv->progress->records == 0)
		status = STATUS_NOT_FOUND;
	buf_done(&s.text);
	return status;
}

const struct command command_search = {
	.name = "search",
	.arguments = "TEXT",
	.summary = "print the records whose key begins with TEXT, or has it",
	.more = "The exit status is 1 when there is none. --escape and --hex are also of "
		"TEXT.\n" FORMS_HELP MOMENT_HELP,
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_READ,
	.group = GROUP_RECORDS,
	.options = {{"substring", NULL, "anywhere in the key"},
		    {"value", NULL, "anywhere in the value"},
		    RANGE_OPTIONS,
		    SHOW_OPTIONS},
	.check = check_search,
	.run = search,
};

/* ---- count ---- */

static int count_one(void *arg, struct lsm_iter *it, struct value_output *value)
{
	(void)arg;
	(void)it;
	(void)value;
	return 0;
}

static enum exit_status count(struct lsm *db, const struct invocation *inv)
{
	enum exit_status status = record_walk(db, inv, count_one, NULL);

	if (status == STATUS_OK)
		printf("%" PRIu64 "\n", inv->progress->records);
	return status;
}

const struct command command_count = {
	.name = "count",
	.arguments = "",
	.summary = "print how many records there are",
	.more = "They are counted one by one. " MOMENT_HELP,
	.use = STORE_READ,
	.group = GROUP_RECORDS,
	.options = {RANGE_OPTIONS},
	.check = record_walk_check,
	.run = count,
};

/* ---- dump ---- */

static void print_time(uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;
	char text[64];

	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		printf("time_ns=%" PRIu64, time_ns);
	else
		printf("time=%s.%09" PRIu64 "Z", text, time_ns % 1000000000);
}

static int print_about(void *arg, struct lsm_iter *it, struct value_output *value)
{
	const struct lsm_record *record = lsm_iter_record(it);
	const enum encoding *encoding = arg;

	(void)value;
	encoding_print(stdout, *encoding, record->key);
	printf("\tseqno=%" PRIu64 "\t", record->seqno);
	print_time(record->time_ns);
	printf("\tkind=put\tmeta=%zu\tvalue=%" PRIu64 "\n", record->meta.len, record->value_len);
	return output_failed(stdout) ? -EIO : 0; /* no use in going on */
}

static enum exit_status dump(struct lsm *db, const struct invocation *inv)
{
	enum encoding encoding = invocation_encoding(inv);

	if (encoding == ENCODING_RAW)
		encoding = ENCODING_ESCAPE;
	return record_walk(db, inv, print_about, &encoding);
}

const struct command command_dump = {
	.name = "dump",
	.arguments = "",
	.summary = "print what is known of each record but its value",
	.more = "A line is: key, seqno, commit time, kind, bytes of meta, bytes of value; tabs "
		"between.\n"
		"What does not print in a key is written as C escapes. Beside a writer: as scan.\n",
	.use = STORE_READ,
	.group = GROUP_INSIDE,
	.options = {RANGE_OPTIONS},
	.check = record_walk_check,
	.run = dump,
};
