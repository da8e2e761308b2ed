#include "lsm/tree/key_range.h"

struct run_span run_span_of(const struct version_run *run, struct slice from, struct slice to)
{
	size_t first = version_find(run, from);
	size_t low = first, high = run->count;

	if (to.len == 0)
		return (struct run_span){first, run->count};
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(run->files[mid]->smallest, to) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (struct run_span){first, low};
}

struct run_span run_span_of_prefix(const struct version_run *run, struct slice prefix)
{
	size_t first = version_find(run, prefix);
	size_t low = first, high = run->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (prefix_cmp(run->files[mid]->smallest, prefix) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (struct run_span){first, low};
}

uint64_t run_span_bytes(const struct version_run *run, struct run_span span)
{
	uint64_t bytes = 0;

	for (size_t i = span.first; i < span.end; i++)
		bytes += run->files[i]->size_bytes;
	return bytes;
}
