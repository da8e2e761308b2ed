/*
 * A binary heap of the sources that stand on a version. Against comparing all sources at each step:
 * a step costs about 2 log2(n) comparisons and, while one source goes on winning, just 2; and the
 * number of sources is what level 0 makes of it (dozens when compaction is behind), which is when
 * reads are slow enough already.
 *
 * Going one way, every other source stands at its first version beyond the merge's own. A turn
 * moves them: to go back from (key, seqno), each other source seeks to its last version before it;
 * forward, to its first after it.
 */
#include "lsm/tree/merge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct merge_iter {
	struct iter base;
	bool forward;
	size_t count;
	size_t heap_count;
	struct iter *
		*heap; /* owned array; the sources that stand on something, the next one first */
	struct iter *sources[]; /* owned */
};

static struct merge_iter *merge_of(struct iter *it)
{
	return container_of(it, struct merge_iter, base);
}

static bool goes_first(const struct merge_iter *m, const struct iter *a, const struct iter *b)
{
	int order = record_cmp(a->rec.key, a->rec.seqno, b->rec.key, b->rec.seqno);

	return m->forward ? order < 0 : order > 0;
}

static void sift_down(struct merge_iter *m, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= m->heap_count)
			return;
		if (child + 1 < m->heap_count && goes_first(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!goes_first(m, m->heap[child], m->heap[at]))
			return;
		struct iter *moved = m->heap[at];
		m->heap[at] = m->heap[child];
		m->heap[child] = moved;
		at = child;
	}
}

static void stand_nowhere(struct merge_iter *m, int status)
{
	m->base.valid = false;
	m->base.status = status;
}

/* Stand where the heap's first source stands. */
static void publish(struct merge_iter *m)
{
	if (m->heap_count == 0) {
		stand_nowhere(m, 0);
		return;
	}
	m->base.valid = true;
	m->base.status = 0;
	m->base.rec = m->heap[0]->rec;
}

/*
 * All sources have moved: build the heap anew. One failed source fails the merge, or it would skip
 * that one's versions.
 */
static void rebuild(struct merge_iter *m)
{
	m->heap_count = 0;
	for (size_t i = 0; i < m->count; i++) {
		struct iter *source = m->sources[i];
		int status = iter_status(source);

		if (iter_valid(source)) {
			m->heap[m->heap_count++] = source;
		} else if (status) {
			stand_nowhere(m, status);
			return;
		}
	}
	for (size_t i = m->heap_count / 2; i-- > 0;)
		sift_down(m, i);
	publish(m);
}

/* The first source of the heap has moved. */
static void reorder(struct merge_iter *m)
{
	struct iter *source = m->heap[0];
	int status = iter_status(source);

	if (!iter_valid(source)) {
		if (status) {
			stand_nowhere(m, status);
			return;
		}
		m->heap[0] = m->heap[--m->heap_count];
	}
	sift_down(m, 0);
	publish(m);
}

static void merge_first(struct iter *it)
{
	struct merge_iter *m = merge_of(it);

	m->forward = true;
	for (size_t i = 0; i < m->count; i++)
		iter_first(m->sources[i]);
	rebuild(m);
}

static void merge_last(struct iter *it)
{
	struct merge_iter *m = merge_of(it);

	m->forward = false;
	for (size_t i = 0; i < m->count; i++)
		iter_last(m->sources[i]);
	rebuild(m);
}

static void merge_seek(struct iter *it, struct slice key, uint64_t seqno)
{
	struct merge_iter *m = merge_of(it);

	m->forward = true;
	for (size_t i = 0; i < m->count; i++)
		iter_seek(m->sources[i], key, seqno);
	rebuild(m);
}

static void merge_seek_before(struct iter *it, struct slice key, uint64_t seqno)
{
	struct merge_iter *m = merge_of(it);

	m->forward = false;
	for (size_t i = 0; i < m->count; i++)
		iter_seek_before(m->sources[i], key, seqno);
	rebuild(m);
}

static void merge_next(struct iter *it)
{
	struct merge_iter *m = merge_of(it);
	struct iter *here = m->heap[0];

	assert(it->valid);
	if (m->forward) {
		iter_next(here);
		reorder(m);
		return;
	}
	/* here's key stays good meanwhile: it moves last. */
	for (size_t i = 0; i < m->count; i++) {
		if (m->sources[i] != here)
			iter_seek(m->sources[i], here->rec.key, here->rec.seqno);
	}
	iter_next(here);
	m->forward = true;
	rebuild(m);
}

static void merge_prev(struct iter *it)
{
	struct merge_iter *m = merge_of(it);
	struct iter *here = m->heap[0];

	assert(it->valid);
	if (!m->forward) {
		iter_prev(here);
		reorder(m);
		return;
	}
	for (size_t i = 0; i < m->count; i++) {
		if (m->sources[i] != here)
			iter_seek_before(m->sources[i], here->rec.key, here->rec.seqno);
	}
	iter_prev(here);
	m->forward = false;
	rebuild(m);
}

static int merge_value(struct iter *it, struct slice *ret_value)
{
	assert(it->valid);
	return iter_value(merge_of(it)->heap[0], ret_value);
}

static void merge_free(struct iter *it)
{
	struct merge_iter *m = merge_of(it);

	for (size_t i = 0; i < m->count; i++)
		iter_free(m->sources[i]);
	free(m->heap);
	free(m);
}

static const struct iter_ops merge_ops = {
	.first = merge_first,
	.last = merge_last,
	.seek = merge_seek,
	.seek_before = merge_seek_before,
	.next = merge_next,
	.prev = merge_prev,
	.value = merge_value,
	.free = merge_free,
};

static struct merge_iter *merge_allocate(size_t count)
{
	struct merge_iter *m = calloc(1, sizeof(*m) + count * sizeof(struct iter *));

	if (!m)
		return NULL;
	m->heap = calloc(count ? count : 1, sizeof(struct iter *));
	if (!m->heap) {
		free(m);
		return NULL;
	}
	return m;
}

int merge_iter_new(struct iter *const *sources, size_t count, struct iter **ret_iter)
{
	if (count == 1) {
		*ret_iter = sources[0];
		return 0;
	}
	struct merge_iter *m = merge_allocate(count);
	if (!m) {
		for (size_t i = 0; i < count; i++)
			iter_free(sources[i]);
		return -ENOMEM;
	}
	m->base.ops = &merge_ops;
	m->count = count;
	for (size_t i = 0; i < count; i++)
		m->sources[i] = sources[i];
	*ret_iter = &m->base;
	return 0;
}
