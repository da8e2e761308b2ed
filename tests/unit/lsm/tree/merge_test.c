#include "lsm/mem/memtable.h"
#include "lsm/tree/merge.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

enum {
	SOURCES_MAX = 12,
	RECORDS_MAX = 400,
	KEYS = 60,
	KEY_LEN_MAX = 20,
	MOVES = 400,
};

/* ---- a source over an array, which can be told to fail ---- */

struct array_iter {
	struct iter base;
	const struct record *records[RECORDS_MAX]; /* ascending */
	size_t count;
	size_t at;
	int moves_left; /* then it fails with -EIO; negative: never */
	int *live;      /* counts iterators that are not freed */
};

static void array_stand(struct iter *it, size_t at)
{
	struct array_iter *a = container_of(it, struct array_iter, base);
	bool fails = a->moves_left == 0;

	if (a->moves_left > 0)
		a->moves_left--;
	a->at = at;
	it->status = fails ? -EIO : 0;
	it->valid = !fails && at < a->count;
	if (it->valid)
		it->rec = *a->records[at];
}

static size_t array_lower_bound(struct iter *it, struct slice key, uint64_t seqno)
{
	struct array_iter *a = container_of(it, struct array_iter, base);
	size_t at = 0;

	while (at < a->count &&
	       record_cmp(a->records[at]->key, a->records[at]->seqno, key, seqno) < 0)
		at++;
	return at;
}

static void array_first(struct iter *it)
{
	array_stand(it, 0);
}

static void array_last(struct iter *it)
{
	array_stand(it, container_of(it, struct array_iter, base)->count - 1);
}

static void array_seek(struct iter *it, struct slice key, uint64_t seqno)
{
	array_stand(it, array_lower_bound(it, key, seqno));
}

static void array_seek_before(struct iter *it, struct slice key, uint64_t seqno)
{
	array_stand(it, array_lower_bound(it, key, seqno) - 1);
}

static void array_next(struct iter *it)
{
	ck_assert(it->valid);
	array_stand(it, container_of(it, struct array_iter, base)->at + 1);
}

static void array_prev(struct iter *it)
{
	ck_assert(it->valid);
	array_stand(it, container_of(it, struct array_iter, base)->at - 1);
}

static int array_value(struct iter *it, struct slice *ret_value)
{
	*ret_value = it->rec.value;
	return 0;
}

static void array_free(struct iter *it)
{
	--*container_of(it, struct array_iter, base)->live;
	free(it);
}

static const struct iter_ops array_ops = {
	.first = array_first,
	.last = array_last,
	.seek = array_seek,
	.seek_before = array_seek_before,
	.next = array_next,
	.prev = array_prev,
	.value = array_value,
	.free = array_free,
};

static struct array_iter *array_iter_new(int *live)
{
	struct array_iter *a = calloc(1, sizeof(*a));

	ck_assert_ptr_nonnull(a);
	a->base.ops = &array_ops;
	a->moves_left = -1;
	a->live = live;
	++*live;
	return a;
}

/* ---- a model: all records in one sorted array ---- */

struct world {
	struct record records[RECORDS_MAX]; /* in record order */
	char values[RECORDS_MAX][24];
	size_t count;
	struct slice keys[KEYS];
	uint8_t key_bytes[KEYS][KEY_LEN_MAX];
	int live;
	struct array_iter *arrays[SOURCES_MAX];
	struct iter *merged;
};

static int compare_records(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return record_cmp(x->key, x->seqno, y->key, y->seqno);
}

/* They go on where another ends or departs from it, with the bytes at both ends of the order. */
static void keys_make(struct world *w, struct rng *r)
{
	static const uint8_t alphabet[] = {0x00, 0x01, 'k', 0xff};

	for (size_t i = 0; i < KEYS; i++) {
		uint8_t *bytes = w->key_bytes[i];
		size_t len = 1 + rng_below(r, KEY_LEN_MAX);
		size_t shared = 0;

		if (i > 0) {
			struct slice other = w->keys[rng_below(r, i)];

			shared = min_of(len, (size_t)rng_below(r, other.len + 1));
			memcpy(bytes, other.ptr, shared);
		}
		for (size_t at = shared; at < len; at++)
			bytes[at] = alphabet[rng_below(r, sizeof(alphabet))];
		w->keys[i] = slice_of(bytes, len);
	}
}

