#include "lsm/blob/value_map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/array.h"

enum {
	PAGE_SEGMENTS = 128,
};

/* Never empty while it is in the map. */
struct map_page {
	size_t count;
	struct segment segments[PAGE_SEGMENTS]; /* ascending, apart */
};

static uint64_t segment_end(const struct segment *s)
{
	return s->offset + s->len;
}

void segment_clip(struct segment *s, uint64_t from, uint64_t to)
{
	uint64_t end = min_of(segment_end(s), to);
	uint64_t begin = max_of(s->offset, from);
	uint64_t cut = begin - s->offset;

	assert(begin < end);
	s->offset = begin;
	s->len = end - begin;
	if (s->kind == SEGMENT_BYTES)
		s->bytes += cut;
	if (s->kind == SEGMENT_CHUNK) {
		s->extent.offset = begin;
		s->extent.from += (uint32_t)cut;
		s->extent.len = (uint32_t)s->len;
	}
}

void value_map_init(struct value_map *m, uint64_t base_size)
{
	*m = (struct value_map){.size = base_size, .shows = base_size};
}

void value_map_done(struct value_map *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->pages[i]);
	free(m->pages);
	*m = (struct value_map){0};
}

/* The first page with a segment that ends behind offset; the count when there is none. */
static size_t page_find(const struct value_map *m, uint64_t offset)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct map_page *page = m->pages[mid];

		if (segment_end(&page->segments[page->count - 1]) <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first such segment of a page that has one. */
static size_t slot_find(const struct map_page *page, uint64_t offset)
{
	size_t low = 0, high = page->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (segment_end(&page->segments[mid]) <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool value_map_find(const struct value_map *m, uint64_t offset, struct segment *ret_segment)
{
	size_t at = page_find(m, offset);

	if (at == m->count)
		return false;
	*ret_segment = m->pages[at]->segments[slot_find(m->pages[at], offset)];
	return true;
}

/* An empty page at index `at`. */
static int page_insert(struct value_map *m, size_t at)
{
	struct map_page **grown =
		array_grow(m->pages, &m->cap, m->count + 1, sizeof(struct map_page *));

	if (!grown)
		return -ENOMEM;
	m->pages = grown;
	struct map_page *page = malloc(sizeof(*page));

	if (!page)
		return -ENOMEM;
	page->count = 0;
	memmove(&m->pages[at + 1], &m->pages[at], (m->count - at) * sizeof(struct map_page *));
	m->pages[at] = page;
	m->count++;
	return 0;
}

static void page_remove(struct value_map *m, size_t at)
{
	free(m->pages[at]);
	m->count--;
	memmove(&m->pages[at], &m->pages[at + 1], (m->count - at) * sizeof(struct map_page *));
}

static void slots_remove(struct value_map *m, size_t at, size_t from, size_t to)
{
	struct map_page *page = m->pages[at];

	memmove(&page->segments[from], &page->segments[to],
		(page->count - to) * sizeof(struct segment));
	page->count -= to - from;
	m->segments -= to - from;
	if (page->count == 0)
		page_remove(m, at);
}

/*
 * Make room in a full page before one of its slots comes in. A row of appends fills its pages: it
 * gets an empty one, and only insertions in the middle divide.
 */
static int page_split(struct value_map *m, size_t *at, size_t *slot)
{
	struct map_page *page = m->pages[*at];
	size_t keep = *slot == PAGE_SEGMENTS ? PAGE_SEGMENTS : PAGE_SEGMENTS / 2;
	int rc = page_insert(m, *at + 1);

	if (rc)
		return rc;
	struct map_page *next = m->pages[*at + 1];

	next->count = page->count - keep;
	memcpy(next->segments, &page->segments[keep], next->count * sizeof(struct segment));
	page->count = keep;
	if (*slot >= keep) {
		*at += 1;
		*slot -= keep;
	}
	return 0;
}

static int slot_insert(struct value_map *m, size_t at, size_t slot, const struct segment *s)
{
	int rc = 0;

	if (m->pages[at]->count == PAGE_SEGMENTS)
		rc = page_split(m, &at, &slot);
	if (rc)
		return rc;
	struct map_page *page = m->pages[at];

	memmove(&page->segments[slot + 1], &page->segments[slot],
		(page->count - slot) * sizeof(struct segment));
	page->segments[slot] = *s;
	page->count++;
	m->segments++;
	return 0;
}

/* One step of erasing [from, to): 0 when all is done, 1 when there may be more; -ENOMEM. */
static int erase_step(struct value_map *m, uint64_t from, uint64_t to)
{
	size_t at = page_find(m, from);

	if (at == m->count)
		return 0;
	struct map_page *page = m->pages[at];
	size_t slot = slot_find(page, from);
	struct segment *s = &page->segments[slot];
	struct segment right = *s;

	if (s->offset >= to)
		return 0;
	if (s->offset < from) {
		segment_clip(s, s->offset, from);
		if (segment_end(&right) <= to)
			return 1;
		segment_clip(&right, to, UINT64_MAX);
		return slot_insert(m, at, slot + 1, &right);
	}
	if (segment_end(s) > to) {
		segment_clip(s, to, UINT64_MAX);
		return 0;
	}
	size_t end = slot + 1;

	while (end < page->count && segment_end(&page->segments[end]) <= to)
		end++;
	slots_remove(m, at, slot, end);
	return 1;
}

static int erase(struct value_map *m, uint64_t from, uint64_t to)
{
	int rc;

	do
		rc = erase_step(m, from, to);
	while (rc > 0);
	return rc;
}

/* Put a segment in the place of whatever is there. */
static int replace(struct value_map *m, const struct segment *s)
{
	int rc = erase(m, s->offset, segment_end(s));

	if (rc)
		return rc;
	if (m->count == 0) {
		rc = page_insert(m, 0);
		return rc ? rc : slot_insert(m, 0, 0, s);
	}
	size_t at = page_find(m, s->offset);

	if (at == m->count)
		return slot_insert(m, at - 1, m->pages[at - 1]->count, s);
	return slot_insert(m, at, slot_find(m->pages[at], s->offset), s);
}

static int apply_extents(struct value_map *m, struct slice list)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < extent_list_count(list); i++) {
		struct segment s = {.kind = SEGMENT_CHUNK};

		rc = extent_list_get(list, i, &s.extent);
		s.offset = s.extent.offset;
		s.len = s.extent.len;
		if (!rc)
			rc = replace(m, &s);
	}
	return rc;
}

static int apply_change(struct value_map *m, const struct patch *p)
{
	struct segment s = {.offset = p->offset, .len = p->len};

	switch (p->op) {
	case PATCH_RESIZE:
		return 0;
	case PATCH_BYTES:
		s.kind = SEGMENT_BYTES;
		s.bytes = p->bytes.ptr;
		return replace(m, &s);
	case PATCH_ZEROS:
		s.kind = SEGMENT_ZEROS;
		return replace(m, &s);
	case PATCH_EXTENTS:
		return apply_extents(m, p->extents);
	}
	return -EUCLEAN;
}

int value_map_apply(struct value_map *m, const struct patch *p)
{
	int rc = 0;

	if (p->size < m->size)
		rc = erase(m, p->size, UINT64_MAX);
	m->shows = min_of(m->shows, p->size);
	m->size = p->size;
	return rc ? rc : apply_change(m, p);
}
