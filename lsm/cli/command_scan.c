/*
 * scan and dump: many records, one a line.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lsm/cli/command.h"
#include "lsm/cli/escape.h"
#include "lsm/cli/key_range.h"
#include "lsm/cli/report.h"

/* Decimal digits alone. */
static bool parse_limit(const char *text, uint64_t *ret_limit)
{
	uint64_t limit = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	for (; *text; text++)
		limit = limit * 10 + (uint64_t)(*text - '0');
	*ret_limit = limit;
	return true;
}

/* The keys that a range is given by; they hold what its slices point to. */
struct bounds {
	struct buf prefix, from, to; /* owned */
};

static void bounds_done(struct bounds *b)
{
	buf_done(&b->prefix);
	buf_done(&b->from);
	buf_done(&b->to);
}

static enum exit_status bound(const struct invocation *inv, const char *option, struct buf *key)
{
	const char *text = invocation_value(inv, option);

	return text ? invocation_key(inv, text, key) : STATUS_OK;
}

static enum exit_status read_range(const struct invocation *inv, struct bounds *b,
				   struct key_range *ret_range)
{
	const char *limit_text = invocation_value(inv, "limit");
	uint64_t limit = UINT64_MAX;
	enum exit_status status = bound(inv, "prefix", &b->prefix);

	if (status == STATUS_OK)
		status = bound(inv, "from", &b->from);
	if (status == STATUS_OK)
		status = bound(inv, "to", &b->to);
	if (status != STATUS_OK)
		return status;
	if (limit_text && !parse_limit(limit_text, &limit))
		return report_usage("%s: --limit %s is no number", inv->command->name, limit_text);
	*ret_range = (struct key_range){
		.prefix = buf_slice(&b->prefix),
		.from = buf_slice(&b->from),
		.to = buf_slice(&b->to),
		.reverse = invocation_has(inv, "reverse"),
		.limit = limit,
	};
	return STATUS_OK;
}

static enum exit_status check_range(const struct invocation *inv)
{
	__attribute__((cleanup(bounds_done))) struct bounds bounds = {0};
	struct key_range range;

	return read_range(inv, &bounds, &range);
}

/* What is done with each record, and what becomes of it. */
struct printing {
	int (*print)(struct lsm_iter *it, struct value_output *value);
	struct progress *progress;
};

static int print_and_note(struct lsm_iter *it, void *arg)
{
	struct printing *printing = arg;
	int rc = printing->print(it, &printing->progress->value);

	if (rc)
		return rc;
	value_output_begin(&printing->progress->value);
	printing->progress->records++;
	return buf_set(&printing->progress->last_key, lsm_iter_record(it)->key);
}

static enum exit_status walk(struct lsm *db, const struct invocation *inv,
			     int (*print)(struct lsm_iter *it, struct value_output *value))
{
	__attribute__((cleanup(bounds_done))) struct bounds bounds = {0};
	struct printing printing = {.print = print, .progress = inv->progress};
	struct key_range range;
	enum exit_status status = read_range(inv, &bounds, &range);

	if (status != STATUS_OK)
		return status;
	range.limit -= inv->progress->records;
	range.behind = buf_slice(&inv->progress->last_key);

	int rc = key_range_walk(db, &range, print_and_note, &printing);

	if (!rc && inv->progress->value.done > 0)
		rc = value_output_changed();
	/* What it says is written comes from stdio, whose error is reported at the end. */
	return rc && !ferror(stdout) ? report_failure(rc) : STATUS_OK;
}

static int end_line(void)
{
	putchar('\n');
	return ferror(stdout) ? -EIO : 0; /* no use in going on */
}

static int print_key(struct lsm_iter *it, struct value_output *value)
{
	(void)value;
	escape_print(stdout, lsm_iter_record(it)->key);
	return end_line();
}

static int read_here(void *arg, const struct lsm_range *range, size_t *ret_len, uint64_t *ret_seqno)
{
	struct lsm_iter *it = arg;

	*ret_seqno = lsm_iter_record(it)->seqno;
	return lsm_iter_read(it, range, ret_len);
}

/* Of a value of which a part is printed already, the rest. */
static int print_pair(struct lsm_iter *it, struct value_output *value)
{
	bool last = false;

	while (!last && !ferror(stdout)) {
		bool begins = value->done == 0;
		struct slice piece;
		int rc = value_output_next(value, read_here, it, &piece, &last);

		if (rc)
			return rc;
		if (begins) {
			escape_print(stdout, lsm_iter_record(it)->key);
			putchar('\t');
		}
		escape_print(stdout, piece);
	}
	return end_line();
}

static enum exit_status scan(struct lsm *db, const struct invocation *inv)
{
	return walk(db, inv, invocation_has(inv, "keys") ? print_key : print_pair);
}

#define RANGE_OPTIONS                                                                              \
	{"prefix", "P", "only keys that begin with P"}, {"from", "A", "begin at key A"},           \
		{"to", "B", "end before key B"}, {"limit", "N", "at most N records"},              \
		{"reverse", NULL, "from the last key to the first"},                               \
	{                                                                                          \
		"escaped", NULL, "P, A and B have C escapes (\\x00)"                               \
	}

const struct command command_scan = {
	.name = "scan",
	.arguments = "",
	.summary = "print records in key order: key, tab, value",
	.more = "What does not print is written as C escapes: \\\\ \\t \\n \\r \\xNN.\n"
		"It shows the store as it was at one moment; but beside a writer that replaces "
		"tables\nfaster than they are read, the rest as it was at a later one.\n",
	.use = STORE_READ,
	.options = {RANGE_OPTIONS, {"keys", NULL, "print only the keys"}},
	.check = check_range,
	.run = scan,
};

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

static int print_record(struct lsm_iter *it, struct value_output *value)
{
	const struct lsm_record *record = lsm_iter_record(it);

	(void)value;
	escape_print(stdout, record->key);
	printf("\tseqno=%" PRIu64 "\t", record->seqno);
	print_time(record->time_ns);
	printf("\tkind=put\tmeta=%zu\tvalue=%" PRIu64, record->meta.len, record->value_len);
	return end_line();
}

static enum exit_status dump(struct lsm *db, const struct invocation *inv)
{
	return walk(db, inv, print_record);
}

const struct command command_dump = {
	.name = "dump",
	.arguments = "",
	.summary = "print what is known of each record but its value",
	.more = "A line is: key, seqno, commit time, kind, bytes of meta, bytes of value; tabs "
		"between.\n"
		"What does not print in a key is written as C escapes. Beside a writer: as scan.\n",
	.use = STORE_READ,
	.options = {RANGE_OPTIONS},
	.check = check_range,
	.run = dump,
};
