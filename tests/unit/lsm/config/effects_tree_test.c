/* What options of compaction and of input and output do (effects.h). */
#include "lsm/base/clock.h"
#include "lsm/base/helper.h"
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/config/effects_fixture.h"

#define SMALL "memtable.max_size=16k sstable.target_file_size=16k sstable.compression=none "

/* The store at rest after n flushes of the same keys; the caller closes it. */
static struct lsm *at_rest(struct env *env, const char *settings, unsigned rounds, unsigned keys)
{
	char all[400];

	(void)snprintf(all, sizeof(all), SMALL "%s", settings);
	struct lsm *db = effects_open(env, all);

	for (unsigned i = 0; i < rounds; i++) {
		ck_assert_int_eq(db_fill(db, 0, keys, 100), 0);
		effects_flush(db);
		effects_await_rest(db);
	}
	return db;
}

static uint64_t most_runs(struct lsm *db)
{
	struct lsm_stats s = db_stats(db);
	uint64_t most = 0;

	for (int level = 1; level < LSM_LEVELS; level++)
		most = max_of(most, s.levels[level].runs);
	return most;
}

static uint64_t runs_with(const char *settings, unsigned rounds)
{
	struct env *env = env_mem_new();
	struct lsm *db = at_rest(env, settings, rounds, 100);
	uint64_t runs = most_runs(db);

	db_close(db);
	env_free(env);
	return runs;
}

START_TEST(strategy_lets_runs_pile_up_or_not)
{
	ck_assert_uint_eq(runs_with("compaction.l0_threshold=1 compaction.strategy=leveled", 3), 1);
	ck_assert_uint_eq(runs_with("compaction.l0_threshold=1 compaction.strategy=tiered", 3), 3);
	ck_assert_uint_eq(
		runs_with("compaction.l0_threshold=1 compaction.strategy=lazy_leveling", 3), 1);
}
END_TEST

START_TEST(runs_max_is_how_many_pile_up)
{
	ck_assert_uint_le(runs_with("compaction.l0_threshold=1 compaction.strategy=tiered "
				    "compaction.runs_max=2 compaction.garbage_ratio=100",
				    7),
			  1);
	ck_assert_uint_eq(runs_with("compaction.l0_threshold=1 compaction.strategy=tiered "
				    "compaction.runs_max=8 compaction.garbage_ratio=100",
				    7),
			  7);
}
END_TEST

START_TEST(garbage_ratio_merges_the_last_level)
{
	/* all runs are of one size: the newer ones are as many times the oldest as there are */
	ck_assert_uint_eq(runs_with("compaction.l0_threshold=1 compaction.strategy=tiered "
				    "compaction.runs_max=16 compaction.garbage_ratio=100",
				    6),
			  6);
	ck_assert_uint_le(runs_with("compaction.l0_threshold=1 compaction.strategy=tiered "
				    "compaction.runs_max=16 compaction.garbage_ratio=2",
				    6),
			  3);
}
END_TEST

static int deepest(struct lsm *db)
{
	struct lsm_stats s = db_stats(db);
	int level = LSM_LEVELS - 1;

	while (level > 0 && s.levels[level].files == 0)
		level--;
	return level;
}

enum {
	DEPTH_ROUNDS = 40,
	DEPTH_KEYS = 100, /* less than a memtable */
};

static int depth_with(const char *settings)
{
	struct env *env = env_mem_new();
	struct lsm *db = at_rest(env, settings, 1, DEPTH_KEYS);
	int depth;

	/* a little at a time: how much is merged at once must not hang on how fast that is */
	for (unsigned i = 1; i < DEPTH_ROUNDS; i++) {
		ck_assert_int_eq(db_fill(db, i * DEPTH_KEYS, (i + 1) * DEPTH_KEYS, 100), 0);
		effects_flush(db);
		effects_await_rest(db);
	}
	depth = deepest(db);
	effects_read(db, DEPTH_ROUNDS * DEPTH_KEYS);
	db_close(db);
	env_free(env);
	return depth;
}

#define STEEP "compaction.l0_threshold=1 compaction.base_level_size=8k compaction.size_ratio=2 "

START_TEST(max_levels_keeps_the_tree_flat)
{
	static const char *const strategies[] = {"leveled", "tiered", "lazy_leveling"};

	for (size_t i = 0; i < array_size(strategies); i++) {
		char settings[300];

		(void)snprintf(settings, sizeof(settings), STEEP "compaction.strategy=%s",
			       strategies[i]);
		ck_assert_int_ge(depth_with(settings), 3);
		(void)snprintf(settings, sizeof(settings),
			       STEEP "compaction.strategy=%s compaction.max_levels=3",
			       strategies[i]);
		ck_assert_int_eq(depth_with(settings), 2);
	}
	ck_assert_int_eq(depth_with(STEEP "compaction.max_levels=2"), 1);
}
END_TEST

