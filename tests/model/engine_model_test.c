/*
 * The engine against a sorted map: random puts, deletes, batches with and without preconditions,
 * gets, stats, scans both ways, snapshots held across flushes and compactions, compactions of
 * ranges, checkpoints that are opened and written to beside the store, and reopening with other
 * options; every option set must agree with the model.
 *
 * usage: engine_model_test [OPERATIONS [SEEDS [WORKERS]]]: so many operations for each of so many
 * seeds, in so many processes (0: one a CPU); APEX_SEED runs that one seed.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"
#include "lsm/base/log.h"
#include "lsm/env/env_mem.h"
#include "lsm/lsm.h"
#include "tests/model/model.h"
#include "tests/support/seeds.h"
#include "tests/support/tap.h"

enum {
	SNAPSHOTS_MAX = 6,
	BATCH_CHANGES_MAX = 40,
	CONDITIONS_MAX = 4,
	COPY_OPERATIONS = 60, /* on a checkpoint */
	SEEDS_MAX = 10000,
};

#define STORE "store"
#define COPY  "copy"

struct held_snapshot {
	struct lsm_snapshot *snapshot;
	struct model model;
};

struct run {
	struct rng rng;
	uint64_t seed;
	uint64_t operation;
	struct env *env;
	const char *path; /* of the store that is open: STORE, or a checkpoint of it */
	struct lsm *db;
	struct model_keys keys;
	struct model model;
	struct held_snapshot held[SNAPSHOTS_MAX];
	struct buf value, meta; /* scratch */
};

#define REQUIRE(run, condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			give_up(run, #condition, __LINE__);                                        \
	} while (0)

static _Noreturn void give_up(const struct run *run, const char *condition, int line)
{
	tap_note("seed %" PRIu64 " operation %" PRIu64 " of the %s, line %d: %s (%s)", run->seed,
		 run->operation, run->path, line, condition, lsm_error_text());
	abort();
}

static struct slice key_of(const struct run *run, size_t i)
{
	return buf_slice(&run->keys.key[i]);
}

static size_t random_key(struct run *run)
{
	return rng_below(&run->rng, MODEL_KEYS);
}

static struct lsm_options random_options(struct run *run)
{
	static const uint32_t block_bytes[] = {256, 1 << 10, 4 << 10, 16 << 10, 64 << 10};
	static const uint64_t memtable_bytes[] = {4 << 10, 16 << 10, 64 << 10, 256 << 10};
	struct lsm_options o;
	struct rng *rng = &run->rng;

	lsm_options_init(&o);
	o.env = run->env;
	o.block_bytes = block_bytes[rng_below(rng, array_size(block_bytes))];
	o.memtable_bytes = memtable_bytes[rng_below(rng, array_size(memtable_bytes))];
	o.restart_interval = (unsigned)(1 + rng_below(rng, 20));
	o.compression = rng_below(rng, 2) ? LSM_COMPRESSION_LZ4 : LSM_COMPRESSION_NONE;
	o.bloom_bits_per_key = rng_below(rng, 3) ? 10 : 0;
	o.filter_separator = rng_below(rng, 2) ? '/' : -1;
	o.value_inline_max = (uint32_t)(rng_below(rng, 3) * 500);
	o.cache_bytes = rng_below(rng, 3) ? 1 << 20 : 0;
	o.max_open_tables = (unsigned)(1 + rng_below(rng, 10));
	o.base_level_bytes = 128 << 10;
	o.target_file_bytes = 32 << 10;
	o.sync_mode = (enum lsm_sync_mode)rng_below(rng, 4);
	o.compaction_threads = (unsigned)rng_below(rng, 3);
	o.strategy = (enum lsm_strategy)rng_below(rng, 3);
	o.runs_max = (unsigned)(2 + rng_below(rng, 4));
	o.reserve_bytes = rng_below(rng, 2) * (64 << 10);
	return o;
}

static void open_store(struct run *run)
{
	struct lsm_options options = random_options(run);

	REQUIRE(run, lsm_open(run->path, &options, &run->db) == 0);
}

/* ---- the same change to both ---- */

static void put_one(struct run *run)
{
	size_t i = random_key(run);
	struct model_value v = model_value_random(&run->rng);

	model_value_bytes(&v, &run->value, &run->meta);
	struct lsm_write_options options = {.meta = buf_slice(&run->meta)};

	REQUIRE(run, lsm_put(run->db, key_of(run, i), buf_slice(&run->value), &options) == 0);
	run->model.values[i] = v;
}

static void delete_one(struct run *run)
{
	size_t i = random_key(run);

	REQUIRE(run, lsm_delete(run->db, key_of(run, i), NULL) == 0);
	run->model.values[i].present = false;
}

