#include "tests/model/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "lsm/base/compiler.h"
#include "tests/support/tap.h"

enum {
	WARM_KEYS = 8,
};

void run_give_up(const struct run *run, const char *condition, int line)
{
	tap_note("seed %" PRIu64 " operation %" PRIu64 " of the %s, line %d: %s (%s)", run->seed,
		 run->operation, run->path, line, condition, lsm_error_text());
	abort();
}

struct slice run_key(const struct run *run, size_t i)
{
	return buf_slice(&run->keys.key[i]);
}

size_t run_random_key(struct run *run)
{
	return rng_below(&run->rng, MODEL_KEYS);
}

size_t run_warm_key(struct run *run)
{
	return rng_below(&run->rng, 2) ? run_random_key(run) : rng_below(&run->rng, WARM_KEYS);
}

const struct model *run_random_view(struct run *run, struct lsm_read_options *ret_options)
{
	size_t i = rng_below(&run->rng, RUN_SNAPSHOTS_MAX + RUN_NAMES_MAX);

	*ret_options = (struct lsm_read_options){.no_cache_fill = rng_below(&run->rng, 2)};
	if (i >= RUN_SNAPSHOTS_MAX) {
		struct named_model *named = &run->named[i - RUN_SNAPSHOTS_MAX];

		ret_options->snapshot = named->snapshot;
		return named->made ? &named->model : &run->model;
	}
	struct held_snapshot *held = &run->held[i];

	if (!held->snapshot || rng_below(&run->rng, 2))
		return &run->model;
	ret_options->snapshot = held->snapshot;
	return &held->model;
}

/* What is large, and how it is kept. */
static void choose_large(struct rng *rng, struct lsm_options *o)
{
	static const unsigned gc_pct[] = {0, 50, 90};

	o->large_value_threshold = (uint32_t)(1024U << rng_below(rng, 5));
	o->chunk_bytes = (uint32_t)(4096U << 2 * rng_below(rng, 3));
	o->blob_file_bytes = UINT64_C(65536) << rng_below(rng, 4);
	o->blob_gc_pct = gc_pct[rng_below(rng, array_size(gc_pct))];
	if (rng_below(rng, 4) == 0)
		o->value_max = 4096 + rng_below(rng, MODEL_LARGE_MAX);
}

/* What is seldom touched; reads of a store without damage are the same unchecked. */
static void choose_rest(struct rng *rng, struct lsm_options *o)
{
	o->memtable_pool_bytes = rng_below(rng, 3) << 18;
	o->log_segment_bytes = rng_below(rng, 4) ? 0 : 16 << 10;
	o->log_read_bytes = 4096U << rng_below(rng, 8);
	o->index_interval = (unsigned)(rng_below(rng, 2) * (1 + rng_below(rng, 8)));
	o->verify_reads = rng_below(rng, 4) > 0;
	o->garbage_ratio = (unsigned)(1 + rng_below(rng, 5));
	o->max_levels = (unsigned)(2 + rng_below(rng, LSM_LEVELS - 1));
	o->read_ahead_bytes = 4096U << rng_below(rng, 7);
	o->map_tables = rng_below(rng, 2);
	o->direct_tables = rng_below(rng, 2);
	o->io_threads = (unsigned)(1 + rng_below(rng, 2));
	o->verify_on_open = rng_below(rng, 8) == 0;
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
	o.recovery = (enum lsm_recovery)rng_below(rng, 3);
	o.compaction_threads = (unsigned)rng_below(rng, 3);
	o.strategy = (enum lsm_strategy)rng_below(rng, 3);
	o.runs_max = (unsigned)(2 + rng_below(rng, 4));
	o.reserve_bytes = rng_below(rng, 2) * (64 << 10);
	choose_large(rng, &o);
	choose_rest(rng, &o);
	return o;
}

struct slice run_name(size_t i)
{
	static const struct slice names[RUN_NAMES_MAX] = {
		{(const uint8_t *)"a", 1},
		{(const uint8_t *)"a/b", 3},
		{(const uint8_t *)"\0", 1},
		{(const uint8_t *)"\xff\xff", 2},
	};

	return names[i];
}

static int count_name(void *arg, const struct lsm_snapshot_info *info)
{
	size_t *count = arg;

	(void)info;
	++*count;
	return 0;
}

static void open_named(struct run *run)
{
	size_t made = 0, there = 0;

	for (size_t i = 0; i < RUN_NAMES_MAX; i++) {
		struct named_model *named = &run->named[i];
		int err = lsm_snapshot_open(run->db, run_name(i), &named->snapshot);

		REQUIRE(run, err == (named->made ? 0 : -ENOENT));
		made += named->made;
	}
	REQUIRE(run, lsm_snapshot_list(run->db, count_name, &there) == 0);
	REQUIRE(run, made == there);
}

void run_open(struct run *run)
{
	struct lsm_options options = random_options(run);
	struct lsm_stats stats;

	run->value_max = options.value_max;
	REQUIRE(run, lsm_open(run->path, &options, &run->db) == 0);
	lsm_stats_read(run->db, &stats);
	REQUIRE(run, stats.recovery_torn_bytes == 0 && stats.recovery_damaged == 0);
	atomic_fetch_add(&run->counts->recoveries[options.recovery], 1);
	open_named(run);
}

void run_tune(struct run *run)
{
	struct lsm_options options = random_options(run);

	REQUIRE(run, lsm_set_options(run->db, &options) == 0);
	run->value_max = options.value_max;
}

void run_close(struct run *run)
{
	struct lsm_stats stats;

	lsm_stats_read(run->db, &stats);
	atomic_fetch_add(&run->counts->patches, stats.patches);
	atomic_fetch_add(&run->counts->blob_written_bytes, stats.blob_written_bytes);
	atomic_fetch_add(&run->counts->blob_moved_bytes, stats.blob_moved_bytes);
	atomic_fetch_add(&run->counts->checkpoints, stats.checkpoints);
	for (size_t i = 0; i < RUN_NAMES_MAX; i++) {
		lsm_snapshot_release(run->db, run->named[i].snapshot);
		run->named[i].snapshot = NULL;
	}
	REQUIRE(run, lsm_close(run->db) == 0);
}

void run_one_of(struct run *run, const struct operation *list, size_t count)
{
	unsigned total = 0;

	for (size_t i = 0; i < count; i++)
		total += list[i].weight;
	unsigned pick = (unsigned)rng_below(&run->rng, total);

	while (pick >= list->weight)
		pick -= list++->weight;
	list->run(run);
}
