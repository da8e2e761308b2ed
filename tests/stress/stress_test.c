/*
 * Everything at once, for the thread sanitizer above all: four writers that put, patch and copy
 * values of up to some chunks, four readers of values and parts, two that scan both ways with
 * snapshots, flushes, compactions, checkpoints, readers beside, syncs, statistics, verification,
 * and a close and reopen after each round, with memtables and tables so small that all of it
 * happens all the time. Each round has another sync mode and compaction strategy. world.h says what
 * is checked.
 *
 * usage: stress_test [SECONDS]		(default 10); APEX_SEED chooses what the threads do
 * Long form: meson setup build/tsan -Db_sanitize=thread -Db_lundef=false -Dwerror=false &&
 * ninja -C build/tsan && build/tsan/tests/stress/stress_test 600
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "lsm/base/thread.h"
#include "tests/stress/world.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	READERS = 4,
	SCANNERS = 2,
	THREADS = WORLD_WRITERS + READERS + SCANNERS + 2,
	ROUND_MS_MAX = 2500,
};

#define MS_NS UINT64_C(1000000)

struct worker {
	struct world *world;
	struct thread thread;
	struct rng rng;
	unsigned number;   /* among its kind */
	const char *store; /* the store's folder */
	const char *copy;  /* where checkpoints go */
	struct world_seen seen;
};

static struct lsm_options options_of(uint64_t round)
{
	struct lsm_options o;

	lsm_options_init(&o);
	o.sync_mode = (enum lsm_sync_mode)(round % 4);
	o.sync_interval_ms = 5;
	o.sync_batch_records = 50;
	o.sync_batch_delay_us = 2000;
	o.memtable_bytes = 16 << 10;
	o.memtables_max = 2;
	o.block_bytes = 512;
	o.value_inline_max = 1000;
	o.filter_separator = round % 2 ? '/' : -1;
	o.cache_bytes = round % 3 ? 64 << 10 : 0;
	o.cache_shards = 2;
	o.max_open_tables = 8;
	o.compaction_threads = 2;
	o.strategy = (enum lsm_strategy)(round % 3);
	o.runs_max = 3;
	o.l0_threshold = 2;
	o.size_ratio = 3;
	o.base_level_bytes = 16 << 10;
	o.target_file_bytes = 8 << 10;
	o.large_value_threshold = round % 2 ? 1024 : 4096;
	o.chunk_bytes = 4096;
	o.blob_file_bytes = 64 << 10;
	o.blob_gc_pct = (unsigned)(round % 3) * 45;
	return o;
}

static void write_on(void *arg)
{
	struct worker *me = arg;

	while (world_goes_on(me->world) && world_change(me->world, me->number, &me->rng))
		;
}

static void read_on(void *arg)
{
	struct worker *me = arg;

	while (world_goes_on(me->world) && world_read(me->world, &me->seen, &me->rng))
		;
}

static void scan_on(void *arg)
{
	struct worker *me = arg;

	while (world_goes_on(me->world) && world_scan(me->world, &me->rng))
		;
}

static int compact_some(struct lsm *db, struct rng *rng)
{
	char from[WORLD_TEXT_MAX], to[WORLD_TEXT_MAX];
	unsigned writer = (unsigned)rng_below(rng, WORLD_WRITERS);
	unsigned first = (unsigned)rng_below(rng, WORLD_KEYS_ALL);

	return lsm_compact(db, world_key_name(writer, first, from),
			   world_key_name(WORLD_WRITERS - 1, WORLD_KEYS_ALL - 1, to));
}

static int make_copy(struct worker *me)
{
	struct lsm_options options = options_of(rng_next(&me->rng));

	/* a violation has been noted, if there was one */
	(void)world_checkpoint(me->world, &options, me->copy);
	return scratch_remove(me->copy);
}

static int look_beside(struct worker *me)
{
	struct lsm_options options = options_of(rng_next(&me->rng));

	(void)world_look_beside(me->world, &options, me->store); /* noted as well */
	return 0;
}

static int do_upkeep(struct worker *me)
{
	struct lsm *db = me->world->db;
	struct rng *rng = &me->rng;
	struct lsm_verify_report report;

	switch (rng_below(rng, 11)) {
	case 10:
	case 9:
		return look_beside(me);
	case 8:
		return make_copy(me);
	case 0:
		return compact_some(db, rng);
	case 1:
		return lsm_verify(db, &report);
	case 2:
	case 3:
		return lsm_flush(db);
	default:
		return lsm_sync(db);
	}
}

static void keep_up(void *arg)
{
	struct worker *me = arg;

	while (world_goes_on(me->world)) {
		int err = do_upkeep(me);

		if (err)
			(void)world_fail(me->world, "upkeep answers %d", err);
		atomic_fetch_add_explicit(&me->world->upkeep, 1, memory_order_relaxed);
	}
}