static void write_batch(struct run *run)
{
	struct lsm_batch *batch = lsm_batch_new();
	size_t changes = rng_below(&run->rng, BATCH_CHANGES_MAX);

	REQUIRE(run, batch);
	for (size_t c = 0; c < changes; c++) {
		size_t i = random_key(run);

		if (rng_below(&run->rng, 3) == 0) {
			REQUIRE(run, lsm_batch_delete(batch, key_of(run, i)) == 0);
			run->model.values[i].present = false;
			continue;
		}
		struct model_value v = model_value_random(&run->rng);

		model_value_bytes(&v, &run->value, &run->meta);
		REQUIRE(run, lsm_batch_put(batch, key_of(run, i), buf_slice(&run->meta),
					   buf_slice(&run->value)) == 0);
		run->model.values[i] = v;
	}
	REQUIRE(run, lsm_write(run->db, batch, NULL, NULL) == 0);
	lsm_batch_free(batch);
}

/*
 * Add a precondition on a random key. Right ones hold now; a wrong one does not, and `refusal` is
 * what it makes of the write.
 */
static void expect_one(struct run *run, struct lsm_batch *batch, bool right, int *ret_refusal)
{
	size_t i = random_key(run);
	struct lsm_record record = {0};
	int err = lsm_stat(run->db, key_of(run, i), NULL, &record);
	uint64_t seqno = record.seqno; /* 0: absent */

	REQUIRE(run, err == (run->model.values[i].present ? 0 : -ENOENT));
	if (!err)
		lsm_record_release(&record);
	if (!right) {
		bool absence = seqno && rng_below(&run->rng, 3) == 0;

		*ret_refusal = absence ? -EEXIST : -ESTALE;
		seqno = absence ? 0 : seqno + 1 + rng_below(&run->rng, 5);
	}
	REQUIRE(run, lsm_batch_expect(batch, key_of(run, i), seqno) == 0);
}

/* A batch with preconditions, of which one is wrong in a third of the cases. */
static void write_conditional(struct run *run)
{
	struct lsm_batch *batch = lsm_batch_new();
	size_t i = random_key(run), conditions = 1 + rng_below(&run->rng, CONDITIONS_MAX);
	size_t wrong = rng_below(&run->rng, 3 * conditions); /* the number of the wrong one */
	struct model_value v = model_value_random(&run->rng);
	int expected = 0;

	REQUIRE(run, batch);
	for (size_t c = 0; c < conditions; c++)
		expect_one(run, batch, c != wrong, &expected);
	model_value_bytes(&v, &run->value, &run->meta);
	REQUIRE(run, lsm_batch_put(batch, key_of(run, i), buf_slice(&run->meta),
				   buf_slice(&run->value)) == 0);
	REQUIRE(run, lsm_write(run->db, batch, NULL, NULL) == expected);
	lsm_batch_free(batch);
	if (!expected)
		run->model.values[i] = v;
}

/* ---- reads, held against the model or a snapshot's copy of it ---- */

/* A view to read through: now, or a snapshot. */
static const struct model *random_view(struct run *run, struct lsm_read_options *ret_options)
{
	struct held_snapshot *held = &run->held[rng_below(&run->rng, SNAPSHOTS_MAX)];

	*ret_options = (struct lsm_read_options){0};
	if (!held->snapshot || rng_below(&run->rng, 2))
		return &run->model;
	ret_options->snapshot = held->snapshot;
	return &held->model;
}

static void require_record(struct run *run, const struct lsm_record *record,
			   const struct model_value *v)
{
	model_value_bytes(v, &run->value, &run->meta);
	REQUIRE(run, record->value_len == v->value_len);
	REQUIRE(run, slice_eq(record->meta, buf_slice(&run->meta)));
}

static void get_one(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = random_view(run, &options);
	size_t i = random_key(run);
	const struct model_value *v = &model->values[i];
	struct lsm_record record;
	bool stat = rng_below(&run->rng, 2);
	int err = stat ? lsm_stat(run->db, key_of(run, i), &options, &record)
		       : lsm_get(run->db, key_of(run, i), &options, &record);

	REQUIRE(run, err == (v->present ? 0 : -ENOENT));
	if (err)
		return;
	require_record(run, &record, v);
	REQUIRE(run,
		stat ? record.value.ptr == NULL : slice_eq(record.value, buf_slice(&run->value)));
	lsm_record_release(&record);
}