START_TEST(levels_in_use_stay_in_use)
{
	struct env *env = env_mem_new();
	struct lsm *db = at_rest(env, STEEP, 1, 2000);
	int depth = deepest(db);

	db_close(db);
	ck_assert_int_ge(depth, 3);
	db = at_rest(env, STEEP "compaction.max_levels=2", 2, 2000);
	effects_read(db, 2000);
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), 0);
	effects_compact(db);
	effects_read(db, 2000);
	ck_assert_uint_eq(db_stats(db).table_records, 2000);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(size_ratio_is_how_much_larger_a_level_is)
{
	int steep = depth_with("compaction.l0_threshold=1 compaction.base_level_size=8k "
			       "compaction.size_ratio=2");
	int flat = depth_with("compaction.l0_threshold=1 compaction.base_level_size=8k "
			      "compaction.size_ratio=100");

	ck_assert_int_gt(steep, flat);
}
END_TEST

START_TEST(base_level_size_is_what_level_1_holds)
{
	ck_assert_int_eq(depth_with("compaction.l0_threshold=1 compaction.base_level_size=64m"), 1);
	ck_assert_int_ge(depth_with("compaction.l0_threshold=1 compaction.base_level_size=8k"), 2);
}
END_TEST

START_TEST(threads_compact_unasked)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "compaction.threads=0 compaction.l0_threshold=2");

	for (unsigned i = 0; i < 6; i++) {
		db_put(db, "a", "1");
		effects_flush(db);
	}
	ck_assert_uint_eq(db_stats(db).levels[0].files, 6);
	for (unsigned i = 0; i < DB_COMPACTION_THREADS_MAX; i++)
		ck_assert(!db->compaction_threads[i].started);
	db_close(db);
	db = effects_open(env, "compaction.threads=3 compaction.l0_threshold=2");
	ck_assert(db->compaction_threads[2].started && !db->compaction_threads[3].started);
	effects_await_rest(db);
	ck_assert_uint_lt(db_stats(db).levels[0].files, 2);
	db_close(db);
	env_free(env);
}
END_TEST

/* ns of pauses in a compaction of about 400 KiB. */
static uint64_t paused_with(const char *settings, uint64_t *ret_ns)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(db_fill(db, 0, 400, 1000), 0);
		effects_flush(db);
	}
	uint64_t start_ns = clock_mono_ns();

	effects_compact(db);
	*ret_ns = clock_mono_ns() - start_ns;
	uint64_t paused_ns = db_stats(db).compaction_paced_ns;

	db_close(db);
	env_free(env);
	return paused_ns;
}

START_TEST(rate_limit_makes_compactions_wait)
{
	uint64_t ns;

	ck_assert_uint_eq(paused_with("compaction.threads=0 compaction.rate_limit=0", &ns), 0);
	/* 400 KiB at 1 MiB/s, less what 100 ms give for nothing: at least 0.2 s */
	uint64_t paused = paused_with("compaction.threads=0 compaction.rate_limit=1m", &ns);

	ck_assert_uint_gt(paused, 200000000);
	ck_assert_uint_ge(ns, paused);
}
END_TEST

START_TEST(a_compaction_that_waits_can_be_stopped)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "compaction.rate_limit=1 compaction.l0_threshold=2");

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(db_fill(db, 0, 400, 1000), 0);
		effects_flush(db);
	}
	db_close(db); /* and not in 400000 seconds */
	env_free(env);
}
END_TEST

START_TEST(l0_threshold_starts_compactions)
{
	struct env *env = env_mem_new();
	struct lsm *db = at_rest(env, "compaction.l0_threshold=3", 2, 10);

	ck_assert_uint_eq(db_stats(db).levels[0].files, 2);
	ck_assert_uint_eq(db_stats(db).compactions, 0);
	ck_assert_int_eq(db_fill(db, 0, 10, 100), 0);
	effects_flush(db);
	effects_await_rest(db);
	ck_assert_uint_lt(db_stats(db).levels[0].files, 3);
	ck_assert_uint_gt(db_stats(db).compactions, 0);
	db_close(db);
	env_free(env);
}
END_TEST

/* Three tables on level 0 whose merge is paced from its beginning. */
static struct env *store_of_three(void)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "compaction.threads=0 memtable.max_size=1m");

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(db_fill(db, 0, 300, 1000), 0);
		effects_flush(db);
	}
	ck_assert_uint_eq(db_stats(db).levels[0].files, 3);
	db_close(db);
	return env;
}

/* Compaction cannot keep up: it may write a byte a second. */
#define SLOW "compaction.threads=1 compaction.rate_limit=1 compaction.l0_threshold=2 "

