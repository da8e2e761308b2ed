#include "tests/model/changes.h"

#include <errno.h>

#include "lsm/base/compiler.h"

enum {
	BATCH_CHANGES_MAX = 40,
	CONDITIONS_MAX = 4,
};

/* What a write answers that gives some value this size. */
static int answer_for(const struct run *run, uint64_t size)
{
	return size > run->value_max ? -EFBIG : 0;
}

/* ---- one change ---- */

void put_one(struct run *run)
{
	size_t i = run_random_key(run);
	struct model_value *v = model_value_random(&run->rng);
	struct lsm_write_options options = {.meta = model_value_meta(v)};
	int expected = answer_for(run, v->value_len);

	REQUIRE(run, lsm_put(run->db, run_key(run, i), model_value_bytes(v), &options) == expected);
	if (expected)
		model_value_unref(v);
	else
		model_set(&run->model, i, v);
}

void delete_one(struct run *run)
{
	size_t i = run_random_key(run);

	REQUIRE(run, lsm_delete(run->db, run_key(run, i), NULL) == 0);
	model_set(&run->model, i, NULL);
}

/* The size that a patch gives a value: often what it had, or about that. */
static uint64_t random_size(struct rng *rng, const struct model_value *old)
{
	uint64_t len = old ? old->value_len : 0;

	switch (rng_below(rng, 8)) {
	case 0:
		return rng_below(rng, len + 1);
	case 1:
		return min_of(len + rng_below(rng, 20000), UINT64_C(2) * MODEL_LARGE_MAX);
	case 2:
		return model_len_random(rng);
	case 3:
		return 0;
	default:
		return len;
	}
}

/* A change of `old` in a random place; its bytes are in run->bytes, its meta in run->meta. */
static struct lsm_patch random_patch(struct run *run, const struct model_value *old)
{
	struct rng *rng = &run->rng;
	struct lsm_patch patch = {.size = random_size(rng, old)};
	size_t meta_len = rng_below(rng, 4) ? 0 : rng_below(rng, MODEL_META_MAX);

	patch.offset = rng_below(rng, patch.size + 1);
	uint64_t len = min_of((uint64_t)model_len_random(rng), patch.size - patch.offset);

	(void)model_bytes_random(rng, meta_len, &run->meta);
	switch (rng_below(rng, 4)) {
	case 0:
		break;
	case 1:
		patch.zeros = len;
		break;
	default:
		patch.bytes = model_bytes_random(rng, len, &run->bytes);
		break;
	}
	return patch;
}

void patch_one(struct run *run)
{
	size_t i = run_warm_key(run);
	const struct model_value *old = run->model.values[i];
	struct lsm_patch patch = random_patch(run, old);
	struct lsm_write_options options = {.meta = buf_slice(&run->meta)};
	int expected = answer_for(run, patch.size);

	REQUIRE(run, lsm_write_patch(run->db, run_key(run, i), &patch, &options) == expected);
	if (!expected)
		model_set(&run->model, i, model_value_patched(old, options.meta, &patch));
}

/* ---- batches ---- */

/* A batch being filled. */
struct filling {
	struct lsm_batch *batch;
	struct model after; /* what it makes of the model */
	uint64_t largest;   /* size of a value that it gives */
};

static void add_delete(struct run *run, struct filling *f)
{
	size_t i = run_random_key(run);

	REQUIRE(run, lsm_batch_delete(f->batch, run_key(run, i)) == 0);
	model_set(&f->after, i, NULL);
}

static void add_put(struct run *run, struct filling *f)
{
	size_t i = run_random_key(run);
	struct model_value *v = model_value_random(&run->rng);

	REQUIRE(run, lsm_batch_put(f->batch, run_key(run, i), model_value_meta(v),
				   model_value_bytes(v)) == 0);
	f->largest = max_of(f->largest, (uint64_t)v->value_len);
	model_set(&f->after, i, v);
}

static void add_patch(struct run *run, struct filling *f)
{
	size_t i = run_warm_key(run);
	const struct model_value *old = f->after.values[i];
	struct lsm_patch patch = random_patch(run, old);

	REQUIRE(run,
		lsm_batch_patch(f->batch, run_key(run, i), buf_slice(&run->meta), &patch) == 0);
	f->largest = max_of(f->largest, patch.size);
	model_set(&f->after, i, model_value_patched(old, buf_slice(&run->meta), &patch));
}

