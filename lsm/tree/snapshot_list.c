#include "lsm/tree/snapshot_list.h"

#include <assert.h>
#include <errno.h>

#include "lsm/base/array.h"

struct named_snapshot named_snapshot_of(struct slice name, uint64_t seqno)
{
	struct named_snapshot s = {.seqno = seqno, .name_len = (uint8_t)name.len};

	assert(snapshot_name_is_valid(name));
	memcpy(s.name, name.ptr, name.len);
	return s;
}

void snapshot_list_done(struct snapshot_list *l)
{
	free(l->items);
	*l = (struct snapshot_list){0};
}

int snapshot_list_reserve(struct snapshot_list *l, size_t extra)
{
	struct named_snapshot *grown =
		array_grow(l->items, &l->cap, l->count + extra, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	l->items = grown;
	return 0;
}

/* The index of the first name >= name. */
static size_t lower_bound(const struct snapshot_list *l, struct slice name)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(named_snapshot_name(&l->items[mid]), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct named_snapshot *snapshot_list_find(const struct snapshot_list *l, struct slice name)
{
	size_t at = lower_bound(l, name);

	if (at == l->count || !slice_eq(named_snapshot_name(&l->items[at]), name))
		return NULL;
	return &l->items[at];
}

int snapshot_list_insert(struct snapshot_list *l, const struct named_snapshot *s)
{
	struct slice name = named_snapshot_name(s);
	size_t at = lower_bound(l, name);

	if (snapshot_list_find(l, name))
		return -EEXIST;
	int err = snapshot_list_reserve(l, 1);
	if (err)
		return err;
	memmove(&l->items[at + 1], &l->items[at], (l->count - at) * sizeof(*l->items));
	l->items[at] = *s;
	l->count++;
	return 0;
}

bool snapshot_list_remove(struct snapshot_list *l, struct slice name)
{
	size_t at = lower_bound(l, name);

	if (!snapshot_list_find(l, name))
		return false;
	l->count--;
	memmove(&l->items[at], &l->items[at + 1], (l->count - at) * sizeof(*l->items));
	return true;
}

void snapshot_list_drop_above(struct snapshot_list *l, uint64_t seqno)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].seqno <= seqno)
			l->items[kept++] = l->items[i];
	}
	l->count = kept;
}

int snapshot_list_copy(struct snapshot_list *l, const struct snapshot_list *from)
{
	int err = snapshot_list_reserve(l, from->count);

	if (err)
		return err;
	if (from->count > 0)
		memcpy(l->items, from->items, from->count * sizeof(*l->items));
	l->count = from->count;
	return 0;
}

bool snapshot_list_equal(const struct snapshot_list *a, const struct snapshot_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct named_snapshot *x = &a->items[i], *y = &b->items[i];

		if (x->seqno != y->seqno || x->time_ns != y->time_ns ||
		    !slice_eq(named_snapshot_name(x), named_snapshot_name(y)))
			return false;
	}
	return true;
}

uint64_t snapshot_list_newest_seqno(const struct snapshot_list *l)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < l->count; i++)
		newest = max_of(newest, l->items[i].seqno);
	return newest;
}