static void require_at(struct run *run, struct lsm_iter *it, const struct model *model, size_t i)
{
	const struct lsm_record *record = lsm_iter_record(it);
	struct slice value;

	REQUIRE(run, slice_eq(record->key, key_of(run, i)));
	require_record(run, record, &model->values[i]);
	if (rng_below(&run->rng, 3) == 0) {
		REQUIRE(run, lsm_iter_value(it, &value) == 0);
		REQUIRE(run, slice_eq(value, buf_slice(&run->value)));
	}
}

/* The next present key at or after (step 1), or at or before (step -1) place i; MODEL_KEYS or -1
 * when none. */
static long present_from(const struct model *model, long i, int step)
{
	while (i >= 0 && i < MODEL_KEYS && !model->values[i].present)
		i += step;
	return i;
}

/* Within the keys that share the prefix: the range [low, high] of places. */
static void prefix_range(const struct run *run, struct slice prefix, long *ret_low, long *ret_high)
{
	long low = 0, high = MODEL_KEYS - 1;

	while (low < MODEL_KEYS && !slice_starts_with(key_of(run, (size_t)low), prefix))
		low++;
	while (high >= 0 && !slice_starts_with(key_of(run, (size_t)high), prefix))
		high--;
	*ret_low = low;
	*ret_high = high;
}

