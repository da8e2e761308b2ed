#include "lsm/mem/memtable_iter.h"

#include <errno.h>

#include "tests/unit/lsm/mem/mem_fixture.h"

enum {
	MODEL_VERSIONS = 3000,
	MODEL_KEY_LEN = 12,
};

/* One version, and its place among all. */
struct version {
	uint8_t key[MODEL_KEY_LEN];
	size_t key_len;
	uint64_t seqno;
	bool deleted;
};

static struct slice version_key(const struct version *v)
{
	return slice_of(v->key, v->key_len);
}

static int version_cmp(const void *a_ptr, const void *b_ptr)
{
	const struct version *a = a_ptr;
	const struct version *b = b_ptr;

	return record_cmp(version_key(a), a->seqno, version_key(b), b->seqno);
}

/* Few distinct keys of few distinct bytes: many versions, many common prefixes. */
static void random_key(struct rng *rng, struct version *ret_version)
{
	ret_version->key_len = 1 + rng_below(rng, MODEL_KEY_LEN);
	for (size_t i = 0; i < ret_version->key_len; i++)
		ret_version->key[i] = (uint8_t)(rng_below(rng, 3) * 127);
}

static void fill(struct memtable *m, struct version *model, struct rng *rng)
{
	for (size_t i = 0; i < MODEL_VERSIONS; i++) {
		struct batch b = {0};
		struct version *v = &model[i];

		random_key(rng, v);
		if (i > 0 && rng_below(rng, 3) == 0)
			*v = model[rng_below(rng, i)];
		v->seqno = i + 1;
		v->deleted = rng_below(rng, 5) == 0;
		struct slice value = slice_of(&v->seqno, sizeof(v->seqno));

		if (v->deleted)
			ck_assert_int_eq(batch_delete(&b, version_key(v)), 0);
		else
			ck_assert_int_eq(batch_put(&b, version_key(v), slice_str("me"), value), 0);
		fixture_apply(m, &b, v->seqno);
		batch_done(&b);
	}
	qsort(model, MODEL_VERSIONS, sizeof(*model), version_cmp);
}

/* The iterator stands where the model says; index outside of it: nowhere. */
static void expect_at(struct iter *it, const struct version *model, size_t index)
{
	struct slice value;

	ck_assert_int_eq(iter_status(it), 0);
	ck_assert(iter_valid(it) == (index < MODEL_VERSIONS));
	if (index >= MODEL_VERSIONS)
		return;
	const struct version *v = &model[index];

	ck_assert(slice_eq(it->rec.key, version_key(v)));
	ck_assert_uint_eq(it->rec.seqno, v->seqno);
	ck_assert_uint_eq(it->rec.time_ns, 1000 + v->seqno);
	ck_assert_int_eq(it->rec.kind, v->deleted ? RECORD_DELETE : RECORD_PUT);
	ck_assert_uint_eq(it->rec.meta.len, v->deleted ? 0 : 2);
	ck_assert_uint_eq(it->rec.value_len, v->deleted ? 0 : 8);
	ck_assert_ptr_null(it->rec.value.ptr);
	ck_assert_int_eq(iter_value(it, &value), 0);
	ck_assert_uint_eq(value.len, it->rec.value_len);
	ck_assert(value.len == 0 || memcmp(value.ptr, &v->seqno, 8) == 0);
}

/* Index of the first version at or after the place. */
static size_t lower_bound(const struct version *model, struct slice key, uint64_t seqno)
{
	size_t i = 0;

	while (i < MODEL_VERSIONS &&
	       record_cmp(version_key(&model[i]), model[i].seqno, key, seqno) < 0)
		i++;
	return i;
}

START_TEST(both_directions_meet_every_version_once)
{
	static struct version model[MODEL_VERSIONS];
	struct memtable *m;
	struct iter *it;
	struct rng rng;

	rng_seed(&rng, unit_seed());
	ck_assert_int_eq(memtable_new(&m), 0);
	fill(m, model, &rng);
	ck_assert_int_eq(memtable_iter(m, &it), 0);
	ck_assert(!iter_valid(it));
	iter_first(it);
	for (size_t i = 0; i < MODEL_VERSIONS; i++, iter_next(it))
		expect_at(it, model, i);
	expect_at(it, model, MODEL_VERSIONS);
	iter_last(it);
	for (size_t i = MODEL_VERSIONS; i-- > 0; iter_prev(it))
		expect_at(it, model, i);
	expect_at(it, model, SIZE_MAX);
	iter_free(it);
	memtable_unref(m);
}
END_TEST

START_TEST(random_moves_agree_with_a_sorted_array)
{
	static struct version model[MODEL_VERSIONS];
	struct memtable *m;
	struct iter *it;
	struct rng rng;

	rng_seed(&rng, unit_seed());
	ck_assert_int_eq(memtable_new(&m), 0);
	fill(m, model, &rng);
	ck_assert_int_eq(memtable_iter(m, &it), 0);
	for (int round = 0; round < 1000; round++) {
		struct version to;
		size_t at;

		random_key(&rng, &to);
		to.seqno = 1 + rng_below(&rng, MODEL_VERSIONS + 10);
		at = lower_bound(model, version_key(&to), to.seqno);
		if (rng_below(&rng, 2)) {
			iter_seek(it, version_key(&to), to.seqno);
		} else {
			iter_seek_before(it, version_key(&to), to.seqno);
			at--; /* wraps to "nowhere" before the first */
		}
		expect_at(it, model, at);
		for (int step = 0; step < 6 && iter_valid(it); step++) {
			if (rng_below(&rng, 2)) {
				iter_next(it);
				at++;
			} else {
				iter_prev(it);
				at--;
			}
			expect_at(it, model, at);
		}
	}
	iter_free(it);
	memtable_unref(m);
}
END_TEST

START_TEST(an_empty_table_has_nowhere_to_stand)
{
	struct memtable *m;
	struct iter *it;

	ck_assert_int_eq(memtable_new(&m), 0);
	ck_assert_int_eq(memtable_iter(m, &it), 0);
	iter_first(it);
	ck_assert(!iter_valid(it));
	iter_last(it);
	ck_assert(!iter_valid(it));
	iter_seek(it, slice_of(NULL, 0), RECORD_SEQNO_MAX);
	ck_assert(!iter_valid(it));
	iter_seek_before(it, slice_str("z"), 0);
	ck_assert(!iter_valid(it));
	ck_assert_int_eq(iter_status(it), 0);
	iter_free(it);
	memtable_unref(m);
}
END_TEST

START_TEST(the_iterator_keeps_its_table_and_sees_what_comes_later)
{
	struct memtable *m;
	struct iter *it;

	ck_assert_int_eq(memtable_new(&m), 0);
	fixture_put(m, slice_str("a"), 1, slice_str("1"));
	ck_assert_int_eq(memtable_iter(m, &it), 0);
	iter_first(it);
	fixture_put(m, slice_str("b"), 2, slice_str("2"));
	memtable_unref(m);
	iter_next(it);
	ck_assert(iter_valid(it));
	ck_assert(slice_eq(it->rec.key, slice_str("b")));
	iter_next(it);
	ck_assert(!iter_valid(it));
	iter_free(it);
}
END_TEST

static const TTest *const *const tests[] = {
	&both_directions_meet_every_version_once,
	&random_moves_agree_with_a_sorted_array,
	&an_empty_table_has_nowhere_to_stand,
	&the_iterator_keeps_its_table_and_sees_what_comes_later,
};

UNIT_SUITE("lsm/mem/memtable_iter", tests)