START_TEST(l0_slowdown_delays_writes)
{
	struct env *env = store_of_three();
	struct lsm *db = effects_open(env, SLOW "compaction.l0_slowdown=4 compaction.l0_stop=1000");

	db_put(db, "a", "1");
	ck_assert_uint_eq(db_stats(db).stall_slow, 0);
	db_close(db);
	db = effects_open(env, SLOW "compaction.l0_slowdown=3 compaction.l0_stop=1000");
	db_put(db, "a", "2");
	ck_assert_uint_eq(db_stats(db).stall_slow, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(l0_stop_stops_writes)
{
	struct env *env = store_of_three();
	struct lsm_options o =
		effects_options(env, SLOW "compaction.l0_slowdown=3 compaction.l0_stop=4");

	o.stall_timeout_ms = 1;
	struct lsm *db = db_open_with(&o);

	db_put(db, "a", "1");
	ck_assert_uint_eq(db_stats(db).stall_stop, 0);
	db_close(db);
	o.l0_stop = 3;
	db = db_open_with(&o);
	ck_assert_int_eq(db_try_put(db, "a", "2"), -ETIMEDOUT);
	ck_assert_uint_eq(db_stats(db).stall_stop, 1);
	ck_assert(db_has(db, "a", "1"));
	db_close(db);
	env_free(env);
}
END_TEST

static void compact_seen_by(struct spy_env *spy, struct env *mem, const char *settings)
{
	spy_init(spy, mem, ".sst");
	struct lsm *db = effects_open(&spy->env, settings);

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(db_fill(db, 0, 500, 1000), 0);
		effects_flush(db);
	}
	effects_compact(db);
	effects_read(db, 500);
	db_close(db);
}

START_TEST(read_ahead_size_is_what_one_read_of_a_compaction_takes)
{
	struct env *env = env_mem_new();
	static struct spy_env spy;

	compact_seen_by(&spy, env, "compaction.threads=0 io.read_ahead_size=16k");
	ck_assert_uint_le(atomic_load(&spy.longest_read), 20 << 10);
	ck_assert_uint_le(atomic_load(&spy.longest_ahead), 16 << 10);
	compact_seen_by(&spy, env, "compaction.threads=0 io.read_ahead_size=128k");
	ck_assert_uint_eq(atomic_load(&spy.longest_read), 128 << 10);
	ck_assert_uint_eq(atomic_load(&spy.longest_ahead), 128 << 10);
	env_free(env);
}
END_TEST

/* What the kernel does for it is in env_posix_map_test. */
START_TEST(mmap_opens_tables_to_be_mapped)
{
	struct env *env = env_mem_new();
	static struct spy_env spy;

	compact_seen_by(&spy, env, "compaction.threads=0 io.mmap=off");
	ck_assert_uint_eq(atomic_load(&spy.opens[ENV_MAP]), 0);
	ck_assert_uint_gt(atomic_load(&spy.opens[ENV_READ]), 0);
	compact_seen_by(&spy, env, "compaction.threads=0 io.mmap=on");
	ck_assert_uint_gt(atomic_load(&spy.opens[ENV_MAP]), 0);
	ck_assert_uint_eq(atomic_load(&spy.opens[ENV_READ]), 0);
	env_free(env);
}
END_TEST

/* What the kernel does for it is in env_posix_direct_test. */
START_TEST(direct_io_makes_tables_past_the_page_cache)
{
	struct env *env = env_mem_new();
	static struct spy_env spy;

	compact_seen_by(&spy, env, "compaction.threads=0 io.direct_io=off");
	ck_assert_uint_eq(atomic_load(&spy.opens[ENV_CREATE_DIRECT]), 0);
	ck_assert_uint_gt(atomic_load(&spy.opens[ENV_CREATE]), 2);
	compact_seen_by(&spy, env, "compaction.threads=0 io.direct_io=on");
	ck_assert_uint_gt(atomic_load(&spy.opens[ENV_CREATE_DIRECT]), 2);
	ck_assert_uint_eq(atomic_load(&spy.opens[ENV_CREATE]), 0);
	env_free(env);
}
END_TEST

/* Whether a second thread was started for a value of 2 MiB. */
static bool has_helper(const char *settings)
{
	static uint8_t value[2 << 20];
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(value, sizeof(value)), NULL), 0);
	struct helper *helper = blob_store_helper(tree_blobs(db->tree));
	bool started = helper && helper->thread.started;

	db_close(db);
	env_free(env);
	return started;
}

START_TEST(threads_write_large_values_side_by_side)
{
	ck_assert(has_helper("io.threads=2"));
	ck_assert(!has_helper("io.threads=1"));
}
END_TEST

static const TTest *const *const tests[] = {
	EFFECTS_TREE(EFFECTS_TEST) & levels_in_use_stay_in_use,
	&a_compaction_that_waits_can_be_stopped,
};

UNIT_SUITE("lsm/config/effects_tree", tests)
