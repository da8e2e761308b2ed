/*
 * The engine against a sorted map: random puts, patches, deletes, copies, batches with and without
 * preconditions, gets, stats, reads of parts, scans both ways, snapshots held across flushes and
 * compactions, named ones across reopening, compactions of ranges, checkpoints that are opened and
 * written to beside the store, and reopening with other options; every option set must agree with
 * the model. Values are from nothing up to many chunks long. In the end everything is deleted, and
 * no blob file may stay.
 *
 * usage: engine_model_test [OPERATIONS [SEEDS [WORKERS]]]: so many operations for each of so many
 * seeds, in so many processes (0: one a CPU); APEX_SEED runs that one seed.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"
#include "lsm/base/log.h"
#include "lsm/env/env_mem.h"
#include "tests/model/changes.h"
#include "tests/model/reads.h"
#include "tests/support/seeds.h"
#include "tests/support/tap.h"

enum {
	COPY_OPERATIONS = 60, /* on a checkpoint */
	SEEDS_MAX = 10000,
};

#define STORE "store"
#define COPY  "copy"

/* ---- upkeep ---- */

static void release(struct run *run, struct held_snapshot *held)
{
	lsm_snapshot_release(run->db, held->snapshot);
	held->snapshot = NULL;
	model_clear(&held->model);
}

static void toggle_snapshot(struct run *run)
{
	struct held_snapshot *held = &run->held[rng_below(&run->rng, RUN_SNAPSHOTS_MAX)];

	if (held->snapshot) {
		release(run, held);
		return;
	}
	REQUIRE(run, lsm_snapshot_new(run->db, &held->snapshot) == 0);
	model_copy(&held->model, &run->model);
}

static void drop_named(struct run *run, size_t i)
{
	struct named_model *named = &run->named[i];
	bool before = rng_below(&run->rng, 2); /* it outlives its name */

	if (before)
		lsm_snapshot_release(run->db, named->snapshot);
	REQUIRE(run, lsm_snapshot_drop(run->db, run_name(i)) == 0);
	if (!before) {
		const struct lsm_read_options options = {.snapshot = named->snapshot};

		scan_all(run, &named->model, &options, false);
		lsm_snapshot_release(run->db, named->snapshot);
	}
	model_clear(&named->model);
	named->snapshot = NULL;
	named->made = false;
}

static void make_named(struct run *run, size_t i)
{
	struct named_model *named = &run->named[i];
	struct lsm_stats stats;

	REQUIRE(run, lsm_snapshot_make(run->db, run_name(i)) == 0);
	REQUIRE(run, lsm_snapshot_open(run->db, run_name(i), &named->snapshot) == 0);
	lsm_stats_read(run->db, &stats);
	REQUIRE(run, stats.durable_seqno >= lsm_snapshot_seqno(named->snapshot));
	model_copy(&named->model, &run->model);
	named->made = true;
}

static void toggle_named(struct run *run)
{
	size_t i = rng_below(&run->rng, RUN_NAMES_MAX);

	atomic_fetch_add(&run->counts->namings, 1);
	if (!run->named[i].made) {
		make_named(run, i);
		REQUIRE(run, lsm_snapshot_make(run->db, run_name(i)) == -EEXIST);
	} else {
		drop_named(run, i);
		REQUIRE(run, lsm_snapshot_drop(run->db, run_name(i)) == -ENOENT);
	}
}

static void release_snapshots(struct run *run)
{
	for (size_t i = 0; i < RUN_SNAPSHOTS_MAX; i++)
		release(run, &run->held[i]);
}

static void flush(struct run *run)
{
	REQUIRE(run, lsm_flush(run->db) == 0);
}

static void compact(struct run *run)
{
	size_t from = run_random_key(run), to = run_random_key(run);

	if (rng_below(&run->rng, 3) == 0)
		REQUIRE(run, lsm_compact(run->db, slice_str(""), slice_str("")) == 0);
	else if (from <= to)
		REQUIRE(run, lsm_compact(run->db, run_key(run, from), run_key(run, to)) == 0);
}

static void verify(struct run *run)
{
	struct lsm_verify_report report;

	REQUIRE(run, lsm_verify(run->db, &report) == 0);
}

static void reopen(struct run *run)
{
	release_snapshots(run);
	release_iters(run);
	run_close(run);
	run_open(run);
	scan_all(run, &run->model, NULL, rng_below(&run->rng, 2));
}

/* ---- a reader beside the store ---- */

