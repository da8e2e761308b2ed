/*
 * Long work that somebody watches: it tells how far it is, and ends when it is told to.
 */
#include "lsm/base/long_work.h"
#include "tests/unit/lsm/db/db_fixture.h"

static struct lsm *open_watched(struct env *env, struct long_work *work)
{
	struct lsm_options options = db_small_options(env);
	struct lsm *db;

	options.compaction_threads = 0;
	options.work = work;
	ck_assert_int_eq(lsm_open(DB_DIR, &options, &db), 0);
	return db;
}

/* Several tables that overlap. */
static struct lsm *watched_store(struct env *env, struct long_work *work)
{
	struct lsm *db = open_watched(env, work);

	for (unsigned round = 0; round < 4; round++) {
		ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	return db;
}

START_TEST(verify_tells_all_that_it_reads)
{
	struct env *env = env_mem_new();
	struct long_work work = {0};
	struct lsm *db = watched_store(env, &work);
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), 0);
	ck_assert_uint_gt(report.tables, 2);
	ck_assert_uint_gt(long_work_total(&work), 10000);
	ck_assert_uint_eq(long_work_done(&work), long_work_total(&work));
	long_work_stop(&work);
	ck_assert_int_eq(lsm_verify(db, &report), -ECANCELED);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_compaction_that_is_stopped_leaves_the_store_as_it_was)
{
	struct env *env = env_mem_new();
	struct long_work work = {0};
	struct lsm *db = watched_store(env, &work);
	struct slice all = slice_str("");
	uint64_t files = db_stats(db).table_files;

	long_work_stop(&work);
	ck_assert_int_eq(lsm_compact(db, all, all), -ECANCELED);
	ck_assert_uint_eq(db_stats(db).table_files, files);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	work = (struct long_work){0};
	ck_assert_int_eq(lsm_compact(db, all, all), 0);
	ck_assert_uint_lt(db_stats(db).table_files, files);
	ck_assert_uint_ge(long_work_done(&work), long_work_total(&work));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_salvage_that_is_stopped_leaves_no_store)
{
	struct env *env = env_mem_new();
	struct long_work work = {0};
	struct lsm_options options = db_small_options(env);
	struct lsm_salvage_report report;

	db_close(watched_store(env, &work));
	options.work = &work;
	long_work_stop(&work);
	ck_assert_int_eq(lsm_salvage(DB_DIR, "rescued", &options, NULL, NULL, &report), -ECANCELED);
	work = (struct long_work){0};
	ck_assert_int_eq(lsm_salvage(DB_DIR, "rescued", &options, NULL, NULL, &report), 0);
	ck_assert_uint_eq(report.records_written, 200);
	ck_assert_uint_gt(long_work_done(&work), 0);
	ck_assert_uint_eq(long_work_done(&work), long_work_total(&work));
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&verify_tells_all_that_it_reads,
	&a_compaction_that_is_stopped_leaves_the_store_as_it_was,
	&a_salvage_that_is_stopped_leaves_no_store,
};

UNIT_SUITE("lsm/db/long_work", tests)
