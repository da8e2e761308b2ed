#include <sched.h>
#include <stdlib.h>

#include "tests/unit/lsm/db/gate.h"

START_TEST(the_cache_is_dropped)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_record pinned;
	char text[DB_TEXT_MAX];

	ck_assert_int_eq(db_fill(db, 0, 1000, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	for (unsigned n = 0; n < 1000; n++) {
		ck_assert_int_eq(lsm_get(db, slice_str(db_key(text, n)), NULL, &pinned), 0);
		if (n < 999)
			lsm_record_release(&pinned);
	}
	uint64_t before = db_stats(db).cache_bytes;

	ck_assert_uint_gt(before, 50000);
	lsm_drop_cache(db);
	/* one block is held */
	ck_assert_uint_gt(db_stats(db).cache_bytes, 0);
	ck_assert_uint_lt(db_stats(db).cache_bytes, before / 20);
	ck_assert_uint_eq(pinned.value.len, 100);
	lsm_record_release(&pinned);
	lsm_drop_cache(db);
	ck_assert_uint_eq(db_stats(db).cache_bytes, 0);
	ck_assert_int_eq(lsm_get(db, slice_str(text), NULL, &pinned), 0);
	lsm_record_release(&pinned);
	db_close(db);
	env_free(env);
}
END_TEST

static void fill_level_0(struct lsm *db, unsigned tables)
{
	for (unsigned i = 0; i < tables; i++) {
		ck_assert_int_eq(db_fill(db, 0, 10, 100), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
}

static void await_level_0(struct lsm *db, uint64_t at_most)
{
	mutex_guard(&db->work_mu);

	while (atomic_load(&db->l0_files) > at_most)
		cond_wait(&db->work_done, &db->work_mu);
}

START_TEST(compaction_pauses_and_goes_on)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.l0_threshold = 2;
	options.l0_slowdown = 4;
	options.l0_stop = 6;
	struct lsm *db = db_open_with(&options);

	ck_assert(!lsm_compaction_is_paused(db));
	lsm_pause_compaction(db);
	ck_assert(lsm_compaction_is_paused(db));
	/* more than l0_stop: writers do not wait for what does not come */
	fill_level_0(db, 10);
	ck_assert_uint_eq(db_stats(db).levels[0].files, 10);
	ck_assert_uint_eq(db_stats(db).compactions + db_stats(db).trivial_moves, 0);
	ck_assert_uint_eq(db_stats(db).stall_stop, 0);
	/* but when somebody asks for it */
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).levels[0].files, 0);
	fill_level_0(db, 10);
	ck_assert_uint_eq(db_stats(db).levels[0].files, 10);
	lsm_resume_compaction(db);
	ck_assert(!lsm_compaction_is_paused(db));
	await_level_0(db, 1);
	db_close(db);
	env_free(env);
}
END_TEST

struct stalled {
	struct lsm *db;
	struct thread thread;
	int err;
};

static void put_one(void *arg)
{
	struct stalled *s = arg;

	s->err = db_try_put(s->db, "stalled", "1");
}

/* One that waits for compaction when it is paused goes on. */
START_TEST(a_pause_lets_stalled_writers_go)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(gate_over(env, false));
	struct stalled s = {.err = 1};

	options.compaction_threads = 1;
	options.l0_threshold = options.l0_slowdown = options.l0_stop = 3;
	struct lsm *db = db_open_with(&options);

	lsm_pause_compaction(db);
	fill_level_0(db, 3);
	gate_set(true);
	lsm_resume_compaction(db);
	gate_wait(); /* the compaction */
	s.db = db;
	ck_assert_int_eq(thread_start(&s.thread, "stalled", put_one, &s), 0);
	while (db_stats(db).stall_stop == 0)
		(void)sched_yield();
	lsm_pause_compaction(db);
	thread_join(&s.thread);
	ck_assert_int_eq(s.err, 0);
	ck_assert_uint_eq(db_stats(db).levels[0].files, 3);
	gate_set(false);
	await_level_0(db, 0); /* what was under way ends as it would */
	db_close(db);
	env_free(env);
}
END_TEST

static int delete_past(struct lsm *db, const char *key)
{
	const struct lsm_write_options options = {.past_freeze = true};

	return lsm_delete(db, slice_str(key), &options);
}

