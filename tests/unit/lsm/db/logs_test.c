/*
 * When the log is synced: the four modes, sharing a sync, and what a failure makes of the store.
 */
#include "lsm/base/clock.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	WRITERS = 8,
	WRITES_EACH = 200,
};

static unsigned count_log_syncs(struct env *recorder)
{
	size_t count;
	const struct env_call *calls = env_record_calls(recorder, &count);
	unsigned syncs = 0;

	for (size_t i = 0; i < count; i++)
		syncs += calls[i].kind == ENV_CALL_SYNC && strstr(calls[i].name, ".wal");
	return syncs;
}

static struct lsm_options mode_options(struct env *env, enum lsm_sync_mode mode)
{
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 64 << 20;
	options.sync_mode = mode;
	options.sync_interval_ms = 3600000;
	options.sync_batch_delay_us = 3600000000U;
	return options;
}

static void wait_durable(struct lsm *db, uint64_t seqno)
{
	uint64_t start = clock_mono_ns();

	while (db_stats(db).durable_seqno < seqno)
		if (clock_mono_ns() - start > UINT64_C(30000000000))
			ck_abort_msg("seqno %llu is not synced", (unsigned long long)seqno);
}

START_TEST(always_syncs_before_each_answer)
{
	struct env *env = env_mem_new(), *recorder = env_record_new(env);
	struct lsm_options options = mode_options(recorder, LSM_SYNC_ALWAYS);
	struct lsm *db = db_open_with(&options);
	unsigned before = count_log_syncs(recorder);
	uint64_t counted = db_stats(db).log_syncs;

	for (unsigned n = 0; n < 10; n++) {
		db_put(db, "k", "v");
		ck_assert_uint_eq(db_stats(db).durable_seqno, n + 1);
	}
	/* the spare log's creation, in the background, is one more */
	unsigned syncs = count_log_syncs(recorder) - before;
	ck_assert(syncs == 10 || syncs == 11);
	ck_assert_uint_eq(db_stats(db).log_syncs - counted, 10);
	env_mem_power_cut(env);
	ck_assert_int_lt(lsm_close(db), 0);
	options.env = env;
	db = db_open_with(&options);
	ck_assert_uint_eq(db_stats(db).last_seqno, 10);
	db_close(db);
	env_free(recorder);
	env_free(env);
}
END_TEST

START_TEST(manual_never_syncs_unasked)
{
	struct env *env = env_mem_new();
	struct lsm_options options = mode_options(env, LSM_SYNC_MANUAL);
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 0; n < 1000; n++)
		db_put(db, "k", "v");
	ck_assert_uint_eq(db_stats(db).log_syncs, 0);
	ck_assert_int_eq(lsm_sync(db), 0);
	ck_assert_uint_eq(db_stats(db).log_syncs, 1);
	ck_assert_uint_eq(db_stats(db).durable_seqno, 1000);
	/* nothing new, nothing to do */
	ck_assert_int_eq(lsm_sync(db), 0);
	ck_assert_uint_eq(db_stats(db).log_syncs, 1);
	db_put(db, "k", "w");
	ck_assert_int_eq(db_put_synced(db, "k", "x"), 0);
	ck_assert_uint_eq(db_stats(db).log_syncs, 2);
	ck_assert_uint_eq(db_stats(db).durable_seqno, 1002);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(batch_syncs_after_so_many_records)
{
	struct env *env = env_mem_new();
	struct lsm_options options = mode_options(env, LSM_SYNC_BATCH);

	options.sync_batch_records = 100;
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 0; n < 99; n++)
		db_put(db, "k", "v");
	ck_assert_uint_eq(db_stats(db).log_syncs, 0);
	db_put(db, "k", "v");
	wait_durable(db, 100);
	ck_assert_uint_eq(db_stats(db).log_syncs, 1);
	for (unsigned n = 0; n < 100; n++)
		db_put(db, "k", "v");
	wait_durable(db, 200);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(batch_syncs_after_a_delay)
{
	struct env *env = env_mem_new();
	struct lsm_options options = mode_options(env, LSM_SYNC_BATCH);

	options.sync_batch_delay_us = 1000;
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 1; n < 20; n++) {
		db_put(db, "k", "v");
		wait_durable(db, n);
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(interval_syncs_by_time_and_rests_when_idle)
{
	struct env *env = env_mem_new();
	struct lsm_options options = mode_options(env, LSM_SYNC_INTERVAL);

	options.sync_interval_ms = 2;
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 1; n < 20; n++) {
		db_put(db, "k", "v");
		wait_durable(db, n);
		ck_assert_uint_le(db_stats(db).log_syncs, n);
	}
	db_close(db);
	env_free(env);
}
END_TEST

