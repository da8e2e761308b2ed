/*
 * Row 0 holds the values 0..15, one a bucket. Row r > 0 holds the values of r + SUB_BITS
 * significant bits, that is [2^(r+3), 2^(r+4)), in 16 buckets of 2^(r-1) values each.
 */
#include "lsm/base/histogram.h"

#include <stddef.h>

#include "lsm/base/compiler.h"

enum {
	ROW_BUCKETS = 1 << HISTOGRAM_SUB_BITS,
};

static const uint64_t value_max = ((uint64_t)1 << HISTOGRAM_MAX_BITS) - 1;

static size_t bucket_of(uint64_t value)
{
	if (value < ROW_BUCKETS)
		return (size_t)value;

	int row = 64 - __builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	uint64_t place = value >> (row - 1) & (ROW_BUCKETS - 1);

	return (size_t)row * ROW_BUCKETS + (size_t)place;
}

/* The largest value that falls into the bucket. */
static uint64_t bucket_top(size_t bucket)
{
	if (bucket < ROW_BUCKETS)
		return bucket;

	size_t row = bucket / ROW_BUCKETS;
	uint64_t place = bucket % ROW_BUCKETS;

	return ((ROW_BUCKETS + place + 1) << (row - 1)) - 1;
}

void histogram_record(struct histogram *h, uint64_t value)
{
	histogram_record_many(h, value, 1);
}

void histogram_record_many(struct histogram *h, uint64_t value, uint32_t count)
{
	value = min_of(value, value_max);

	uint64_t max = atomic_load_explicit(&h->max, memory_order_relaxed);

	while (value > max &&
	       !atomic_compare_exchange_weak_explicit(&h->max, &max, value, memory_order_relaxed,
						      memory_order_relaxed))
		; /* max was loaded anew */
	atomic_fetch_add_explicit(&h->sum, value * count, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->buckets[bucket_of(value)], count, memory_order_relaxed);
}

/* The value that `percent` of the count values do not exceed, rounded up to its bucket's top. */
static uint64_t quantile(const uint64_t *counts, uint64_t count, unsigned int percent)
{
	/* ceil(count * percent / 100), in parts that cannot overflow */
	uint64_t wanted = count / 100 * percent + (count % 100 * percent + 99) / 100;
	uint64_t passed = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		passed += counts[i];
		if (passed >= wanted)
			return bucket_top(i);
	}
	return value_max;
}

void histogram_summarise(const struct histogram *h, struct histogram_summary *ret_summary)
{
	uint64_t counts[HISTOGRAM_BUCKETS];
	struct histogram_summary summary = {0};

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		counts[i] = atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
		summary.count += counts[i];
	}
	if (summary.count > 0) {
		summary.sum = atomic_load_explicit(&h->sum, memory_order_relaxed);
		summary.max = atomic_load_explicit(&h->max, memory_order_relaxed);
		summary.p50 = min_of(quantile(counts, summary.count, 50), summary.max);
		summary.p95 = min_of(quantile(counts, summary.count, 95), summary.max);
		summary.p99 = min_of(quantile(counts, summary.count, 99), summary.max);
	}
	*ret_summary = summary;
}