static void world_open(struct world *w, struct rng *r, size_t source_count)
{
	struct iter *sources[SOURCES_MAX];

	memset(w, 0, sizeof(*w));
	keys_make(w, r);
	w->count = source_count ? rng_below(r, RECORDS_MAX) : 0;
	for (size_t i = 0; i < w->count; i++) {
		(void)snprintf(w->values[i], sizeof(w->values[i]), "v%zu", i);
		w->records[i] = (struct record){
			.key = w->keys[rng_below(r, KEYS)],
			.seqno = 1 + i,
			.kind = RECORD_PUT,
			.value = slice_str(w->values[i]),
		};
	}
	qsort(w->records, w->count, sizeof(*w->records), compare_records);
	for (size_t i = 0; i < source_count; i++) {
		w->arrays[i] = array_iter_new(&w->live);
		sources[i] = &w->arrays[i]->base;
	}
	for (size_t i = 0; i < w->count; i++) {
		/* Uneven shares, some sources empty. */
		struct array_iter *a = w->arrays[rng_below(r, 1 + rng_below(r, source_count))];

		a->records[a->count++] = &w->records[i];
	}
	ck_assert_int_eq(merge_iter_new(sources, source_count, &w->merged), 0);
}

static void world_close(struct world *w)
{
	iter_free(w->merged);
	ck_assert_int_eq(w->live, 0);
}

/* `at` beyond the count (also "before the first", which wraps): nowhere. */
static void expect_at(const struct world *w, size_t at)
{
	struct slice value;

	ck_assert(iter_status(w->merged) == 0);
	ck_assert(iter_valid(w->merged) == (at < w->count));
	if (at >= w->count)
		return;
	ck_assert(slice_eq(w->merged->rec.key, w->records[at].key));
	ck_assert(w->merged->rec.seqno == w->records[at].seqno);
	ck_assert(iter_value(w->merged, &value) == 0);
	ck_assert(slice_eq(value, w->records[at].value));
}

static size_t world_lower_bound(const struct world *w, struct slice key, uint64_t seqno)
{
	size_t at = 0;

	while (at < w->count &&
	       record_cmp(w->records[at].key, w->records[at].seqno, key, seqno) < 0)
		at++;
	return at;
}

static size_t random_jump(struct world *w, struct rng *r)
{
	struct slice key = w->keys[rng_below(r, KEYS)];
	uint64_t seqno = rng_below(r, RECORDS_MAX + 2);

	switch (rng_below(r, 4)) {
	case 0:
		iter_first(w->merged);
		return 0;
	case 1:
		iter_last(w->merged);
		return w->count - 1;
	case 2:
		iter_seek(w->merged, key, seqno);
		return world_lower_bound(w, key, seqno);
	default:
		iter_seek_before(w->merged, key, seqno);
		return world_lower_bound(w, key, seqno) - 1;
	}
}

static void random_walk(struct world *w, struct rng *r)
{
	size_t at = SIZE_MAX;

	for (int i = 0; i < MOVES; i++) {
		if (at >= w->count || rng_below(r, 20) == 0) {
			at = random_jump(w, r);
		} else if (rng_below(r, 2)) {
			iter_next(w->merged);
			at++;
		} else {
			iter_prev(w->merged);
			at--;
		}
		expect_at(w, at);
	}
}

START_TEST(the_merge_is_the_sorted_whole_both_ways)
{
	struct rng r;

	rng_seed(&r, unit_seed());
	for (size_t sources = 0; sources < SOURCES_MAX; sources++) {
		for (int round = 0; round < 8; round++) {
			struct world w;
			size_t seen = 0;

			world_open(&w, &r, sources);
			for (iter_first(w.merged); iter_valid(w.merged); iter_next(w.merged))
				expect_at(&w, seen++);
			ck_assert_uint_eq(seen, w.count);
			for (iter_last(w.merged); iter_valid(w.merged); iter_prev(w.merged))
				expect_at(&w, --seen);
			ck_assert_uint_eq(seen, 0);
			world_close(&w);
		}
	}
}
END_TEST