/* False: the store has replaced what the reader has to look into. */
static bool look_at_key(struct run *run, const struct model *model, struct lsm *reader,
			const struct lsm_read_options *options, size_t i)
{
	const struct model_value *v = model->values[i];
	struct lsm_record record;
	int err = lsm_get(reader, run_key(run, i), options, &record);

	if (err == -ESTALE)
		return false;
	REQUIRE(run, err == (v ? 0 : -ENOENT));
	if (err)
		return true;
	REQUIRE(run, slice_eq(record.value, model_value_bytes(v)));
	REQUIRE(run, slice_eq(record.meta, model_value_meta(v)));
	lsm_record_release(&record);
	return true;
}

/* It sees the store as of now, or through a name, while flushes and compactions go on. */
static void look_beside(struct run *run)
{
	struct lsm_options options;
	struct lsm_stats stats;
	struct lsm *reader;
	struct named_model *named = &run->named[rng_below(&run->rng, RUN_NAMES_MAX)];
	struct lsm_read_options view = {0};
	const struct model *model = &run->model;
	struct lsm_snapshot *snapshot = NULL;
	bool stale = false;

	lsm_options_init(&options);
	options.env = run->env;
	options.read_only = true;
	options.recovery = rng_below(&run->rng, 2) ? LSM_RECOVER_TAIL : LSM_RECOVER_PREFIX;
	REQUIRE(run, lsm_open(run->path, &options, &reader) == 0);
	lsm_stats_read(reader, &stats);
	REQUIRE(run, stats.recovery_damaged == 0);
	if (named->made) {
		REQUIRE(run, lsm_snapshot_open(reader, run_name((size_t)(named - run->named)),
					       &snapshot) == 0);
		view.snapshot = snapshot;
		model = &named->model;
	}
	for (size_t i = 0; i < MODEL_KEYS && !stale; i++)
		stale = !look_at_key(run, model, reader, &view, i);
	lsm_snapshot_release(reader, snapshot);
	REQUIRE(run, lsm_close(reader) == 0);
	atomic_fetch_add(&run->counts->looks, 1);
	atomic_fetch_add(&run->counts->stale_looks, stale);
}

/* ---- a checkpoint beside the store ---- */

static const struct operation copy_operations[] = {
	{10, put_one},
	{5, patch_one},
	{4, delete_one},
	{2, write_batch},
	{2, write_conditional},
	{10, get_one},
	{4, read_part},
	{2, walk},
	{1, flush},
	{1, compact},
	{1, toggle_named},
};

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
		run_close(copy);
		run_open(copy);
		scan_all(copy, &copy->model, NULL, true);
	}
	for (size_t i = 0; i < RUN_NAMES_MAX; i++) {
		const struct lsm_read_options options = {.snapshot = copy->named[i].snapshot};

		if (copy->named[i].made)
			scan_all(copy, &copy->named[i].model, &options, false);
	}
	verify(copy);
}

static void checkpoint(struct run *run)
{
	struct run *copy = malloc(sizeof(*copy));

	REQUIRE(run, copy);
	REQUIRE(run, lsm_checkpoint(run->db, COPY) == 0);
	*copy = *run;
	memset(copy->held, 0, sizeof(copy->held)); /* they are of the store */
	memset(copy->iters, 0, sizeof(copy->iters));
	memset(copy->named, 0, sizeof(copy->named)); /* those of the copy are there, too */
	for (size_t i = 0; i < RUN_NAMES_MAX; i++) {
		copy->named[i].made = run->named[i].made;
		model_copy(&copy->named[i].model, &run->named[i].model);
	}
	model_copy(&copy->model, &run->model);
	copy->path = COPY;
	run_open(copy);
	use_copy(copy);
	run_close(copy);
	remove_copy(run);
	/* what they share was used by both */
	run->rng = copy->rng;
	run->bytes = copy->bytes;
	run->meta = copy->meta;
	model_clear(&copy->model);
	for (size_t i = 0; i < RUN_NAMES_MAX; i++)
		model_clear(&copy->named[i].model);
	free(copy);
}

static const struct operation operations[] = {
	{4000, put_one},
	{1500, patch_one},
	{1200, delete_one},
	{600, write_batch},
	{400, write_conditional},
	{3000, get_one},
	{1000, read_part},
	{600, walk},
	{20, scan_some_view},
	{600, prefix_exists},
	{40, toggle_snapshot},
	{16, toggle_named},
	{20, flush},
	{12, compact},
	{8, verify},
	{30, look_beside},
	{60, walk_held},
	{16, reopen},
	{16, run_tune},
	{4, checkpoint},
};

