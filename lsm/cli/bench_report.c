#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/json.h"
#include "lsm/base/version.h"
#include "lsm/cli/bench.h"
#include "lsm/cli/human.h"

static double rate_of(const struct bench_result *r)
{
	return r->seconds > 0 ? (double)r->operations / r->seconds : 0;
}

void bench_print_heading(void)
{
	printf("%-12s %10s %9s %10s %8s %8s %8s %8s %8s\n", "workload", "operations", "seconds",
	       "per second", "MiB/s", "p50", "p95", "p99", "max");
}

void bench_print_result(const struct bench_result *r)
{
	char p50[HUMAN_MAX], p95[HUMAN_MAX], p99[HUMAN_MAX], max[HUMAN_MAX];
	double mib = r->seconds > 0 ? (double)r->bytes / r->seconds / (1 << 20) : 0;

	human_latency(r->latency.p50, p50);
	human_latency(r->latency.p95, p95);
	human_latency(r->latency.p99, p99);
	human_latency(r->latency.max, max);
	printf("%-12s %10" PRIu64 " %9.3f %10.0f %8.1f %8s %8s %8s %8s\n", r->workload->name,
	       r->operations, r->seconds, rate_of(r), mib, p50, p95, p99, max);
	fflush(stdout);
}

static void put_settings(struct json *j, const struct bench_settings *s)
{
	json_name(j, "version");
	json_string(j, slice_str(LSM_VERSION));
	json_name(j, "records");
	json_uint(j, s->records);
	json_name(j, "operations");
	json_uint(j, s->operations);
	json_name(j, "value_bytes");
	json_uint(j, s->value_len);
	json_name(j, "threads");
	json_uint(j, s->threads);
	json_name(j, "seed");
	json_uint(j, s->seed);
}

static void put_uint(struct json *j, const char *name, uint64_t value)
{
	json_name(j, name);
	json_uint(j, value);
}

static void put_result(struct json *j, const struct bench_result *r)
{
	json_object_open(j);
	json_name(j, "workload");
	json_string(j, slice_str(r->workload->name));
	put_uint(j, "operations", r->operations);
	put_uint(j, "found", r->found);
	put_uint(j, "bytes", r->bytes);
	json_name(j, "seconds");
	json_double(j, r->seconds);
	json_name(j, "operations_per_second");
	json_double(j, rate_of(r));
	put_uint(j, "p50_ns", r->latency.p50);
	put_uint(j, "p95_ns", r->latency.p95);
	put_uint(j, "p99_ns", r->latency.p99);
	put_uint(j, "max_ns", r->latency.max);
	json_object_close(j);
}

int bench_json(const struct bench_settings *settings, const struct bench_result *results,
	       size_t count, struct buf *ret_text)
{
	struct json j;

	json_begin(&j, ret_text);
	json_object_open(&j);
	put_settings(&j, settings);
	json_name(&j, "results");
	json_array_open(&j);
	for (size_t i = 0; i < count; i++)
		put_result(&j, &results[i]);
	json_array_close(&j);
	json_object_close(&j);
	return json_finish(&j);
}