START_TEST(random_walks_turn_at_any_place)
{
	struct rng r;

	rng_seed(&r, unit_seed());
	for (int round = 0; round < 200; round++) {
		struct world w;

		world_open(&w, &r, 1 + rng_below(&r, SOURCES_MAX - 1));
		random_walk(&w, &r);
		world_close(&w);
	}
}
END_TEST

START_TEST(a_failed_source_fails_the_merge_until_it_is_moved_anew)
{
	struct rng r;

	rng_seed(&r, unit_seed());
	for (int moves = 0; moves < 40; moves++) {
		struct world w;
		bool failed = false;

		world_open(&w, &r, 4);
		w.arrays[rng_below(&r, 4)]->moves_left = moves;
		size_t at = SIZE_MAX;
		for (int i = 0; i < MOVES && !failed; i++) {
			if (at >= w.count) {
				at = random_jump(&w, &r);
			} else if (rng_below(&r, 2)) {
				iter_next(w.merged);
				at++;
			} else {
				iter_prev(w.merged);
				at--;
			}
			failed = iter_status(w.merged) != 0;
			if (!failed)
				expect_at(&w, at);
		}
		ck_assert(failed);
		ck_assert_int_eq(iter_status(w.merged), -EIO);
		ck_assert(!iter_valid(w.merged));
		for (size_t i = 0; i < 4; i++)
			w.arrays[i]->moves_left = -1;
		iter_first(w.merged);
		expect_at(&w, 0);
		world_close(&w);
	}
}
END_TEST

START_TEST(a_memtable_that_grows_under_the_merge_does_not_confuse_it)
{
	struct memtable *tables[2];
	struct iter *sources[2], *merged;
	uint64_t seqno = 1;
	struct rng r;
	int seen = 0;

	rng_seed(&r, unit_seed());
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(memtable_new(&tables[i]), 0);
		ck_assert_int_eq(memtable_iter(tables[i], &sources[i]), 0);
	}
	ck_assert_int_eq(merge_iter_new(sources, 2, &merged), 0);
	for (int i = 0; i < 2000; i++) {
		struct batch b = {0};
		char key[8];

		(void)snprintf(key, sizeof(key), "%03u", (unsigned)rng_below(&r, 300));
		ck_assert_int_eq(batch_put(&b, slice_str(key), slice_str(""), slice_str("v")), 0);
		struct memtable *m = tables[rng_below(&r, 2)];
		ck_assert_int_eq(memtable_reserve(m, b.memory_bytes, b.count), 0);
		memtable_apply(m, buf_slice(&b.rep), seqno++, 1);
		batch_done(&b);
		if (!iter_valid(merged)) {
			iter_seek(merged, slice_str(key), RECORD_SEQNO_MAX);
			continue;
		}
		char before[8];
		ck_assert_uint_eq(merged->rec.key.len, 3);
		memcpy(before, merged->rec.key.ptr, 3);
		uint64_t before_seqno = merged->rec.seqno;
		bool forward = rng_below(&r, 2);
		if (forward)
			iter_next(merged);
		else
			iter_prev(merged);
		ck_assert_int_eq(iter_status(merged), 0);
		if (!iter_valid(merged))
			continue;
		int order = record_cmp(slice_of(before, 3), before_seqno, merged->rec.key,
				       merged->rec.seqno);
		ck_assert(forward ? order < 0 : order > 0);
		seen++;
	}
	ck_assert_int_gt(seen, 1000);
	iter_free(merged);
	for (size_t i = 0; i < 2; i++)
		memtable_unref(tables[i]);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_merge_is_the_sorted_whole_both_ways,
	&random_walks_turn_at_any_place,
	&a_failed_source_fails_the_merge_until_it_is_moved_anew,
	&a_memtable_that_grows_under_the_merge_does_not_confuse_it,
};

UNIT_SUITE("lsm/tree/merge", tests)