struct plan {
	uint64_t operations;       /* a seed */
	_Atomic uint64_t *done;    /* operations by place of the seed; shared */
	struct run_counts *counts; /* shared */
	uint64_t first_seed;
};

static int count_blob(void *arg, const char *name)
{
	size_t *count = arg;

	*count += strstr(name, ".blob") != NULL;
	return 0;
}

static size_t blob_files_in(struct run *run, const char *path)
{
	struct env_dir *dir;
	size_t count = 0;

	REQUIRE(run, env_open_dir(run->env, path, false, &dir) == 0);
	REQUIRE(run, env_dir_list(dir, count_blob, &count) == 0);
	env_dir_close(dir);
	return count;
}

/* With the last value the last chunk goes. */
static void delete_all(struct run *run)
{
	struct lsm_stats stats;

	for (size_t i = 0; i < RUN_NAMES_MAX; i++) {
		if (run->named[i].made)
			drop_named(run, i);
	}
	for (size_t i = 0; i < MODEL_KEYS; i++) {
		REQUIRE(run, lsm_delete(run->db, run_key(run, i), NULL) == 0);
		model_set(&run->model, i, NULL);
	}
	REQUIRE(run, lsm_compact(run->db, slice_str(""), slice_str("")) == 0);
	reopen(run);
	lsm_stats_read(run->db, &stats);
	REQUIRE(run, stats.table_records == 0);
	REQUIRE(run, stats.blob_files == 0);
	REQUIRE(run, stats.blob_bytes == 0);
	REQUIRE(run, blob_files_in(run, run->path) == 0);
}

static bool run_seed(void *arg, uint64_t seed)
{
	struct plan *plan = arg;
	struct run *run = calloc(1, sizeof(*run));

	assert(run);
	run->seed = seed;
	run->path = STORE;
	run->counts = plan->counts;
	rng_seed(&run->rng, seed);
	run->env = env_mem_new();
	model_keys_make(&run->keys, seed);
	run_open(run);
	for (run->operation = 0; run->operation < plan->operations; run->operation++)
		run_one_of(run, operations, array_size(operations));
	reopen(run);
	delete_all(run);
	run_close(run);
	atomic_store(&plan->done[seed - plan->first_seed], run->operation);
	env_free(run->env);
	model_keys_done(&run->keys);
	buf_done(&run->bytes);
	buf_done(&run->meta);
	free(run);
	return true;
}

int main(int argc, char **argv)
{
	struct plan plan = {
		.operations = argc > 1 ? strtoull(argv[1], NULL, 10) : 50000,
		.done = seeds_share(SEEDS_MAX * sizeof(*plan.done)),
		.counts = seeds_share(sizeof(*plan.counts)),
	};
	struct seeds seeds = {
		.first = 1,
		.count = argc > 2 ? strtoull(argv[2], NULL, 10) : 20,
		.workers = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0,
		.run = run_seed,
		.arg = &plan,
	};
	uint64_t start_ns = clock_mono_ns();

	assert(plan.done && plan.counts && seeds.count <= SEEDS_MAX);
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
	tap_result(plan.counts->recoveries[LSM_RECOVER_WHOLE] > 0 &&
			   plan.counts->recoveries[LSM_RECOVER_TAIL] > 0 &&
			   plan.counts->recoveries[LSM_RECOVER_PREFIX] > 0,
		   "stores opened with recovery whole %" PRIu64 ", tail %" PRIu64
		   ", prefix %" PRIu64,
		   plan.counts->recoveries[LSM_RECOVER_WHOLE],
		   plan.counts->recoveries[LSM_RECOVER_TAIL],
		   plan.counts->recoveries[LSM_RECOVER_PREFIX]);
	tap_note("%" PRIu64 " patches, %" PRIu64 " MB of chunks written and %" PRIu64
		 " MB of them moved, %" PRIu64 " checkpoints, %" PRIu64
		 " snapshots named or dropped, %" PRIu64 " readers beside (%" PRIu64
		 " met what was replaced)",
		 plan.counts->patches, plan.counts->blob_written_bytes >> 20,
		 plan.counts->blob_moved_bytes >> 20, plan.counts->checkpoints,
		 plan.counts->namings, plan.counts->looks, plan.counts->stale_looks);
	return tap_end();
}
