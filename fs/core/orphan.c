#include "fs/core/orphan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"

/* Bytes of a file, [start, end). */
struct span {
	uint64_t start, end;
};

static uint64_t first_page(const struct span *s)
{
	return s->start / ORPHAN_PAGE;
}

/* Behind the last one. */
static uint64_t end_page(const struct span *s)
{
	return (s->end + ORPHAN_PAGE - 1) / ORPHAN_PAGE;
}

/* What of the span lies in a page. */
static struct span span_in_page(const struct span *s, uint64_t number)
{
	uint64_t start = number * ORPHAN_PAGE;

	return (struct span){max_of(s->start, start), min_of(s->end, start + ORPHAN_PAGE)};
}

static bool page_is_within(const struct span *s, uint64_t number)
{
	struct span in_page = span_in_page(s, number);

	return in_page.end - in_page.start == ORPHAN_PAGE;
}

/* Where the page of that number stands or would stand. */
static size_t page_find(const struct orphan *o, uint64_t number)
{
	size_t low = 0;
	size_t high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->pages[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many pages of the span there are, and where they stand. */
static size_t pages_of(const struct orphan *o, const struct span *s, size_t *ret_at)
{
	*ret_at = page_find(o, first_page(s));
	return page_find(o, end_page(s)) - *ret_at;
}

static int memory_take(struct orphan_memory *m, uint64_t bytes)
{
	uint64_t before = atomic_fetch_add_explicit(&m->bytes, bytes, memory_order_relaxed);

	if (before + bytes <= ORPHAN_MEMORY_MAX)
		return 0;
	atomic_fetch_sub_explicit(&m->bytes, bytes, memory_order_relaxed);
	return -ENOSPC;
}

static void memory_give(struct orphan_memory *m, uint64_t bytes)
{
	atomic_fetch_sub_explicit(&m->bytes, bytes, memory_order_relaxed);
}

int orphan_new(struct lsm *db, struct orphan_memory *memory, const struct attr *attr, bool stored,
	       struct orphan **ret_orphan)
{
	struct orphan *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	if (stored && attr->size > 0) {
		int err = lsm_snapshot_new(db, &o->snapshot);

		if (err) {
			free(o);
			return err;
		}
		o->base_size = attr->size;
	}
	o->db = db;
	o->memory = memory;
	o->attr = *attr;
	*ret_orphan = o;
	return 0;
}

/* The pages [from, to), as they stand, go. */
static void pages_drop(struct orphan *o, size_t from, size_t to)
{
	if (from >= to)
		return;
	memory_give(o->memory, (to - from) * ORPHAN_PAGE);
	for (size_t i = from; i < to; i++)
		free(o->pages[i]);
	memmove(o->pages + from, o->pages + to, (o->count - to) * sizeof(struct orphan_page *));
	o->count -= to - from;
}

static void base_drop(struct orphan *o)
{
	if (o->snapshot)
		lsm_snapshot_release(o->db, o->snapshot);
	o->snapshot = NULL;
	o->base_size = 0;
}

/* A snapshot makes the engine keep what it would drop. */
static void base_drop_if_hidden(struct orphan *o)
{
	struct span base = {.end = o->base_size};
	size_t at;

	if (pages_of(o, &base, &at) == end_page(&base))
		base_drop(o);
}

void orphan_free(struct orphan *orphan)
{
	if (!orphan)
		return;
	base_drop(orphan);
	pages_drop(orphan, 0, orphan->count);
	free(orphan->pages);
	free(orphan);
}

/* What the span would read if there were no pages. */
static int base_read(const struct orphan *o, struct slice key, const struct span *s, uint8_t *into)
{
	struct lsm_read_options options = {.snapshot = o->snapshot};
	uint64_t end = max_of(s->start, min_of(s->end, o->base_size));
	struct lsm_range range = {s->start, into, (size_t)(end - s->start)};
	size_t len = 0;
	int err = 0;

	if (range.len > 0)
		err = lsm_read(o->db, key, &options, &range, &len, NULL);
	if (!err && len < range.len)
		err = fail(-EUCLEAN, "the value of an unlinked file is shorter than its size");
	if (!err)
		memset(into + range.len, 0, (size_t)(s->end - end));
	return err;
}

int orphan_read(const struct orphan *o, struct slice key, const struct lsm_range *range,
		size_t *ret_len)
{
	uint64_t end = o->attr.size;
	struct span s = {.start = min_of(range->offset, end)};
	uint8_t *into = range->into;
	size_t at;

	s.end = s.start + min_of(range->len, end - s.start);
	size_t count = pages_of(o, &s, &at);

	if (count < end_page(&s) - first_page(&s)) {
		int err = base_read(o, key, &s, into);

		if (err)
			return err;
	}
	for (size_t i = at; i < at + count; i++) {
		const struct orphan_page *page = o->pages[i];
		struct span part = span_in_page(&s, page->number);

		memcpy(into + (part.start - s.start), page->bytes + part.start % ORPHAN_PAGE,
		       (size_t)(part.end - part.start));
	}
	*ret_len = (size_t)(s.end - s.start);
	return 0;
}

/* As lsm_seek, in the base alone; where it ends, or from offset on has no data: UINT64_MAX. */
static int base_seek(const struct orphan *o, struct slice key, uint64_t offset,
		     enum lsm_stretch wanted, uint64_t *ret_offset)
{
	struct lsm_read_options options = {.snapshot = o->snapshot};
	uint64_t found = UINT64_MAX;
	int err = -ENXIO;

	if (offset < o->base_size)
		err = lsm_seek(o->db, key, &options, offset, wanted, &found);
	if (err && err != -ENXIO)
		return err;
	*ret_offset = found < o->base_size ? found : UINT64_MAX;
	return 0;
}

static int seek_data(const struct orphan *o, struct slice key, uint64_t offset,
		     uint64_t *ret_offset)
{
	size_t at = page_find(o, offset / ORPHAN_PAGE);
	uint64_t in_base;
	int err = base_seek(o, key, offset, LSM_DATA, &in_base);

	if (err)
		return err;
	if (at < o->count)
		in_base = min_of(in_base, max_of(offset, o->pages[at]->number * ORPHAN_PAGE));
	if (in_base >= o->attr.size)
		return -ENXIO;
	*ret_offset = in_base;
	return 0;
}

/* Past pages and the base's data, until neither is there. */
static int seek_hole(const struct orphan *o, struct slice key, uint64_t offset,
		     uint64_t *ret_offset)
{
	size_t at = page_find(o, offset / ORPHAN_PAGE);
	uint64_t hole = offset;

	while (hole < o->attr.size) {
		if (at < o->count && o->pages[at]->number == hole / ORPHAN_PAGE) {
			hole = (o->pages[at++]->number + 1) * ORPHAN_PAGE;
			continue;
		}
		uint64_t next = hole;
		int err = base_seek(o, key, hole, LSM_HOLE, &next);

		if (err)
			return err;
		if (hole >= o->base_size || next == hole)
			break;
		hole = min_of(next, o->base_size);
		at = page_find(o, hole / ORPHAN_PAGE);
	}
	*ret_offset = min_of(hole, o->attr.size);
	return 0;
}

int orphan_seek(const struct orphan *o, struct slice key, uint64_t offset, enum lsm_stretch wanted,
		uint64_t *ret_offset)
{
	return wanted == LSM_DATA ? seek_data(o, key, offset, ret_offset)
				  : seek_hole(o, key, offset, ret_offset);
}

static void list_free(struct orphan_page *list)
{
	while (list) {
		struct orphan_page *next = list->next;

		free(list);
		list = next;
	}
}

/*
 * Pages of the span that are missing, the last one first; what is in them shows through unless it
 * is to be written over whole.
 */
static int pages_make(const struct orphan *o, struct slice key, const struct span *s,
		      struct orphan_page **ret_list)
{
	struct orphan_page *list = NULL;
	size_t at = page_find(o, first_page(s));
	int err = 0;

	for (uint64_t number = first_page(s); !err && number < end_page(s); number++) {
		struct span whole = {number * ORPHAN_PAGE, (number + 1) * ORPHAN_PAGE};

		if (at < o->count && o->pages[at]->number == number) {
			at++;
			continue;
		}
		struct orphan_page *page = malloc(sizeof(*page));

		if (!page) {
			err = -ENOMEM;
			break;
		}
		page->number = number;
		page->next = list;
		list = page;
		if (!page_is_within(s, number))
			err = base_read(o, key, &whole, page->bytes);
	}
	if (err)
		list_free(list);
	else
		*ret_list = list;
	return err;
}

static int pages_reserve(struct orphan *o, size_t extra)
{
	struct orphan_page **pages =
		array_grow(o->pages, &o->cap, o->count + extra, sizeof(struct orphan_page *));

	if (!pages)
		return -ENOMEM;
	o->pages = pages;
	return 0;
}

/* Merge the list in, from the back; the span then has all its pages. */
static void pages_insert(struct orphan *o, const struct span *s, struct orphan_page *list,
			 size_t missing)
{
	size_t at;
	size_t from = pages_of(o, s, &at);
	size_t to = from + missing;

	from += at;
	to += at;
	if (o->count > from)
		memmove(o->pages + to, o->pages + from,
			(o->count - from) * sizeof(struct orphan_page *));
	o->count += missing;
	while (list) {
		if (from > at && o->pages[from - 1]->number > list->number) {
			o->pages[--to] = o->pages[--from];
		} else {
			o->pages[--to] = list;
			list = list->next;
		}
	}
}

/* Have all pages of the span, to be written to. After an error all reads as before. */
static int pages_have(struct orphan *o, struct slice key, const struct span *s)
{
	struct orphan_page *list;
	size_t at;
	size_t missing = (size_t)(end_page(s) - first_page(s)) - pages_of(o, s, &at);
	int err = memory_take(o->memory, missing * ORPHAN_PAGE);

	if (err)
		return err;
	err = pages_reserve(o, missing);
	if (!err)
		err = pages_make(o, key, s, &list);
	if (err) {
		memory_give(o->memory, missing * ORPHAN_PAGE);
		return err;
	}
	pages_insert(o, s, list, missing);
	return 0;
}

int orphan_write(struct orphan *o, struct slice key, uint64_t offset, struct slice bytes)
{
	struct span s = {offset, offset + bytes.len};
	int err = pages_have(o, key, &s);
	size_t at;

	if (err)
		return err;
	for (size_t i = 0, count = pages_of(o, &s, &at); i < count; i++) {
		struct orphan_page *page = o->pages[at + i];
		struct span part = span_in_page(&s, page->number);

		memcpy(page->bytes + part.start % ORPHAN_PAGE, bytes.ptr + (part.start - s.start),
		       (size_t)(part.end - part.start));
	}
	o->attr.size = max_of(o->attr.size, s.end);
	base_drop_if_hidden(o);
	return 0;
}

/* Pages of the span that lie in it whole, and over nothing, are needed no more. */
static void pages_drop_zeros(struct orphan *o, const struct span *s)
{
	struct span whole = {
		.start = (max_of(s->start, o->base_size) + ORPHAN_PAGE - 1) / ORPHAN_PAGE,
		.end = s->end == o->attr.size ? end_page(s) : s->end / ORPHAN_PAGE,
	};

	pages_drop(o, page_find(o, whole.start), page_find(o, whole.end));
}

int orphan_zero(struct orphan *o, struct slice key, uint64_t offset, uint64_t len)
{
	struct span s = {.start = min_of(offset, o->attr.size)};

	s.end = s.start + min_of(len, o->attr.size - s.start);
	if (s.start == s.end)
		return 0;
	/* where nothing of the base shows behind it, it need not be hidden */
	if (s.end >= o->base_size)
		o->base_size = min_of(o->base_size, s.start);

	struct span over_base = {s.start, min_of(s.end, o->base_size)};
	int err = over_base.start < over_base.end ? pages_have(o, key, &over_base) : 0;
	size_t at;

	if (err)
		return err;
	for (size_t i = 0, count = pages_of(o, &s, &at); i < count; i++) {
		struct orphan_page *page = o->pages[at + i];
		struct span part = span_in_page(&s, page->number);

		memset(page->bytes + part.start % ORPHAN_PAGE, 0, (size_t)(part.end - part.start));
	}
	pages_drop_zeros(o, &s);
	base_drop_if_hidden(o);
	return 0;
}

void orphan_resize(struct orphan *o, uint64_t size)
{
	struct span left = {.end = size};
	size_t i = page_find(o, end_page(&left));

	pages_drop(o, i, o->count);
	/* What is cut off within the last page does not come back when it grows again. */
	if (i > 0 && !page_is_within(&left, o->pages[i - 1]->number)) {
		size_t used = (size_t)(size % ORPHAN_PAGE);

		memset(o->pages[i - 1]->bytes + used, 0, ORPHAN_PAGE - used);
	}
	o->base_size = min_of(o->base_size, size);
	o->attr.size = size;
	base_drop_if_hidden(o);
}
