#include "lsm/tree/key_range.h"

struct level_span level_span_of(const struct version_level *level, struct slice from,
				struct slice to)
{
	size_t first = version_find(level, from);
	size_t low = first, high = level->count;

	if (to.len == 0)
		return (struct level_span){first, level->count};
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(level->files[mid]->smallest, to) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (struct level_span){first, low};
}

struct level_span level_span_of_prefix(const struct version_level *level, struct slice prefix)
{
	size_t first = version_find(level, prefix);
	size_t low = first, high = level->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (prefix_cmp(level->files[mid]->smallest, prefix) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (struct level_span){first, low};
}

uint64_t level_span_bytes(const struct version_level *level, struct level_span span)
{
	uint64_t bytes = 0;

	for (size_t i = span.first; i < span.end; i++)
		bytes += level->files[i]->size_bytes;
	return bytes;
}
