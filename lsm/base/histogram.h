/*
 * A latency histogram with bounded relative error: log-linear buckets, 16 per power of two (the
 * layout of HdrHistogram), so a quantile is at most 1/16 above the true value. Values are
 * nanoseconds, 0 to 2^40.
 *
 * Thread rule: record from any thread, relaxed atomics, no lock; read from any thread. A copy taken
 * while others record is a histogram of some of their values.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 4,
	HISTOGRAM_MAX_BITS = 40,
	HISTOGRAM_BUCKETS = (HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

struct histogram {
	_Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
	_Atomic uint64_t sum;
	_Atomic uint64_t max;
};

struct histogram_summary {
	uint64_t count, sum, p50, p95, p99, max;
};

/* All zero is an empty histogram. A value of 2^40 or more counts as 2^40 - 1. */
void histogram_record(struct histogram *h, uint64_t value);
/* As so many records of the value: one that was measured stands for others that were not. */
void histogram_record_many(struct histogram *h, uint64_t value, uint32_t count);
void histogram_summarise(const struct histogram *h, struct histogram_summary *ret_summary);
