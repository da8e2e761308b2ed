/*
 * Compaction over levels of several runs, and from one strategy to another: whatever order jobs are
 * picked and finished in, every reader sees the same.
 */
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/tree/store_fixture.h"

enum {
	STEPS = 400,
	HELD_MAX = 3, /* jobs that run side by side */
};

static void change_and_flush(struct store *s, struct model *m, unsigned key, bool is_put)
{
	store_change(m, s->memtable, key, is_put);
	ck_assert_int_eq(store_flush(s, m), 0);
}

/* Run the one job that is wanted now. */
static void run_next(struct store *s, const struct model *m)
{
	struct compaction_job job;

	ck_assert_int_eq(tree_pick(s->tree, &job), 0);
	ck_assert_int_eq(store_run(s, m, &job), 0);
}

static uint64_t tombstones_of(struct store *s)
{
	struct version *v = tree_current(s->tree);
	uint64_t count = 0;

	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < v->levels[level].count; i++)
			count += v->levels[level].files[i]->tombstones;
	}
	version_unref(v);
	return count;
}

static size_t runs_of(struct store *s, int level)
{
	struct version *v = tree_current(s->tree);
	size_t count = v->levels[level].run_count;

	version_unref(v);
	return count;
}

/* Level 1: a run with key 1, above it one with its tombstone. */
static void make_two_runs(struct store *s, struct model *m)
{
	change_and_flush(s, m, 1, true);
	change_and_flush(s, m, 3, true);
	run_next(s, m);
	change_and_flush(s, m, 1, false);
	change_and_flush(s, m, 5, true);
	run_next(s, m);
	ck_assert_uint_eq(runs_of(s, 1), 2);
}

