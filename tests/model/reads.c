#include "tests/model/reads.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/compiler.h"

enum {
	READ_BEYOND = 5000, /* a range may begin or reach so far behind a value's end */
};

static void require_record(struct run *run, const struct lsm_record *record,
			   const struct model_value *v)
{
	REQUIRE(run, record->value_len == v->value_len);
	REQUIRE(run, slice_eq(record->meta, model_value_meta(v)));
}

void get_one(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = run_random_view(run, &options);
	size_t i = run_warm_key(run);
	const struct model_value *v = model->values[i];
	struct lsm_record record;
	bool stat = rng_below(&run->rng, 2);
	int err = stat ? lsm_stat(run->db, run_key(run, i), &options, &record)
		       : lsm_get(run->db, run_key(run, i), &options, &record);

	REQUIRE(run, err == (v ? 0 : -ENOENT));
	if (err)
		return;
	require_record(run, &record, v);
	REQUIRE(run,
		stat ? record.value.ptr == NULL : slice_eq(record.value, model_value_bytes(v)));
	lsm_record_release(&record);
}

/* ---- parts ---- */

/* A random range of a value that is this long, into run->bytes. */
static struct lsm_range random_range(struct run *run, uint64_t value_len)
{
	struct lsm_range range = {.offset = rng_below(&run->rng, value_len + READ_BEYOND)};
	uint64_t len = rng_below(&run->rng, 2) ? 100 : value_len + READ_BEYOND;

	if (rng_below(&run->rng, 4) == 0)
		range.offset = 0;
	range.len = (size_t)rng_below(&run->rng, len);
	buf_clear(&run->bytes);
	REQUIRE(run, buf_reserve(&run->bytes, range.len + 1) == 0);
	memset(run->bytes.ptr, 0xee, range.len); /* none that a value has */
	range.into = run->bytes.ptr;
	return range;
}

static void require_part(struct run *run, const struct lsm_range *range, size_t len,
			 const struct model_value *v)
{
	struct slice value = model_value_bytes(v);
	uint64_t from = min_of(range->offset, (uint64_t)value.len);

	REQUIRE(run, len == min_of((uint64_t)range->len, value.len - from));
	REQUIRE(run, slice_eq(slice_of(range->into, len), slice_of(value.ptr + from, len)));
}

/* What is said to be a hole is zeros. */
static void read_hole(struct run *run, struct slice key, const struct lsm_read_options *options,
		      const struct model_value *v)
{
	uint64_t from = rng_below(&run->rng, v->value_len + READ_BEYOND), hole, data;
	int err = lsm_seek(run->db, key, options, from, LSM_HOLE, &hole);

	REQUIRE(run, err == (from < v->value_len ? 0 : -ENXIO));
	if (err)
		return;
	REQUIRE(run, hole >= from && hole <= v->value_len);
	err = lsm_seek(run->db, key, options, hole, LSM_DATA, &data);
	REQUIRE(run, err == 0 || err == -ENXIO);
	if (err)
		data = v->value_len;
	for (const uint8_t *bytes = model_value_bytes(v).ptr; hole < data; hole++)
		REQUIRE(run, bytes[hole] == 0);
}

void read_part(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = run_random_view(run, &options);
	size_t i = run_warm_key(run), len = 0;
	const struct model_value *v = model->values[i];
	struct lsm_range range = random_range(run, v ? v->value_len : 0);
	struct lsm_record record = {0};
	bool with_record = rng_below(&run->rng, 2);

	if (rng_below(&run->rng, 4) == 0)
		lsm_read_ahead(run->db, run_key(run, i), range.offset, range.len);
	int err = lsm_read(run->db, run_key(run, i), &options, &range, &len,
			   with_record ? &record : NULL);

	REQUIRE(run, err == (v ? 0 : -ENOENT));
	if (err)
		return;
	require_part(run, &range, len, v);
	read_hole(run, run_key(run, i), &options, v);
	if (with_record) {
		require_record(run, &record, v);
		REQUIRE(run, record.value.ptr == NULL);
		lsm_record_release(&record);
	}
}

/* ---- iterators ---- */

static void require_at(struct run *run, struct lsm_iter *it, const struct model *model, size_t i)
{
	const struct lsm_record *record = lsm_iter_record(it);
	const struct model_value *v = model->values[i];
	uint64_t look = rng_below(&run->rng, 6);
	struct slice value;

	REQUIRE(run, v && slice_eq(record->key, run_key(run, i)));
	if (look < 2) {
		struct lsm_range range = random_range(run, v->value_len);
		size_t len = 0;

		REQUIRE(run, lsm_iter_read(it, &range, &len) == 0);
		require_part(run, &range, len, v);
	}
	if (look > 0 && look < 4) {
		REQUIRE(run, lsm_iter_value(it, &value) == 0);
		REQUIRE(run, slice_eq(value, model_value_bytes(v)));
	}
	/* whatever was read */
	REQUIRE(run, slice_eq(record->key, run_key(run, i)));
	require_record(run, record, v);
}