START_TEST(a_frozen_store_takes_no_change)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	const struct lsm_patch patch = {.size = 1, .bytes = slice_str("x")};
	struct lsm_batch *batch = lsm_batch_new();
	static uint8_t large[5000];

	options.large_value_threshold = 4096;
	struct lsm *db = db_open_with(&options);

	db_put(db, "k", "1");
	ck_assert_int_eq(lsm_check_writable(db), 0);
	ck_assert_int_eq(lsm_snapshot_make(db, slice_str("before")), 0);
	lsm_freeze(db);
	ck_assert(lsm_is_frozen(db));
	ck_assert_int_eq(lsm_check_writable(db), -EROFS);
	ck_assert_int_eq(db_try_put(db, "k", "2"), -EROFS);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "read-only"));
	ck_assert_int_eq(lsm_delete(db, slice_str("k"), NULL), -EROFS);
	ck_assert_int_eq(lsm_write_patch(db, slice_str("k"), &patch, NULL), -EROFS);
	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(large, sizeof(large)), NULL), -EROFS);
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("b"), slice_str(""), slice_str("1")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -EROFS);
	ck_assert_uint_eq(db_stats(db).last_seqno, 1);
	ck_assert_uint_eq(db_stats(db).blob_files, 0);
	ck_assert_int_eq(lsm_snapshot_make(db, slice_str("s")), -EROFS);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "read-only"));
	ck_assert_int_eq(lsm_snapshot_drop(db, slice_str("before")), -EROFS);
	/* which is told */
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_READ_ONLY);
	ck_assert_str_eq(db_stats(db).health_text, "the store has been set read-only");
	ck_assert_uint_eq(db_stats(db).takes_no_writes, 1);
	/* all else goes on */
	ck_assert_int_eq(lsm_set_note(db, slice_str("a note")), 0);
	ck_assert_int_eq(lsm_sync(db), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(lsm_checkpoint(db, "copy"), 0);
	ck_assert(db_has(db, "k", "1"));
	ck_assert_int_eq(delete_past(db, "k"), 0);
	ck_assert(db_has(db, "k", NULL));
	lsm_thaw(db);
	ck_assert(!lsm_is_frozen(db));
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	ck_assert_int_eq(lsm_check_writable(db), 0);
	ck_assert_int_eq(lsm_snapshot_drop(db, slice_str("before")), 0);
	db_put(db, "k", "3");
	lsm_freeze(db); /* until it is closed */
	db_close(db);
	db = db_open_with(&options);
	ck_assert(db_has(db, "k", "3"));
	db_put(db, "k", "4");
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

struct freezer {
	struct lsm *db;
	struct thread thread;
	_Atomic bool stop;
	uint64_t taken, refused;
};

static void write_on(void *arg)
{
	struct freezer *f = arg;
	char text[DB_TEXT_MAX];

	for (unsigned n = 0; !atomic_load(&f->stop); n++) {
		int err = db_try_put(f->db, db_key(text, n % 100), "v");

		ck_assert(err == 0 || err == -EROFS);
		f->taken += err == 0;
		f->refused += err != 0;
	}
}

START_TEST(nothing_changes_from_when_it_is_frozen)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct freezer f = {.db = db};

	ck_assert_int_eq(thread_start(&f.thread, "writer", write_on, &f), 0);
	for (int i = 0; i < 200; i++) {
		lsm_freeze(db);
		uint64_t seqno = db_stats(db).last_seqno;

		(void)sched_yield();
		ck_assert_uint_eq(db_stats(db).last_seqno, seqno);
		lsm_thaw(db);
		while (db_stats(db).last_seqno == seqno)
			(void)sched_yield();
	}
	atomic_store(&f.stop, true);
	thread_join(&f.thread);
	ck_assert_uint_eq(db_stats(db).last_seqno, f.taken);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_level_is_compacted_into_the_next)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);

	fill_level_0(db, 3);
	db_put(db, "in memory", "1");
	ck_assert_int_eq(lsm_compact_level(db, 0), 0);
	ck_assert_uint_eq(db_stats(db).levels[0].files, 0);
	ck_assert_uint_eq(db_stats(db).levels[1].entries, 11);
	fill_level_0(db, 1);
	ck_assert_int_eq(lsm_compact_level(db, 1), 0); /* the last one */
	ck_assert_uint_eq(db_stats(db).levels[0].files, 1);
	ck_assert_uint_eq(db_stats(db).levels[1].entries, 11);
	ck_assert_int_eq(lsm_compact_level(db, 5), 0); /* nothing there */
	ck_assert_int_eq(lsm_compact_level(db, LSM_LEVELS), -EINVAL);
	ck_assert(db_has(db, "in memory", "1"));
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_cache_is_dropped,
	&compaction_pauses_and_goes_on,
	&a_pause_lets_stalled_writers_go,
	&a_frozen_store_takes_no_change,
	&nothing_changes_from_when_it_is_frozen,
	&a_level_is_compacted_into_the_next,
};

UNIT_SUITE("lsm/db/control", tests)