struct sync_writer {
	struct lsm *db;
	struct thread thread;
	unsigned number;
	enum lsm_sync_mode mode;
};

static void write_synced(void *arg)
{
	struct sync_writer *w = arg;
	const struct lsm_write_options synced = {.sync = true};
	struct lsm_batch *batch = lsm_batch_new();

	for (unsigned n = 0; n < WRITES_EACH; n++) {
		struct lsm_commit commit;
		char key[DB_TEXT_MAX];

		lsm_batch_clear(batch);
		ck_assert(!lsm_batch_put(batch, slice_str(db_key(key, w->number * 1000 + n)),
					 slice_of(NULL, 0), slice_str("v")));
		ck_assert(!lsm_write(w->db, batch, n % 2 ? &synced : NULL, &commit));
		if (n % 2 || w->mode == LSM_SYNC_ALWAYS)
			ck_assert(atomic_load(&w->db->durable_seqno) >= commit.seqno);
	}
	lsm_batch_free(batch);
}

START_TEST(writers_share_syncs_in_every_mode)
{
	for (int mode = LSM_SYNC_ALWAYS; mode <= LSM_SYNC_MANUAL; mode++) {
		struct env *env = env_mem_new();
		struct lsm_options options = mode_options(env, (enum lsm_sync_mode)mode);

		options.memtable_bytes = 32 << 10;
		options.sync_batch_delay_us = 100;
		options.sync_interval_ms = 1;
		struct lsm *db = db_open_with(&options);
		struct sync_writer writers[WRITERS] = {{0}};

		for (unsigned i = 0; i < WRITERS; i++) {
			writers[i].db = db;
			writers[i].number = i;
			writers[i].mode = options.sync_mode;
			ck_assert_int_eq(thread_start(&writers[i].thread, "writer", write_synced,
						      &writers[i]),
					 0);
		}
		for (unsigned i = 0; i < WRITERS; i++)
			thread_join(&writers[i].thread);
		ck_assert_uint_eq(db_stats(db).last_seqno, WRITERS * WRITES_EACH);
		ck_assert_int_eq(lsm_sync(db), 0);
		struct env *left = env_mem_clone(env);

		ck_assert_uint_eq(db_stats(db).durable_seqno, WRITERS * WRITES_EACH);
		db_close(db);
		options.env = left;
		db = db_open_with(&options);
		ck_assert_uint_eq(db_stats(db).last_seqno, WRITERS * WRITES_EACH);
		db_close(db);
		env_free(left);
		env_free(env);
	}
}
END_TEST

/* One sync under way, and all who come meanwhile are served by the next one. */
START_TEST(those_who_wait_together_need_one_sync)
{
	struct env *env = env_mem_new();
	struct lsm_options options = mode_options(env, LSM_SYNC_ALWAYS);
	struct lsm *db = db_open_with(&options);
	struct sync_writer writers[WRITERS] = {{0}};

	mutex_lock(&db->sync_mu); /* a slow sync */
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct sync_writer){.db = db, .number = i, .mode = LSM_SYNC_ALWAYS};
		ck_assert_int_eq(
			thread_start(&writers[i].thread, "writer", write_synced, &writers[i]), 0);
	}
	while (db_stats(db).last_seqno < WRITERS)
		;
	uint64_t before = db_stats(db).log_syncs;
	mutex_unlock(&db->sync_mu);
	wait_durable(db, WRITERS);
	ck_assert_uint_ge(db_stats(db).log_syncs, before + 1);
	for (unsigned i = 0; i < WRITERS; i++)
		thread_join(&writers[i].thread);
	ck_assert_uint_lt(db_stats(db).log_syncs - before, WRITERS * WRITES_EACH);
	db_close(db);
	env_free(env);
}
END_TEST

/* After a flush nothing is left to sync. */
START_TEST(what_a_table_holds_is_durable)
{
	struct env *env = env_mem_new();
	struct lsm_options options = mode_options(env, LSM_SYNC_MANUAL);
	struct lsm *db = db_open_with(&options);

	db_put(db, "k", "v");
	ck_assert_int_eq(lsm_flush(db), 0);
	wait_durable(db, 1);
	ck_assert_uint_eq(db_stats(db).log_syncs, 0);
	env_mem_power_cut(env);
	ignore_result(lsm_close(db)); /* its files are dead */
	db = db_open_with(&options);
	ck_assert(db_has(db, "k", "v"));
	db_close(db);
	env_free(env);
}
END_TEST