/* The next present key at or after (step 1), or at or before (step -1) place i; MODEL_KEYS or -1
 * when none. */
static long present_from(const struct model *model, long i, int step)
{
	while (i >= 0 && i < MODEL_KEYS && !model->values[i])
		i += step;
	return i;
}

/* Within the keys that share the prefix: the range [low, high] of places. */
static void prefix_range(const struct run *run, struct slice prefix, long *ret_low, long *ret_high)
{
	long low = 0, high = MODEL_KEYS - 1;

	while (low < MODEL_KEYS && !slice_starts_with(run_key(run, (size_t)low), prefix))
		low++;
	while (high >= 0 && !slice_starts_with(run_key(run, (size_t)high), prefix))
		high--;
	*ret_low = low;
	*ret_high = high;
}

/* Of an iterator over the places [low, high]. */
static void wander(struct run *run, struct lsm_iter *it, const struct model *model, long low,
		   long high)
{
	long at = (long)run_random_key(run);

	if (rng_below(&run->rng, 2)) {
		lsm_iter_seek(it, run_key(run, (size_t)at));
		at = present_from(model, at < low ? low : at, 1);
	} else {
		lsm_iter_seek_back(it, run_key(run, (size_t)at));
		at = present_from(model, at > high ? high : at, -1);
	}
	for (int steps = (int)rng_below(&run->rng, 60); steps > 0; steps--) {
		bool inside = at >= low && at <= high;

		REQUIRE(run, lsm_iter_valid(it) == inside);
		REQUIRE(run, lsm_iter_status(it) == 0);
		if (!inside)
			break;
		require_at(run, it, model, (size_t)at);
		if (rng_below(&run->rng, 5) == 0) {
			lsm_iter_prev(it);
			at = present_from(model, at - 1, -1);
		} else {
			lsm_iter_next(it);
			at = present_from(model, at + 1, 1);
		}
	}
}

void walk(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = run_random_view(run, &options);
	struct slice around = run_key(run, run_random_key(run));
	struct lsm_iter *it;
	long low, high;

	if (rng_below(&run->rng, 2))
		options.prefix = slice_of(around.ptr, rng_below(&run->rng, around.len + 1));
	prefix_range(run, options.prefix, &low, &high);
	REQUIRE(run, lsm_iter_new(run->db, &options, &it) == 0);
	wander(run, it, model, low, high);
	lsm_iter_free(it);
}

static void release_iter(struct held_iter *held)
{
	lsm_iter_free(held->it);
	held->it = NULL;
	model_clear(&held->model);
}

void walk_held(struct run *run)
{
	struct held_iter *held = &run->iters[rng_below(&run->rng, RUN_ITERS_MAX)];

	if (!held->it) {
		REQUIRE(run, lsm_iter_new(run->db, NULL, &held->it) == 0);
		model_copy(&held->model, &run->model);
	}
	wander(run, held->it, &held->model, 0, MODEL_KEYS - 1);
	if (rng_below(&run->rng, 4) == 0)
		release_iter(held);
}

void release_iters(struct run *run)
{
	for (size_t i = 0; i < RUN_ITERS_MAX; i++)
		release_iter(&run->iters[i]);
}

void scan_all(struct run *run, const struct model *model, const struct lsm_read_options *options,
	      bool backward)
{
	struct lsm_iter *it;
	long at = present_from(model, backward ? MODEL_KEYS - 1 : 0, backward ? -1 : 1);

	REQUIRE(run, lsm_iter_new(run->db, options, &it) == 0);
	if (backward)
		lsm_iter_last(it);
	else
		lsm_iter_first(it);
	while (lsm_iter_valid(it)) {
		REQUIRE(run, at >= 0 && at < MODEL_KEYS);
		require_at(run, it, model, (size_t)at);
		if (backward)
			lsm_iter_prev(it);
		else
			lsm_iter_next(it);
		at = present_from(model, backward ? at - 1 : at + 1, backward ? -1 : 1);
	}
	REQUIRE(run, lsm_iter_status(it) == 0);
	REQUIRE(run, at < 0 || at >= MODEL_KEYS);
	lsm_iter_free(it);
}

void scan_some_view(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = run_random_view(run, &options);

	scan_all(run, model, &options, rng_below(&run->rng, 2));
}

void prefix_exists(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = run_random_view(run, &options);
	struct slice around = run_key(run, run_random_key(run));
	struct slice prefix = slice_of(around.ptr, rng_below(&run->rng, around.len + 1));
	long low, high;

	prefix_range(run, prefix, &low, &high);
	bool expected = present_from(model, low, 1) <= high;

	REQUIRE(run, lsm_prefix_exists(run->db, prefix, &options) == (expected ? 0 : -ENOENT));
}
