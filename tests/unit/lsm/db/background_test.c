/*
 * Background jobs that fail: what waits for them, what goes on, when they are tried again.
 */
#include "lsm/base/clock.h"
#include "tests/unit/lsm/db/db_fixture.h"

/* A store whose two tables in level 0 cannot be compacted: a block of one is damaged. */
static struct env *store_with_bad_table(void)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	for (unsigned table = 0; table < 2; table++) {
		ck_assert_int_eq(db_fill(db, 0, 60, 100), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	db_close(db);
	db_damage(env, db_find(env, ".sst").name, 100);
	return env;
}

static void wait_for_failures(struct lsm *db, uint64_t count)
{
	mutex_guard(&db->work_mu);

	while (db->jobs[DB_JOB_COMPACTION].failures < count)
		cond_wait(&db->work_done, &db->work_mu);
}

START_TEST(writes_and_flushes_go_on_while_a_compaction_fails)
{
	struct env *env = store_with_bad_table();
	struct lsm_options options = db_small_options(env);

	options.memtables_max = 1;
	options.l0_threshold = 1;
	options.l0_slowdown = 1000;
	options.l0_stop = 1000;
	struct lsm *db = db_open_with(&options);

	wait_for_failures(db, 1);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_DEGRADED);
	for (unsigned round = 0; round < 40; round++) {
		if (db_fill(db, 1000, 1150, 100))
			ck_abort_msg("put: %s", lsm_error_text());
		if (lsm_flush(db))
			ck_abort_msg("flush: %s", lsm_error_text());
		/* the flush that worked says nothing about the compaction */
		ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_DEGRADED);
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(failing_jobs_do_not_wake_each_other_out_of_their_pause)
{
	struct env *env = store_with_bad_table();
	struct lsm_options options = db_small_options(env);

	options.l0_threshold = 1;
	options.compaction_threads = 3;
	uint64_t start = clock_mono_ns();
	struct lsm *db = db_open_with(&options);

	/* pauses grow from 10 ms to a second, so three threads need a second for these */
	wait_for_failures(db, 11);
	ck_assert_uint_ge(clock_mono_ns() - start, UINT64_C(1000000000));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_full_disk_stops_writes_and_space_lets_them_go_on)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_with(&options);
	unsigned written = 0;
	int err = 0;

	env_mem_set_capacity(env, 300 << 10);
	while (!err)
		err = db_fill(db, written, written + 1, 200) ?: (written++, 0);
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_uint_gt(written, 100);
	/* and again: an answer, no hang, no other error; a compaction may have made some room */
	for (unsigned n = 0; n < 50; n++) {
		err = db_fill(db, written, written + 1, 200);
		ck_assert(err == 0 || err == -ENOSPC);
		written += !err;
	}
	env_mem_set_capacity(env, UINT64_MAX);
	uint64_t start = clock_mono_ns();
	while ((err = db_fill(db, written, written + 1, 200)) == -ENOSPC &&
	       clock_mono_ns() - start < UINT64_C(10000000000))
		;
	if (err)
		ck_abort_msg("no write with space again: %d %s", err, lsm_error_text());
	while ((err = lsm_compact(db, slice_str(""), slice_str(""))) == -ENOSPC &&
	       clock_mono_ns() - start < UINT64_C(10000000000))
		;
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	db_close(db);
	db = db_open_with(&options);
	for (unsigned n = 0; n <= written; n++) {
		char text[DB_TEXT_MAX];
		struct lsm_record record;

		ck_assert_int_eq(lsm_stat(db, slice_str(db_key(text, n)), NULL, &record), 0);
		lsm_record_release(&record);
	}
	db_close(db);
	env_free(env);
}
END_TEST

/* At every size of the disk something else is the first that finds no room. */
START_TEST(a_full_disk_at_any_size_is_survived)
{
	for (uint64_t capacity = 20 << 10; capacity < 160 << 10; capacity += 1777) {
		struct env *env = env_mem_new();
		struct lsm *db = db_open_small(env);
		unsigned written = 0;
		int err = 0;

		env_mem_set_capacity(env, capacity);
		while ((err = db_fill(db, written, written + 1, 200)) == 0)
			written++;
		ck_assert_int_eq(err, -ENOSPC);
		ignore_result(lsm_compact(db, slice_str(""), slice_str(""))); /* may find no room */
		env_mem_set_capacity(env, UINT64_MAX);
		uint64_t start = clock_mono_ns();
		while ((err = lsm_flush(db)) == -ENOSPC &&
		       clock_mono_ns() - start < UINT64_C(10000000000))
			;
		if (err)
			ck_abort_msg("capacity %llu: %d %s", (unsigned long long)capacity, err,
				     lsm_error_text());
		ck_assert_int_eq(db_fill(db, 0, 10, 200), 0);
		db_close(db);
		env_free(env);
	}
}
END_TEST

START_TEST(closing_leaves_little_to_replay)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 6 << 20;
	options.memtables_max = 3;
	struct lsm *db = db_open_with(&options);

	/* full memtables wait for their flush, and the one being written is nearly empty */
	while (db_stats(db).full_memtables == 0)
		ck_assert_int_eq(db_fill(db, 0, 1, 100000), 0);
	db_close(db);
	db = db_open_with(&options);
	ck_assert_uint_le(db_stats(db).recovered_bytes, DB_CLOSE_FLUSH_BYTES);
	db_close(db);
	env_free(env);
}
END_TEST

/* Writers that wait for level 0 must be let go by the strategy's jobs, one thread and all. */
START_TEST(no_strategy_makes_writers_wait_for_ever)
{
	for (int strategy = LSM_LEVELED; strategy <= LSM_LAZY_LEVELING; strategy++) {
		struct env *env = env_mem_new();
		struct lsm_options options = db_small_options(env);

		options.strategy = (enum lsm_strategy)strategy;
		options.runs_max = 2;
		options.memtables_max = 1;
		options.memtable_bytes = 8 << 10;
		options.base_level_bytes = 16 << 10;
		options.size_ratio = 2;
		options.l0_threshold = options.l0_slowdown = options.l0_stop = 1;
		struct lsm *db = db_open_with(&options);

		for (unsigned round = 0; round < 15; round++)
			ck_assert_int_eq(db_fill(db, round * 50, round * 50 + 150, 100), 0);
		ck_assert_uint_gt(db_stats(db).stall_stop, 0);
		ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
		ck_assert_uint_eq(db_stats(db).table_records, 850);
		db_close(db);
		env_free(env);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&no_strategy_makes_writers_wait_for_ever,
	&writes_and_flushes_go_on_while_a_compaction_fails,
	&failing_jobs_do_not_wake_each_other_out_of_their_pause,
	&a_full_disk_stops_writes_and_space_lets_them_go_on,
	&a_full_disk_at_any_size_is_survived,
	&closing_leaves_little_to_replay,
};

UNIT_SUITE("lsm/db/background", tests)
