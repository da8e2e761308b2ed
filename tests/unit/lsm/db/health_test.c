/*
 * What a failure makes of the store, and what it says about itself.
 */
#include "lsm/db/health.h"
#include "tests/unit/lsm/db/db_fixture.h"

static const struct env_fault_plan one_failure = {.error = -EIO, .writes_only = true};

/* Whatever was answered is still readable, and what was logged can still be synced. */
static void expect_read_only_by_manifest(struct lsm *db, unsigned written)
{
	struct lsm_stats stats = db_stats(db);
	char text[DB_TEXT_MAX];

	ck_assert_int_eq(stats.health, LSM_HEALTH_READ_ONLY);
	ck_assert_msg(strstr(stats.health_text, "manifest") && strstr(stats.health_text, "reopen"),
		      "%s", stats.health_text);
	ck_assert_int_eq(db_try_put(db, "late", "x"), -EROFS);
	ck_assert_str_eq(lsm_error_text(), stats.health_text);
	ck_assert_int_eq(lsm_delete(db, slice_str("late"), NULL), -EROFS);
	ck_assert_int_eq(lsm_flush(db), -EROFS);
	ck_assert_int_lt(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_int_eq(lsm_sync(db), 0);
	for (unsigned n = 0; n < written; n++) {
		struct lsm_record record;

		ck_assert(lsm_stat(db, slice_str(db_key(text, n)), NULL, &record) == 0);
		lsm_record_release(&record);
	}
	/* no job is tried again */
	mutex_lock(&db->work_mu);
	ck_assert_uint_eq(db->jobs[DB_JOB_FLUSH].failures, 0);
	mutex_unlock(&db->work_mu);
}

/* The n-th call that changes the disk fails, for every n: some of them break the manifest. */
START_TEST(a_manifest_that_fails_makes_the_store_read_only_at_once)
{
	bool struck = true;
	unsigned broken = 0;

	for (uint64_t at = 0; struck; at++) {
		struct env *disk = env_mem_new(), *env = env_fault_new(disk);
		struct lsm_options options = db_small_options(env);
		struct env_fault_plan plan = one_failure;
		unsigned written = 0;
		int err = 0;

		options.memtable_bytes = 4 << 10;
		options.memtables_max = 1;
		options.compaction_threads = 0;
		struct lsm *db = db_open_with(&options);

		plan.at_call = at;
		env_fault_set(env, &plan);
		while (written < 60 && (err = db_fill(db, written, written + 1, 200)) == 0)
			written++;
		int flush_err = lsm_flush(db);

		struck = env_fault_struck(env);
		if (tree_is_broken(db->tree)) {
			broken++;
			/* its thread may be just about to say so */
			mutex_lock(&db->work_mu);
			while (!atomic_load(&db->tree_failed))
				cond_wait(&db->work_done, &db->work_mu);
			mutex_unlock(&db->work_mu);
			ck_assert(err == 0 || err == -EIO || err == -EROFS);
			ck_assert(flush_err == -EIO || flush_err == -EROFS);
			expect_read_only_by_manifest(db, written);
			db_close(db);
			env_mem_power_cut(disk); /* everything was synced above */
			options.env = disk;
			db = db_open_with(&options);
			ck_assert_uint_ge(db_stats(db).last_seqno, written);
			ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
			db_put(db, "late", "x");
		}
		ignore_result(lsm_close(db)); /* it may be the log that failed */
		env_free(env);
		env_free(disk);
	}
	ck_assert_uint_ge(broken, 3);
}
END_TEST

START_TEST(space_that_fails_an_append_is_no_clean_refusal)
{
	struct env *disk = env_mem_new(), *env = env_fault_new(disk);
	struct lsm *db = db_open_small(env);
	const struct env_fault_plan plan = {
		.error = -ENOSPC, .writes_only = true, .how = ENV_FAULT_SHORT};

	db_put(db, "a", "1"); /* takes the space that the next one needs */
	ck_assert_int_eq(db_await_spare_log(db), SPARE_READY);
	env_fault_set(env, &plan);
	/* -ENOSPC would say: nothing has happened */
	ck_assert_int_eq(db_try_put(db, "b", "2"), -EIO);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_READ_ONLY);
	ck_assert_int_eq(db_try_put(db, "b", "2"), -EROFS);
	ck_assert(db_has(db, "a", "1") && db_has(db, "b", NULL));
	ignore_result(lsm_close(db)); /* "a" was not synced */
	db = db_open_small(disk);
	ck_assert(db_has(db, "a", "1") && db_has(db, "b", NULL));
	db_close(db);
	env_free(env);
	env_free(disk);
}
END_TEST

START_TEST(health_tells_of_the_job_that_still_fails)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	mutex_lock(&db->work_mu);
	(void)fail(-EIO, "first");
	db_health_degrade_locked(db, DB_JOB_FLUSH, -EIO);
	(void)fail(-EIO, "second");
	db_health_degrade_locked(db, DB_JOB_COMPACTION, -EIO);
	db_health_recover_locked(db, DB_JOB_FLUSH);
	mutex_unlock(&db->work_mu);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_DEGRADED);
	ck_assert(strstr(db_stats(db).health_text, "compaction failed"));
	ck_assert(strstr(db_stats(db).health_text, "second"));
	mutex_lock(&db->work_mu);
	db_health_recover_locked(db, DB_JOB_COMPACTION);
	mutex_unlock(&db->work_mu);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	ck_assert_str_eq(db_stats(db).health_text, "");
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_manifest_that_fails_makes_the_store_read_only_at_once,
	&space_that_fails_an_append_is_no_clean_refusal,
	&health_tells_of_the_job_that_still_fails,
};

UNIT_SUITE("lsm/db/health", tests)
