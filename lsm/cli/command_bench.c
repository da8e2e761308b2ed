/*
 * bench: workloads on a store of its own.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/cli/bench.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/interrupt.h"
#include "lsm/cli/report.h"

enum {
	WORKLOADS_MAX = 64,
	RECORDS_MAX = 1000000000,
	VALUE_MAX = 1 << 20,
};

static const char *const usual[] = {
	"fillseq",     "fillsync",   "fillrandom", "overwrite", "readrandom",
	"readmissing", "readhot",    "seekrandom", "readseq",   "readreverse",
	"compact",     "readrandom", "ycsb-load",  "ycsb-a",    "ycsb-b",
	"ycsb-c",      "ycsb-d",     "ycsb-e",     "ycsb-f",
};

struct benching {
	struct bench_settings settings;
	const struct bench_workload *workloads[WORKLOADS_MAX];
	size_t workload_count;
	struct bench_result results[WORKLOADS_MAX];
	size_t count; /* of the results */
	bool json;
};

static enum exit_status choose_workloads(const struct invocation *inv, struct benching *b)
{
	size_t given = (size_t)inv->argument_count;

	b->workload_count = given > 0 ? given : array_size(usual);
	for (size_t i = 0; i < b->workload_count; i++) {
		const char *name = given > 0 ? inv->arguments[i] : usual[i];

		b->workloads[i] = bench_find(name);
		if (!b->workloads[i])
			return report_usage("bench: there is no workload %s (bench --list)", name);
	}
	return STATUS_OK;
}

static enum exit_status within(const struct invocation *inv, const char *option, uint64_t min,
			       uint64_t max, uint64_t *number)
{
	enum exit_status status = invocation_number(inv, option, number);

	if (status == STATUS_OK && (*number < min || *number > max))
		return report_usage("bench: --%s is %llu to %llu", option, (unsigned long long)min,
				    (unsigned long long)max);
	return status;
}

static enum exit_status read_settings(const struct invocation *inv, struct benching *b)
{
	struct bench_settings *s = &b->settings;
	uint64_t threads = 1;
	enum exit_status status;

	*s = (struct bench_settings){.records = 100000, .value_len = 100, .seed = 1};
	b->json = invocation_has(inv, "json");
	status = within(inv, "num", 1, RECORDS_MAX, &s->records);
	s->operations = s->records;
	if (status == STATUS_OK)
		status = within(inv, "ops", 1, RECORDS_MAX, &s->operations);
	if (status == STATUS_OK)
		status = within(inv, "value-size", 0, VALUE_MAX, &s->value_len);
	if (status == STATUS_OK)
		status = within(inv, "threads", 1, BENCH_THREADS_MAX, &threads);
	if (status == STATUS_OK)
		status = invocation_number(inv, "seed", &s->seed);
	s->threads = (unsigned)threads;
	return status == STATUS_OK ? choose_workloads(inv, b) : status;
}

/* Before hours of work: can the picture be drawn? */
static enum exit_status check_plot(const char *path)
{
	cleanup_free char *copy = strdup(path);
	bool there = access(path, F_OK) == 0;

	if (copy && access(there ? path : dirname(copy), W_OK) != 0)
		return report_usage("bench: %s: %s", path, strerror(errno));
	return STATUS_OK;
}

static enum exit_status check_bench(const struct invocation *inv)
{
	cleanup_free struct benching *b = calloc(1, sizeof(*b));
	const char *plot = invocation_value(inv, "plot");
	const struct bench_workload *unfilled;
	enum exit_status status = b ? read_settings(inv, b) : report_failure(-ENOMEM);

	if (status != STATUS_OK || invocation_has(inv, "list"))
		return status;
	unfilled = bench_find_unfilled(b->workloads, b->workload_count);
	if (unfilled)
		return report_usage("bench: %s: nothing was filled before; %s does that",
				    unfilled->name, unfilled->is_ycsb ? "ycsb-load" : "fillrandom");
	return plot ? check_plot(plot) : STATUS_OK;
}

static enum store_use use_of_bench(const struct invocation *inv)
{
	return invocation_has(inv, "list") ? STORE_CLOSED : STORE_CREATE;
}

static const char *workload_name(size_t i)
{
	return bench_workloads[i].name; /* NULL ends them */
}

static enum exit_status run_workloads(struct benching *b, struct lsm *db)
{
	struct bench bench = {.db = db, .settings = &b->settings};
	int rc = bench_begin(&bench);