START_TEST(a_tombstone_stays_above_an_older_run_and_goes_when_they_are_merged)
{
	static struct model m;
	struct store s;
	struct env *env = env_mem_new();

	memset(&m, 0, sizeof(m));
	store_create_as(&s, env, PICKER_TIERED, 2);
	make_two_runs(&s, &m);
	ck_assert_uint_eq(tombstones_of(&s), 1);
	expect_model(&s, &m);
	ck_assert_int_eq(store_compact(&s, &m), 0);
	ck_assert_uint_eq(runs_of(&s, 1), 1);
	ck_assert_uint_eq(tombstones_of(&s), 0);
	expect_model(&s, &m);
	expect_verified(&s);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_snapshot_keeps_what_runs_have_for_it_through_their_merge)
{
	static struct model m;
	struct store s;
	struct env *env = env_mem_new();

	memset(&m, 0, sizeof(m));
	store_create_as(&s, env, PICKER_TIERED, 2);
	m.snapshots[m.snapshot_count++] = 2; /* keys 1 and 3 */
	make_two_runs(&s, &m);
	ck_assert_int_eq(store_compact(&s, &m), 0);
	ck_assert_uint_eq(runs_of(&s, 1), 1);
	ck_assert_uint_eq(tombstones_of(&s), 1);
	expect_model(&s, &m);
	m.snapshot_count = 0;
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	ck_assert_uint_eq(tombstones_of(&s), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

static void move_level_1_to_2(struct store *s)
{
	struct version *v = tree_current(s->tree);
	struct version_edit e = {0};
	uint64_t run = tree_new_file_number(s->tree);

	for (size_t i = 0; i < v->levels[1].count; i++) {
		struct table_file *f = v->levels[1].files[i];

		ck_assert_int_eq(version_edit_remove_table(&e, 1, f->number), 0);
		ck_assert_int_eq(version_edit_add_table(&e, 2, run, f), 0);
	}
	ck_assert_int_eq(tree_apply(s->tree, &e), 0);
	version_edit_done(&e);
	version_unref(v);
}

/* Level 1 is merged into level 2, which has a run with the key, beside another run on top. */
START_TEST(a_tombstone_survives_the_way_down_onto_an_older_run)
{
	static struct model m;
	struct store s;
	struct compaction_job job;
	struct env *env = env_mem_new();

	memset(&m, 0, sizeof(m));
	store_create_as(&s, env, PICKER_TIERED, 16);
	for (unsigned round = 0; round < 2; round++) {
		/* key 1, and later key 5 alone, as runs of level 2 */
		change_and_flush(&s, &m, round ? 5 : 1, true);
		change_and_flush(&s, &m, 100 + round, true);
		run_next(&s, &m);
		move_level_1_to_2(&s);
	}
	ck_assert_uint_eq(runs_of(&s, 2), 2);
	change_and_flush(&s, &m, 1, false);
	for (int level = 0; level < 2; level++) {
		ck_assert_int_eq(tree_pick_range(s.tree, level, slice_str(""), slice_str(""), &job),
				 0);
		ck_assert_int_eq(job.output_level, level + 1);
		job.trivial_move = false; /* the filter is to decide */
		ck_assert_int_eq(store_run(&s, &m, &job), 0);
		ck_assert_uint_eq(tombstones_of(&s), 1);
		expect_model(&s, &m);
	}
	ck_assert_uint_eq(runs_of(&s, 2), 3);
	ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
	ck_assert_uint_eq(tombstones_of(&s), 0);
	expect_model(&s, &m);
	store_close(&s);
	env_free(env);
}
END_TEST

START_TEST(a_whole_compaction_leaves_one_run_whatever_the_strategy)
{
	for (int strategy = PICKER_LEVELED; strategy <= PICKER_LAZY_LEVELING; strategy++) {
		static struct model m;
		struct store s;
		struct rng r;
		struct env *env = env_mem_new();
		size_t runs = 0;

		rng_seed(&r, unit_seed());
		memset(&m, 0, sizeof(m));
		store_create_as(&s, env, (enum picker_strategy)strategy, 3);
		for (int round = 0; round < 25; round++) {
			store_random_changes(&s, &m, &r, 100);
			ck_assert_int_eq(store_flush(&s, &m), 0);
			if (rng_below(&r, 2))
				ck_assert_int_eq(store_compact(&s, &m), 0);
		}
		ck_assert_int_eq(store_compact_range(&s, &m, "", ""), 0);
		for (int level = 0; level < TREE_LEVELS; level++)
			runs += runs_of(&s, level);
		ck_assert_uint_eq(runs, 1);
		ck_assert_uint_eq(tombstones_of(&s), 0);
		expect_model(&s, &m);
		store_close(&s);
		env_free(env);
	}
}
END_TEST

START_TEST(levels_have_no_more_runs_than_their_strategy_lets_them)
{
	for (int strategy = PICKER_LEVELED; strategy <= PICKER_LAZY_LEVELING; strategy++) {
		static struct model m;
		struct store s;
		struct rng r;
		struct env *env = env_mem_new();
		size_t most = 0;

		rng_seed(&r, unit_seed());
		memset(&m, 0, sizeof(m));
		store_create_as(&s, env, (enum picker_strategy)strategy, 4);
		for (int round = 0; round < 80; round++) {
			store_random_changes(&s, &m, &r, 100);
			ck_assert_int_eq(store_flush(&s, &m), 0);
			ck_assert_int_eq(store_compact(&s, &m), 0);
			ck_assert_uint_lt(runs_of(&s, 0), 2);
			for (int level = 1; level < TREE_LEVELS; level++)
				most = max_of(most, runs_of(&s, level));
		}
		struct version *v = tree_current(s.tree);
		int last = TREE_LEVELS - 1;
		while (v->levels[last].count == 0)
			last--;
		ck_assert_int_ge(last, strategy == PICKER_TIERED ? 1 : 2);
		if (strategy != PICKER_TIERED)
			ck_assert_uint_eq(v->levels[last].run_count, 1);
		version_unref(v);
		ck_assert_uint_eq(most, strategy == PICKER_LEVELED ? 1 : 3);
		expect_model(&s, &m);
		store_close(&s);
		env_free(env);
	}
}
END_TEST

/* ---- jobs side by side ---- */

struct mix {
	struct store store;
	struct model model;
	struct rng rng;
	struct compaction_job held[HELD_MAX]; /* picked, not yet run */
	size_t held_count;
	unsigned jobs, side_by_side;
};

static void hold_job(struct mix *x)
{
	struct compaction_job *job = &x->held[x->held_count];
	char from[32], to[32];
	int err;

	if (x->held_count == HELD_MAX)
		return;
	store_random_range(&x->rng, from, to);
	if (rng_below(&x->rng, 4))
		err = tree_pick(x->store.tree, job);
	else
		err = tree_pick_range(x->store.tree, (int)rng_below(&x->rng, 4), slice_str(from),
				      slice_str(to), job);
	ck_assert(err == 0 || err == -ENOENT || err == -EBUSY);
	if (err)
		return;
	x->held_count++;
	x->side_by_side += x->held_count > 1;
}

/* Any of those that are running ends, or is given up. */
static void end_job(struct mix *x)
{
	if (x->held_count == 0)
		return;
	size_t at = rng_below(&x->rng, x->held_count);
	struct compaction_job job = x->held[at];

	x->held[at] = x->held[--x->held_count];
	if (rng_below(&x->rng, 10) == 0) {
		tree_drop_job(x->store.tree, &job);
		return;
	}
	ck_assert_int_eq(store_run(&x->store, &x->model, &job), 0);
	x->jobs++;
}

static void reopen_with_another(struct mix *x, struct env *env)
{
	while (x->held_count > 0)
		end_job(x);
	tree_purge(x->store.tree);
	expect_no_orphans(&x->store);
	store_close(&x->store);
	store_open_as(&x->store, env, (enum picker_strategy)rng_below(&x->rng, 3),
		      (unsigned)(2 + rng_below(&x->rng, 3)));
	ck_assert_int_eq(store_add_log(&x->store), 0);
	expect_model(&x->store, &x->model);
}

static void step(struct mix *x, struct env *env)
{
	uint64_t what = rng_below(&x->rng, 40);

	if (what < 8) {
		store_random_changes(&x->store, &x->model, &x->rng,
				     1 + (unsigned)rng_below(&x->rng, 80));
		store_random_snapshots(&x->model, &x->rng);
		ck_assert_int_eq(store_flush(&x->store, &x->model), 0);
	} else if (what < 24) {
		hold_job(x);
	} else if (what < 39) {
		end_job(x);
	} else {
		reopen_with_another(x, env);
	}
}

static void switch_strategies(void)
{
	static struct mix x;
	struct env *env = env_mem_new();

	memset(&x, 0, sizeof(x));
	rng_seed(&x.rng, unit_seed());
	store_create_as(&x.store, env, PICKER_TIERED, 3);
	ck_assert_int_eq(store_add_log(&x.store), 0);
	for (int i = 0; i < STEPS; i++) {
		step(&x, env);
		if (i % 10 == 0)
			expect_model(&x.store, &x.model);
	}
	reopen_with_another(&x, env);
	ck_assert_int_eq(store_compact(&x.store, &x.model), 0);
	expect_model(&x.store, &x.model);
	expect_verified(&x.store);
	ck_assert_uint_gt(x.jobs, STEPS / 10);
	ck_assert_uint_gt(x.side_by_side, 0);
	store_close(&x.store);
	env_free(env);
}

START_TEST(strategies_switched_at_each_reopen_agree_with_jobs_side_by_side)
{
	switch_strategies();
}
END_TEST

START_TEST(so_they_do_when_blob_files_are_emptied_on_the_way)
{
	store_large = true;
	switch_strategies();
	store_large = false;
}
END_TEST

static const TTest *const *const tests[] = {
	&a_tombstone_stays_above_an_older_run_and_goes_when_they_are_merged,
	&a_snapshot_keeps_what_runs_have_for_it_through_their_merge,
	&a_tombstone_survives_the_way_down_onto_an_older_run,
	&a_whole_compaction_leaves_one_run_whatever_the_strategy,
	&levels_have_no_more_runs_than_their_strategy_lets_them,
	&strategies_switched_at_each_reopen_agree_with_jobs_side_by_side,
	&so_they_do_when_blob_files_are_emptied_on_the_way,
};

UNIT_SUITE("lsm/tree/strategies", tests)