/* A walk with random turns, the iterator beside the model. */
static void walk(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = random_view(run, &options);
	struct slice around = key_of(run, random_key(run));
	struct lsm_iter *it;
	long low, high, at;

	if (rng_below(&run->rng, 2))
		options.prefix = slice_of(around.ptr, rng_below(&run->rng, around.len + 1));
	prefix_range(run, options.prefix, &low, &high);
	REQUIRE(run, lsm_iter_new(run->db, &options, &it) == 0);
	at = (long)random_key(run);
	if (rng_below(&run->rng, 2)) {
		lsm_iter_seek(it, key_of(run, (size_t)at));
		at = present_from(model, at < low ? low : at, 1);
	} else {
		lsm_iter_seek_back(it, key_of(run, (size_t)at));
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
	lsm_iter_free(it);
}

static void scan_all(struct run *run, const struct model *model,
		     const struct lsm_read_options *options, bool backward)
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

static void scan_some_view(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = random_view(run, &options);

	scan_all(run, model, &options, rng_below(&run->rng, 2));
}

static void prefix_exists(struct run *run)
{
	struct lsm_read_options options;
	const struct model *model = random_view(run, &options);
	struct slice around = key_of(run, random_key(run));
	struct slice prefix = slice_of(around.ptr, rng_below(&run->rng, around.len + 1));
	long low, high;

	prefix_range(run, prefix, &low, &high);
	bool expected = present_from(model, low, 1) <= high;

	REQUIRE(run, lsm_prefix_exists(run->db, prefix, &options) == (expected ? 0 : -ENOENT));
}

/* ---- upkeep ---- */

static void toggle_snapshot(struct run *run)
{
	struct held_snapshot *held = &run->held[rng_below(&run->rng, SNAPSHOTS_MAX)];

	if (held->snapshot) {
		lsm_snapshot_release(run->db, held->snapshot);
		held->snapshot = NULL;
		return;
	}
	REQUIRE(run, lsm_snapshot_new(run->db, &held->snapshot) == 0);
	held->model = run->model;
}

static void release_snapshots(struct run *run)
{
	for (size_t i = 0; i < SNAPSHOTS_MAX; i++) {
		lsm_snapshot_release(run->db, run->held[i].snapshot);
		run->held[i].snapshot = NULL;
	}
}

static void flush(struct run *run)
{
	REQUIRE(run, lsm_flush(run->db) == 0);
}

static void compact(struct run *run)
{
	size_t from = random_key(run), to = random_key(run);

	if (rng_below(&run->rng, 3) == 0)
		REQUIRE(run, lsm_compact(run->db, slice_str(""), slice_str("")) == 0);
	else if (from <= to)
		REQUIRE(run, lsm_compact(run->db, key_of(run, from), key_of(run, to)) == 0);
}

static void verify(struct run *run)
{
	struct lsm_verify_report report;

	REQUIRE(run, lsm_verify(run->db, &report) == 0);
}

static void reopen(struct run *run)
{
	release_snapshots(run);
	REQUIRE(run, lsm_close(run->db) == 0);
	open_store(run);
	scan_all(run, &run->model, NULL, rng_below(&run->rng, 2));
}

/* ---- a checkpoint beside the store ---- */

static const struct operation {
	unsigned weight;
	void (*run)(struct run *run);
} copy_operations[] = {
	{10, put_one}, {4, delete_one}, {2, write_batch}, {2, write_conditional},
	{10, get_one}, {2, walk},       {1, flush},       {1, compact},
};

static void run_one_of(struct run *run, const struct operation *list, size_t count)
{
	unsigned total = 0;

	for (size_t i = 0; i < count; i++)
		total += list[i].weight;
	unsigned pick = (unsigned)rng_below(&run->rng, total);

	while (pick >= list->weight)
		pick -= list++->weight;
	list->run(run);
}

static int remove_file(void *arg, const char *name)
{
	struct run *run = arg;

	return env_mem_remove_file(run->env, COPY, name);
}

static void remove_copy(struct run *run)
{
	struct env_dir *dir;

	REQUIRE(run, env_open_dir(run->env, COPY, false, &dir) == 0);
	REQUIRE(run, env_dir_list(dir, remove_file, run) == 0);
	env_dir_close(dir);
}

/* The copy is the store as it was, and a store of its own: changes to it are not the other's. */
static void use_copy(struct run *copy)
{
	bool written = rng_below(&copy->rng, 2);

	scan_all(copy, &copy->model, NULL, false);
	for (int left = written ? COPY_OPERATIONS : 0; left > 0; left--)
		run_one_of(copy, copy_operations, array_size(copy_operations));
	if (written) {
		REQUIRE(copy, lsm_close(copy->db) == 0);
		open_store(copy);
		scan_all(copy, &copy->model, NULL, true);
	}
	verify(copy);
}

static void checkpoint(struct run *run)
{
	struct run *copy = malloc(sizeof(*copy));

	REQUIRE(run, copy);
	REQUIRE(run, lsm_checkpoint(run->db, COPY) == 0);
	*copy = *run; /* its model too; snapshots are of the store */
	memset(copy->held, 0, sizeof(copy->held));
	copy->path = COPY;
	open_store(copy);
	use_copy(copy);
	REQUIRE(copy, lsm_close(copy->db) == 0);
	remove_copy(run);
	/* what they share was used by both */
	run->rng = copy->rng;
	run->value = copy->value;
	run->meta = copy->meta;
	free(copy);
}

static const struct operation operations[] = {
	{4000, put_one},       {1200, delete_one}, {600, write_batch},   {400, write_conditional},
	{4000, get_one},       {600, walk},        {20, scan_some_view}, {600, prefix_exists},
	{40, toggle_snapshot}, {20, flush},        {12, compact},        {8, verify},
	{16, reopen},          {4, checkpoint},
};

struct plan {
	uint64_t operations;    /* a seed */
	_Atomic uint64_t *done; /* operations by place of the seed; shared */
	uint64_t first_seed;
};

static bool run_seed(void *arg, uint64_t seed)
{
	struct plan *plan = arg;
	struct run *run = calloc(1, sizeof(*run));

	assert(run);
	run->seed = seed;
	run->path = STORE;
	rng_seed(&run->rng, seed);
	run->env = env_mem_new();
	model_keys_make(&run->keys, seed);
	open_store(run);
	for (run->operation = 0; run->operation < plan->operations; run->operation++)
		run_one_of(run, operations, array_size(operations));
	reopen(run);
	REQUIRE(run, lsm_close(run->db) == 0);
	atomic_store(&plan->done[seed - plan->first_seed], run->operation);
	env_free(run->env);
	model_keys_done(&run->keys);
	buf_done(&run->value);
	buf_done(&run->meta);
	free(run);
	return true;
}

int main(int argc, char **argv)
{
	struct plan plan = {
		.operations = argc > 1 ? strtoull(argv[1], NULL, 10) : 50000,
		.done = seeds_share(SEEDS_MAX * sizeof(*plan.done)),
	};
	struct seeds seeds = {
		.first = 1,
		.count = argc > 2 ? strtoull(argv[2], NULL, 10) : 20,
		.workers = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0,
		.run = run_seed,
		.arg = &plan,
	};
	uint64_t start_ns = clock_mono_ns();

	assert(plan.done && seeds.count <= SEEDS_MAX);
	seeds_take_environment(&seeds);
	plan.first_seed = seeds.first;
	log_set_level(LOG_LEVEL_ERROR);
	bool good = seeds_run(&seeds);
	uint64_t total = 0;

	for (uint64_t i = 0; i < seeds.count; i++) {
		total += plan.done[i];
		tap_result(plan.done[i] == plan.operations,
			   "seed %" PRIu64 ": %" PRIu64 " operations", seeds.first + i,
			   plan.done[i]);
	}
	uint64_t ms = (clock_mono_ns() - start_ns) / 1000000;

	tap_result(good, "%" PRIu64 " operations in %" PRIu64 " ms, %" PRIu64 " a second", total,
		   ms, total * 1000 / (ms + 1));
	return tap_end();
}