	interrupt_begin(NULL);
	if (!b->json)
		bench_print_heading();
	while (!rc && b->count < b->workload_count && !interrupted()) {
		struct bench_result *result = &b->results[b->count];

		rc = bench_run(&bench, b->workloads[b->count], result);
		if (rc)
			break;
		b->count++;
		if (!b->json)
			bench_print_result(result);
	}
	bool stopped = interrupted();

	interrupt_end();
	bench_done(&bench);
	if (rc == -ENOENT) {
		report_error(rc);
		return STATUS_USAGE;
	}
	if (rc)
		return report_failure(rc);
	if (stopped)
		report_note("bench: stopped by a signal; %zu of %zu workloads were run, the last "
			    "one not to its end",
			    b->count, b->workload_count);
	return stopped ? STATUS_INTERRUPTED : STATUS_OK;
}

static enum exit_status write_plot(const struct benching *b, const char *path)
{
	cleanup_buf struct buf text = {0};
	int rc = bench_plot(&b->settings, b->results, b->count, &text);
	FILE *file = rc ? NULL : fopen(path, "we");

	if (rc)
		return report_failure(rc);
	if (file)
		encoding_print(file, ENCODING_RAW, buf_slice(&text));
	bool written = file && fflush(file) == 0 && !ferror(file);

	if (!written)
		report_note("%s: %s", path, strerror(errno));
	if (file)
		(void)fclose(file); /* it is flushed */
	return written ? STATUS_OK : STATUS_FAILED;
}

static enum exit_status print_json(const struct benching *b)
{
	cleanup_buf struct buf text = {0};
	int rc = bench_json(&b->settings, b->results, b->count, &text);

	if (rc)
		return report_failure(rc);
	encoding_print(stdout, ENCODING_RAW, buf_slice(&text));
	putchar('\n');
	return STATUS_OK;
}

static enum exit_status show(const struct benching *b, const struct invocation *inv)
{
	const char *plot = invocation_value(inv, "plot");
	enum exit_status status = b->json ? print_json(b) : STATUS_OK;

	if (status == STATUS_OK && plot && b->count > 0)
		status = write_plot(b, plot);
	return status;
}

static enum exit_status list_workloads(void)
{
	for (const struct bench_workload *w = bench_workloads; w->name; w++)
		printf("%-13s %s\n", w->name, w->help);
	return STATUS_OK;
}

/* Somebody's records are not to be written over. */
static enum exit_status check_empty(struct lsm *db, const char *store)
{
	struct lsm_stats s;

	lsm_stats_read(db, &s);
	if (s.last_seqno == 0)
		return STATUS_OK;
	return report_usage("bench: %s holds records; an absent or empty folder is wanted", store);
}

static enum exit_status bench(struct lsm *db, const struct invocation *inv)
{
	cleanup_free struct benching *b = calloc(1, sizeof(*b));
	enum exit_status status = b ? read_settings(inv, b) : report_failure(-ENOMEM);

	if (status != STATUS_OK)
		return status;
	if (invocation_has(inv, "list"))
		return list_workloads();
	status = check_empty(db, inv->store);
	if (status != STATUS_OK)
		return status;
	status = run_workloads(b, db);
	enum exit_status shown = show(b, inv);

	return status != STATUS_OK ? status : shown;
}

const struct command command_bench = {
	.name = "bench",
	.arguments = "[WORKLOAD]...",
	.summary = "measure workloads: those of db_bench and YCSB A to F",
	.more = "STORE is absent or empty, and stays, filled. Each fill puts keys of its own; "
		"what\n"
		"follows works on those of the last one. Without WORKLOAD: the usual ones.\n",
	.arguments_max = WORKLOADS_MAX,
	.use = STORE_CREATE,
	.use_of = use_of_bench,
	.group = GROUP_PEOPLE,
	.alone = true,
	.options = {{"list", NULL, "name the workloads"},
		    {"num", "N", "records that fills put (100000)"},
		    {"ops", "N", "operations of the others (as --num)"},
		    {"value-size", "B", "bytes of a value (100; YCSB: 1000, always)"},
		    {"threads", "T", "threads that share the operations (1)"},
		    {"seed", "S", "of all that is random (1)"},
		    {"json", NULL, "print one JSON object"},
		    {"plot", "FILE.svg", "draw throughput and latency"}},
	.word = workload_name,
	.check = check_bench,
	.run = bench,
};