/* The first call that fails is the sync of the log or its append: the store is read-only then. */
static void fail_the_log(bool sync, uint64_t at_call)
{
	struct env *disk = env_mem_new(), *env = env_fault_new(disk);
	struct lsm_options options = mode_options(env, LSM_SYNC_MANUAL);
	struct lsm *db = db_open_with(&options);
	const struct env_fault_plan plan = {
		.at_call = at_call, .writes_only = true, .error = -EIO, .how = ENV_FAULT_SHORT};

	ck_assert_int_eq(db_await_spare_log(db), SPARE_READY);
	db_put(db, "before", "1");
	env_fault_set(env, &plan);
	int err = sync ? db_put_synced(db, "k", "v") : db_try_put(db, "k", "v");
	ck_assert_int_eq(err, -EIO);
	ck_assert(env_fault_struck(env));
	env_fault_set(env, NULL);
	ck_assert_int_eq(db_try_put(db, "k", "w"), -EROFS);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "reopen"));
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), ".wal"));
	ck_assert_int_eq(lsm_delete(db, slice_str("k"), NULL), -EROFS);
	ck_assert_int_eq(lsm_sync(db), -EROFS);
	ck_assert_int_eq(lsm_flush(db), -EROFS);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), -EROFS);
	ck_assert(db_has(db, "before", "1"));
	struct lsm_stats stats = db_stats(db);
	ck_assert_int_eq(stats.health, LSM_HEALTH_READ_ONLY);
	ck_assert_ptr_nonnull(strstr(stats.health_text, ".wal"));
	ck_assert_int_ne(lsm_close(db), 0);
	db = db_open_with(&options);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	ck_assert(db_has(db, "before", "1"));
	db_put(db, "k", "x");
	db_close(db);
	env_free(env);
	env_free(disk);
}

START_TEST(after_a_failed_append_only_reopening_helps)
{
	fail_the_log(false, 0);
}
END_TEST

START_TEST(after_a_failed_sync_only_reopening_helps)
{
	fail_the_log(true, 1);
}
END_TEST

/* Flush with so much in memory that the log is worth something. */
static void fill_and_flush(struct lsm *db, unsigned round)
{
	ck_assert_int_eq(db_fill(db, round * 100, round * 100 + 50, 200), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
}

START_TEST(old_logs_become_new_ones_and_tell_nothing_of_the_past)
{
	struct env *disk = env_mem_new(), *env = env_record_new(disk);
	struct lsm_options options = db_small_options(env);
	struct lsm_verify_report report;
	unsigned made = 0, remade = 0;
	size_t count;

	struct lsm *db = db_open_with(&options);

	for (unsigned round = 0; round < 20; round++)
		fill_and_flush(db, round);
	/* records, and old ones of the same length behind them */
	ck_assert_int_eq(db_fill(db, 5000, 5010, 200), 0);
	ck_assert_msg(lsm_verify(db, &report) == 0, "%s", lsm_error_text());

	const struct env_call *calls = env_record_calls(env, &count);

	for (size_t i = 0; i < count; i++) {
		bool log = strstr(calls[i].name, ".wal") != NULL;

		made += log && calls[i].kind == ENV_CALL_CREATE;
		remade += log && calls[i].kind == ENV_CALL_RENAME;
	}
	ck_assert_uint_le(made, 5);
	ck_assert_uint_ge(remade, 15);

	/* the process dies: a copy of the disk as it is now */
	struct env *copy = env_mem_clone(disk);

	options.env = copy;
	options.read_only = true;
	struct lsm *seen = db_open_with(&options);

	ck_assert_uint_eq(db_stats(seen).recovered_records, 10);
	ck_assert_uint_eq(db_stats(seen).recovery_torn_bytes, 0);
	ck_assert_msg(lsm_verify(seen, &report) == 0, "%s", lsm_error_text());
	db_close(seen);
	options.read_only = false;
	seen = db_open_with(&options);
	ck_assert_uint_eq(db_stats(seen).recovered_records, 10);
	ck_assert_uint_eq(db_stats(seen).recovery_torn_bytes, 0);
	ck_assert_int_eq(db_stats(seen).last_seqno, 20 * 50 + 10);
	db_close(seen);
	db_close(db);
	env_free(copy);
	env_free(env);
	env_free(disk);
}
END_TEST

static const TTest *const *const tests[] = {
	&always_syncs_before_each_answer,
	&manual_never_syncs_unasked,
	&batch_syncs_after_so_many_records,
	&batch_syncs_after_a_delay,
	&interval_syncs_by_time_and_rests_when_idle,
	&writers_share_syncs_in_every_mode,
	&those_who_wait_together_need_one_sync,
	&what_a_table_holds_is_durable,
	&after_a_failed_append_only_reopening_helps,
	&after_a_failed_sync_only_reopening_helps,
	&old_logs_become_new_ones_and_tell_nothing_of_the_past,
};

UNIT_SUITE("lsm/db/logs", tests)