/* A copy is of what the store has, whatever stands in the batch before it. */
static void add_copy(struct run *run, struct filling *f)
{
	size_t from = run_random_key(run), to = run_random_key(run);
	const struct model_value *source = run->model.values[from];
	int expected = source ? 0 : -ENOENT;

	(void)model_bytes_random(&run->rng, rng_below(&run->rng, MODEL_META_MAX), &run->meta);
	REQUIRE(run, lsm_batch_copy(f->batch, run->db, run_key(run, from), run_key(run, to),
				    buf_slice(&run->meta)) == expected);
	if (!source)
		return;
	f->largest = max_of(f->largest, (uint64_t)source->value_len);
	model_set(&f->after, to, model_value_new(buf_slice(&run->meta), model_value_bytes(source)));
}

static void add_range_copy(struct run *run, struct filling *f)
{
	size_t from = run_random_key(run), to = run_random_key(run);
	const struct model_value *source = run->model.values[from], *old = f->after.values[to];
	uint64_t source_len = source ? source->value_len : 0;
	uint64_t from_offset = rng_below(&run->rng, source_len + 1);
	struct lsm_patch patch = random_patch(run, old);
	uint64_t len = min_of(source_len - from_offset, patch.size - patch.offset);

	len = rng_below(&run->rng, 2) ? len : rng_below(&run->rng, len + 1);
	patch.zeros = 0;
	patch.bytes = source ? slice_of(model_value_bytes(source).ptr + from_offset, len)
			     : slice_of(NULL, 0);
	const struct lsm_range_copy copy = {
		.from = run_key(run, from),
		.from_offset = from_offset,
		.len = len,
		.to = run_key(run, to),
		.to_meta = buf_slice(&run->meta),
		.to_offset = patch.offset,
		.to_size = patch.size,
	};

	REQUIRE(run, lsm_batch_copy_range(f->batch, run->db, &copy) == (source ? 0 : -ENOENT));
	if (!source)
		return;
	f->largest = max_of(f->largest, patch.size);
	model_set(&f->after, to, model_value_patched(old, copy.to_meta, &patch));
}

static void add_change(struct run *run, struct filling *f)
{
	switch (rng_below(&run->rng, 12)) {
	case 0:
	case 1:
	case 2:
		add_delete(run, f);
		break;
	case 3:
	case 4:
	case 5:
		add_patch(run, f);
		break;
	case 6:
		add_copy(run, f);
		break;
	case 7:
		add_range_copy(run, f);
		break;
	default:
		add_put(run, f);
		break;
	}
}

static void begin(struct run *run, struct filling *f)
{
	f->batch = lsm_batch_new();
	f->largest = 0;
	REQUIRE(run, f->batch);
	model_copy(&f->after, &run->model);
}

/* Write it; `refusal` is what preconditions make of that. */
static void end(struct run *run, struct filling *f, int refusal)
{
	int too_large = answer_for(run, f->largest);
	int err = lsm_write(run->db, f->batch, NULL, NULL);

	REQUIRE(run, err == (too_large ? too_large : refusal));
	lsm_batch_free(f->batch);
	if (err) {
		model_clear(&f->after);
		return;
	}
	model_clear(&run->model);
	run->model = f->after;
}

void write_batch(struct run *run)
{
	struct filling f;

	begin(run, &f);
	for (size_t left = rng_below(&run->rng, BATCH_CHANGES_MAX); left > 0; left--)
		add_change(run, &f);
	end(run, &f, 0);
}

/*
 * Add a precondition on a random key. Right ones hold now; a wrong one does not, and `refusal` is
 * what it makes of the write.
 */
static void expect_one(struct run *run, struct lsm_batch *batch, bool right, int *ret_refusal)
{
	size_t i = run_random_key(run);
	struct lsm_record record = {0};
	int err = lsm_stat(run->db, run_key(run, i), NULL, &record);
	uint64_t seqno = record.seqno; /* 0: absent */

	REQUIRE(run, err == (run->model.values[i] ? 0 : -ENOENT));
	if (!err)
		lsm_record_release(&record);
	if (!right) {
		bool absence = seqno && rng_below(&run->rng, 3) == 0;

		*ret_refusal = absence ? -EEXIST : -ESTALE;
		seqno = absence ? 0 : seqno + 1 + rng_below(&run->rng, 5);
	}
	REQUIRE(run, lsm_batch_expect(batch, run_key(run, i), seqno) == 0);
}

void write_conditional(struct run *run)
{
	size_t conditions = 1 + rng_below(&run->rng, CONDITIONS_MAX);
	size_t wrong = rng_below(&run->rng, 3 * conditions); /* the number of the wrong one */
	struct filling f;
	int refusal = 0;

	begin(run, &f);
	for (size_t c = 0; c < conditions; c++)
		expect_one(run, f.batch, c != wrong, &refusal);
	if (rng_below(&run->rng, 2))
		add_put(run, &f);
	else
		add_patch(run, &f);
	end(run, &f, refusal);
}
