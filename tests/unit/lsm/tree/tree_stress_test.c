/*
 * A flushing thread, two compacting threads and two reading ones on one tree; made for the thread
 * sanitizer.
 */
#include <sched.h>

#include "lsm/base/thread.h"
#include "tests/unit/lsm/tree/store_fixture.h"

enum {
	FLUSHES = 61,
	FLUSHES_PER_JOB = 6, /* more than make one wanted */
	COMPACTORS = 2,
	READERS = 2,
};

struct stress {
	struct store store;
	struct model
		model; /* changed by the flushing thread before flushed_seqno lets others read it */
	_Atomic uint64_t flushed_seqno;
	_Atomic bool done;
	_Atomic uint64_t jobs;
	_Atomic uint64_t reads;
	uint64_t seed;
};

static void compact_body(void *arg)
{
	struct stress *s = arg;
	struct compaction_job job;
	const struct tree_compact_limits limits = {0};
	int turn = 0;

	while (!atomic_load(&s->done)) {
		int err = ++turn % 7 ? tree_pick(s->store.tree, &job)
				     : tree_pick_range(s->store.tree, turn % 3, slice_str("f02"),
						       slice_str("f04"), &job);

		if (err == -ENOENT || err == -EBUSY) {
			tree_purge(s->store.tree);
			continue;
		}
		ck_assert(err == 0);
		ck_assert(tree_compact(s->store.tree, &job, &limits) == 0);
		atomic_fetch_add(&s->jobs, 1);
	}
}

/*
 * Readers read what is newest: the version they hold has everything up to the seqno they saw before
 * they took it.
 */
static void read_body(void *arg)
{
	struct stress *s = arg;
	struct rng r;

	rng_seed(&r, s->seed);
	while (!atomic_load(&s->done)) {
		uint64_t seqno = atomic_load_explicit(&s->flushed_seqno, memory_order_acquire);
		struct version *v = tree_current(s->store.tree);
		char space[32];

		for (int i = 0; i < 20; i++) {
			unsigned key = (unsigned)rng_below(&r, STORE_KEYS);
			struct table_hit hit;
			int err = tree_get(s->store.tree, v, slice_str(store_key(key, space)),
					   RECORD_SEQNO_MAX, &hit);

			ck_assert(err == 0 || err == -ENOENT);
			/*
			 * Nothing is ever deleted here: what was flushed once is found, or
			 * something newer.
			 */
			for (uint64_t k = seqno; k > 0; k--) {
				if (s->model.changes[k - 1].key != key)
					continue;
				ck_assert(err == 0 && hit.rec.seqno >= k);
				break;
			}
			if (!err)
				table_hit_done(&hit);
		}
		struct iter *it = store_iter(s->store.tree, v, "f03/");
		iter_first(it);
		while (iter_valid(it))
			iter_next(it);
		ck_assert(iter_status(it) == 0);
		iter_free(it);
		version_unref(v);
		atomic_fetch_add(&s->reads, 1);
	}
}

static void agree(enum picker_strategy strategy)
{
	static struct stress s;
	struct env *env = env_mem_new();
	struct thread threads[COMPACTORS + READERS] = {0};
	struct rng r;

	memset(&s, 0, sizeof(s));
	s.seed = unit_seed();
	rng_seed(&r, s.seed);
	store_create_as(&s.store, env, strategy, 2);
	ck_assert_int_eq(store_add_log(&s.store), 0);
	for (int i = 0; i < COMPACTORS + READERS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "stress",
					      i < COMPACTORS ? compact_body : read_body, &s),
				 0);
	for (int i = 0; i < FLUSHES; i++) {
		for (int k = 0; k < 60; k++)
			store_change(&s.model, s.store.memtable,
				     (unsigned)rng_below(&r, STORE_KEYS), true);
		ck_assert_int_eq(store_flush(&s.store, &s.model), 0);
		atomic_store_explicit(&s.flushed_seqno, s.model.count, memory_order_release);
		if (i % 10 == 0)
			ck_assert_int_eq(store_add_log(&s.store), 0);
		/* Else starved compactors may merge all there is in fewer jobs than are wanted. */
		while (atomic_load(&s.jobs) < (uint64_t)i / FLUSHES_PER_JOB)
			sched_yield();
	}
	while (atomic_load(&s.jobs) < 10 || atomic_load(&s.reads) < 10)
		sched_yield();
	atomic_store(&s.done, true);
	for (int i = 0; i < COMPACTORS + READERS; i++)
		thread_join(&threads[i]);
	expect_model(&s.store, &s.model);
	expect_verified(&s.store);
	tree_purge(s.store.tree);
	expect_no_orphans(&s.store);
	store_close(&s.store);
	store_open(&s.store, env);
	expect_model(&s.store, &s.model);
	store_close(&s.store);
	env_free(env);
}

START_TEST(jobs_and_readers_side_by_side_agree_with_the_model)
{
	agree(PICKER_LEVELED);
}
END_TEST

START_TEST(tiered_jobs_and_readers_side_by_side_agree_with_the_model)
{
	agree(PICKER_TIERED);
}
END_TEST

START_TEST(lazy_leveling_jobs_and_readers_side_by_side_agree_with_the_model)
{
	agree(PICKER_LAZY_LEVELING);
}
END_TEST

START_TEST(jobs_and_readers_of_large_values_agree_with_the_model)
{
	store_large = true;
	agree(PICKER_LEVELED);
	store_large = false;
}
END_TEST

START_TEST(tiered_jobs_and_readers_of_large_values_agree_with_the_model)
{
	store_large = true;
	agree(PICKER_TIERED);
	store_large = false;
}
END_TEST

static const TTest *const *const tests[] = {
	&jobs_and_readers_side_by_side_agree_with_the_model,
	&tiered_jobs_and_readers_side_by_side_agree_with_the_model,
	&lazy_leveling_jobs_and_readers_side_by_side_agree_with_the_model,
	&jobs_and_readers_of_large_values_agree_with_the_model,
	&tiered_jobs_and_readers_of_large_values_agree_with_the_model,
};

UNIT_SUITE("lsm/tree/tree_stress", tests)
