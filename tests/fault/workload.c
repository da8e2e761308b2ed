#include "tests/fault/workload.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "tests/fault/quiet.h"
#include "tests/fault/recoveries.h"
#include "tests/fault/workload_run.h"
#include "tests/support/scratch.h"

enum {
	OPENS_TRIED_MAX = 3, /* in a row; then the run ends */
};

struct lsm_options workload_options(const struct workload *w, uint64_t opening)
{
	static const uint32_t block_bytes[] = {512, 1024, 4096};
	struct lsm_options o;
	struct rng rng;

	rng_seed(&rng, w->seed * UINT64_C(1000003) + WORKLOAD_OPERATIONS + opening);
	lsm_options_init(&o);
	o.env = w->env;
	o.sync_mode = w->sync_mode;
	o.recovery = (enum lsm_recovery)((w->trial + opening) % RECOVERY_MODES);
	o.sync_interval_ms = 3600000; /* the timer's turn is for the mode BATCH */
	o.sync_batch_delay_us = 3600000000U;
	o.sync_batch_records = 10;
	o.memtable_bytes = 6 << 10;
	o.value_inline_max = 300;
	o.large_value_threshold = opening % 4 == 3 ? 4096 : 1024;
	o.chunk_bytes = 4096;
	o.blob_file_bytes = 64 << 10;
	o.block_bytes = block_bytes[opening % array_size(block_bytes)];
	o.compression = opening % 2 ? LSM_COMPRESSION_NONE : LSM_COMPRESSION_LZ4;
	o.strategy = (enum lsm_strategy)rng_below(&rng, LSM_LAZY_LEVELING + 1);
	o.runs_max = 2 + (unsigned)rng_below(&rng, 3);
	o.reserve_bytes = rng_below(&rng, 2) == 0 ? 0 : 64 << 10;
	o.l0_threshold = 2;
	o.base_level_bytes = 16 << 10;
	o.target_file_bytes = 8 << 10;
	o.cache_bytes = 16 << 10;
	o.cache_shards = 1;
	o.max_open_tables = 4;
	o.map_tables = rng_below(&rng, 2);
	o.direct_tables = rng_below(&rng, 2);
	o.index_interval = (unsigned)rng_below(&rng, 2) * 3;
	o.memtable_pool_bytes = rng_below(&rng, 2) << 20;
	return o;
}

static void try_open(struct run *r)
{
	struct lsm_options options = workload_options(r->w, r->outcome->opens);

	r->struck_at_open = r->w->struck();
	r->struck_before = r->struck_at_open;

	int err =
		recoveries_open(r->w->path, &options, r->w->may_tear && r->w->struck() > 0, &r->db);

	if (err == -EPROTO)
		run_violate(r, "open: %s", fail_text());
	else
		run_judge_error(r, "open", err, false);
	memset(r->seen, 0, sizeof(r->seen)); /* a seqno of a change that was lost is given again */
	r->opens_failed = err ? r->opens_failed + 1 : 0;
	r->outcome->opens++;
	if (err)
		r->db = NULL;
	if (r->opens_failed >= OPENS_TRIED_MAX)
		r->ended = true;
}

static void count_jobs(struct run *r)
{
	struct lsm_stats stats;

	lsm_stats_read(r->db, &stats);
	r->outcome->flushes += stats.flushes;
	r->outcome->compactions += stats.compactions + stats.trivial_moves;
	r->outcome->blob_written_bytes += stats.blob_written_bytes;
	r->outcome->blob_moved_bytes += stats.blob_moved_bytes;
}

static void close_store(struct run *r)
{
	if (!r->db)
		return;
	count_jobs(r);
	run_drop_snapshot(r);
	run_judge_durable(r, "close", lsm_close(r->db));
	r->db = NULL;
	r->sync_failed = false;
}

static void op_reopen(struct run *r)
{
	close_store(r);
	if (!r->ended)
		try_open(r);
	if (r->db && r->ledger->doubtful)
		run_settle_doubt(r);
}

/* Weights: how often of all. */
static const struct {
	void (*run)(struct run *r);
	unsigned weight;
} operations[] = {
	{op_put, 26},          {op_delete, 7},     {op_batch, 11},     {op_conditional, 6},
	{op_put_large, 5},     {op_patch, 14},     {op_patch_many, 2}, {op_batch_large, 4},
	{op_copy, 3},          {op_copy_range, 3}, {op_get, 10},       {op_stat, 3},
	{op_scan, 5},          {op_scan_back, 5},  {op_snapshot, 6},   {op_read, 5},
	{op_read_snapshot, 2}, {op_iter_read, 2},  {op_flush, 4},      {op_compact, 4},
	{op_sync, 4},          {op_verify, 2},     {op_space, 1},      {op_reopen, 1},
	{op_checkpoint, 1},    {op_name, 4},
};

static void run_operation(struct run *r)
{
	unsigned total = 0;

	for (size_t i = 0; i < array_size(operations); i++)
		total += operations[i].weight;

	unsigned drawn = (unsigned)rng_below(&r->rng, total);

	if (r->outcome->operation == r->w->operations / 2) {
		op_reopen(r); /* whatever the seed */
		return;
	}
	if (r->outcome->operation == r->w->operations / 4) {
		op_checkpoint(r);
		return;
	}
	for (size_t i = 0; i < array_size(operations); i++) {
		if (drawn < operations[i].weight) {
			operations[i].run(r);
			return;
		}
		drawn -= operations[i].weight;
	}
}

static void reach_store(struct run *r)
{
	if (r->db)
		return;
	try_open(r);
	if (r->db && r->ledger->doubtful)
		run_settle_doubt(r);
}

void workload_run(const struct workload *w, struct ledger *ledger, struct workload_outcome *outcome)
{
	struct run r = {.w = w, .ledger = ledger, .outcome = outcome};
	uint64_t struck = w->struck();

	for (uint32_t n = 0; n < w->operations && !r.ended; n++) {
		outcome->operation = n;
		rng_seed(&r.rng, w->seed * UINT64_C(1000003) + n);
		fail_clear();
		reach_store(&r);
		r.struck_before = struck;
		struck = w->struck();
		if (r.db && !r.ended)
			run_operation(&r);
		quiet_wait();
	}
	outcome->operation = w->operations;
	r.struck_before = struck;
	fail_clear();
	if (w->cut_power)
		w->cut_power();
	if (w->dies_at_error && r.ended && !w->cut_power)
		outcome->left_open = true;
	else
		close_store(&r);
}

int workload_remove(const char *path)
{
	int rc = scratch_remove(path);

	return rc ? rc : copies_remove(path);
}