/* Numbers that only grow, and a healthy store. */
static void watch(void *arg)
{
	struct worker *me = arg;
	struct lsm_stats before, now;

	lsm_stats_read(me->world->db, &before);
	while (world_goes_on(me->world)) {
		lsm_stats_read(me->world->db, &now);
		if (now.health != LSM_HEALTH_OK)
			(void)world_fail(me->world, "health: %s", now.health_text);
		if (now.last_seqno < before.last_seqno ||
		    now.durable_seqno < before.durable_seqno ||
		    now.flushed_seqno < before.flushed_seqno || now.flushes < before.flushes)
			(void)world_fail(me->world, "statistics go back");
		before = now;
		for (unsigned writer = 0; writer < WORLD_WRITERS; writer++) {
			char prefix[WORLD_TEXT_MAX];

			(void)snprintf(prefix, sizeof(prefix), "writer%u/", writer);
			int err = lsm_prefix_exists(me->world->db, slice_str(prefix), NULL);

			if (err && err != -ENOENT)
				(void)world_fail(me->world, "a prefix answers %d", err);
		}
	}
}

static void start(struct worker *worker, struct world *w, const char *name, void (*body)(void *),
		  unsigned number)
{
	worker->world = w;
	worker->number = number;

	int err = thread_start(&worker->thread, name, body, worker);

	if (err)
		(void)world_fail(w, "a thread cannot be started: %d", err);
}

static void run_threads(struct world *w, struct worker *workers, uint64_t ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORLD_WRITERS; i++)
		start(&workers[n++], w, "writer", write_on, i);
	for (unsigned i = 0; i < READERS; i++)
		start(&workers[n++], w, "reader", read_on, i);
	for (unsigned i = 0; i < SCANNERS; i++)
		start(&workers[n++], w, "scanner", scan_on, i);
	start(&workers[n++], w, "upkeep", keep_up, 0);
	start(&workers[n++], w, "watch", watch, 0);

	uint64_t end = clock_mono_ns() + ms * MS_NS;

	while (world_goes_on(w) && clock_mono_ns() < end)
		(void)nanosleep(&(struct timespec){.tv_nsec = 5 * (long)MS_NS}, NULL);
	atomic_store(&w->stop, true);
	for (unsigned i = 0; i < n; i++)
		thread_join(&workers[i].thread);
	atomic_store(&w->stop, false);
}

/* Open, let them loose, close; half of the rounds also look again after reopening. */
static bool run_round(struct world *w, const char *store, uint64_t round, uint64_t ms,
		      struct worker *workers)
{
	struct lsm_options options = options_of(round);
	int err = lsm_open(store, &options, &w->db);

	if (err)
		return world_fail(w, "open answers %d", err);
	if (world_check_still(w))
		run_threads(w, workers, ms);
	bool good = !atomic_load(&w->failed) && world_check_still(w);

	err = lsm_close(w->db);
	w->db = NULL;
	if (err)
		return world_fail(w, "close answers %d", err);
	return good;
}

static void report(const struct world *w, const char *where, uint64_t seed, uint64_t rounds)
{
	if (atomic_load(&w->failed))
		tap_note("%s", w->complaint);
	tap_result(!atomic_load(&w->failed),
		   "seed %" PRIu64 " in %s: %" PRIu64 " rounds, %" PRIu64 " changes, %" PRIu64
		   " reads, %" PRIu64 " scans (%" PRIu64 " of snapshots) of %" PRIu64
		   " records, %" PRIu64 " conditional batches (and %" PRIu64 " refused), %" PRIu64
		   " times upkeep, %" PRIu64 " readers beside (and %" PRIu64 " stale)",
		   seed, where, rounds, atomic_load(&w->changes), atomic_load(&w->reads),
		   atomic_load(&w->scans), atomic_load(&w->snapshots),
		   atomic_load(&w->records_scanned), atomic_load(&w->counted),
		   atomic_load(&w->stale), atomic_load(&w->upkeep), atomic_load(&w->looks),
		   atomic_load(&w->stale_looks));
}

/* A store of its own in a folder of `where`, from nothing. */
static int run_in(const char *where, uint64_t seed, uint64_t ms)
{
	static struct world w;
	static struct worker workers[THREADS];
	uint64_t round = 0, round_ms = ms / 4 < ROUND_MS_MAX ? ms / 4 : ROUND_MS_MAX;
	char *folder, store[512], copy[512];

	if (setenv("TMPDIR", where, 1) || scratch_make("apex-stress", &folder)) {
		fprintf(stderr, "stress_test: no folder can be made in %s\n", where);
		return -1;
	}
	(void)snprintf(store, sizeof(store), "%s/store", folder);
	(void)snprintf(copy, sizeof(copy), "%s/copy", folder);
	w = (struct world){0};
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.store = store, .copy = copy};
		rng_seed(&workers[i].rng, seed * THREADS + i);
	}
	while (ms >= round_ms && run_round(&w, store, round, round_ms, workers)) {
		ms -= round_ms;
		round++;
	}
	report(&w, where, seed, round);
	if (scratch_remove(folder))
		tap_note("%s cannot be removed", folder);
	free(folder);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 10;
	const char *text = getenv("APEX_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : clock_real_ns();
	const char *memory = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	const char *disk = getenv("TMPDIR");

	if (seconds == 0) {
		fprintf(stderr, "usage: stress_test [SECONDS]\n");
		return 2;
	}
	/* half of it where a sync takes its time, half where it takes none */
	if (run_in(disk ? disk : "/tmp", seed, seconds * 500) ||
	    run_in(memory, seed, seconds * 500))
		return 2;
	return tap_end();
}
