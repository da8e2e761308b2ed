/* What options of the store, its memtables and its log do (effects.h). */
#include "lsm/db/logs.h"
#include "lsm/wal/wal_format.h"
#include "tests/unit/lsm/config/effects_fixture.h"
#include "tests/unit/lsm/db/gate.h"

START_TEST(profile_changes_what_nothing_else_names)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "profile=stress memtable.max_full=2");

	ck_assert_int_eq(db_fill(db, 0, 500, 1000), 0);
	ck_assert_uint_eq(db_stats(db).memtable_max_bytes, 64 << 10);
	ck_assert_uint_eq(db_stats(db).cache_capacity_bytes, 256 << 10);
	ck_assert_uint_gt(db_stats(db).flushes, 2);
	ck_assert_uint_eq(db->options.memtables_max, 2);
	db_close(db);
	env_free(env);
}
END_TEST

/* The engine is told the folder; what apexfs takes for it is in options_test. */
START_TEST(data_dir_is_the_store_of_who_names_none)
{
	struct config *c = NULL;

	ck_assert_int_eq(config_new(engine_options, engine_options_count, &c), 0);
	ck_assert_str_eq(config_text(c, "store", "data_dir"), "");
	ck_assert_int_eq(config_set(c, "store.data_dir=/somewhere else"), 0);
	ck_assert_str_eq(config_text(c, "store", "data_dir"), "/somewhere else");
	config_free(c);
}
END_TEST

START_TEST(create_makes_an_absent_store)
{
	struct env *env = env_mem_new();

	ck_assert_int_eq(effects_try_open(env, "store.create=off"), -ENOENT);
	ck_assert_int_eq(effects_try_open(env, "store.create=on"), 0);
	ck_assert_int_eq(effects_try_open(env, "store.create=off"), 0);
	env_free(env);
}
END_TEST

START_TEST(read_only_refuses_changes)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "");

	db_put(db, "a", "1");
	db_close(db);
	db = effects_open(env, "store.read_only=on");
	ck_assert(db_has(db, "a", "1"));
	ck_assert_int_eq(db_try_put(db, "a", "2"), -EROFS);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(reserve_takes_room_on_the_disk)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "store.reserve=128k");

	ck_assert_uint_eq(db_stats(db).reserve_bytes, 128 << 10);
	db_close(db);
	db = effects_open(env, "store.reserve=0");
	ck_assert_uint_eq(db_stats(db).reserve_bytes, 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(separator_is_noted_and_makes_prefixes)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "store.separator=:");

	ck_assert_int_eq(lsm_separator(db), ':');
	db_put(db, "user:1", "x");
	effects_flush(db);
	uint64_t blocks = db_stats(db).blocks_read;

	/* answered by the filter, which knows of "user:" and of no other prefix */
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("user9:"), NULL), -ENOENT);
	ck_assert_uint_eq(db_stats(db).blocks_read, blocks);
	ck_assert_int_eq(lsm_prefix_exists(db, slice_str("user:"), NULL), 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(change_separator_takes_another_one)
{
	struct env *env = env_mem_new();

	ck_assert_int_eq(effects_try_open(env, "store.separator=:"), 0);
	ck_assert_int_eq(effects_try_open(env, "store.separator=/"), -EINVAL);
	struct lsm *db = effects_open(env, "store.separator=/ store.change_separator=on");

	ck_assert_int_eq(lsm_separator(db), '/');
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(max_value_size_refuses_longer_values)
{
	static const uint8_t zeros[5000];
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "store.max_value_size=4k");

	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(zeros, 4096), NULL), 0);
	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(zeros, 4097), NULL), -EFBIG);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(max_key_size_refuses_longer_keys)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "");

	db_put(db, "ninebytes", "1");
	db_close(db);
	db = effects_open(env, "store.max_key_size=8");
	db_put(db, "8 bytes!", "1");
	ck_assert_int_eq(db_try_put(db, "9 bytes!!", "1"), -ENAMETOOLONG);
	struct lsm_batch *batch = lsm_batch_new();

	ck_assert_int_eq(lsm_batch_put(batch, slice_str("a"), (struct slice){0}, slice_str("1")),
			 0);
	ck_assert_int_eq(
		lsm_batch_put(batch, slice_str("9 bytes!!"), (struct slice){0}, slice_str("1")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ENAMETOOLONG);
	lsm_batch_free(batch);
	ck_assert(db_has(db, "a", NULL));
	/* what is there can be read, and goes */
	ck_assert(db_has(db, "ninebytes", "1"));
	db_delete(db, "ninebytes");
	ck_assert(db_has(db, "ninebytes", NULL));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(verify_on_open_refuses_a_damaged_store)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "");

	ck_assert_int_eq(db_fill(db, 0, 100, 100), 0);
	effects_flush(db);
	db_close(db);
	ck_assert_int_eq(effects_try_open(env, "store.verify_on_open=on"), 0);
	db_damage(env, db_find(env, ".sst").name, 100);
	ck_assert_int_eq(effects_try_open(env, "store.verify_on_open=off"), 0);
	ck_assert_int_eq(effects_try_open(env, "store.verify_on_open=on"), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), ".sst"));
	env_free(env);
}
END_TEST

static uint64_t flushes_with(const char *settings)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	ck_assert_int_eq(db_fill(db, 0, 200, 1000), 0);
	effects_flush(db);
	uint64_t flushes = db_stats(db).flushes;

	db_close(db);
	env_free(env);
	return flushes;
}

START_TEST(max_size_says_when_a_memtable_is_written_out)
{
	ck_assert_uint_eq(flushes_with("memtable.max_size=1m"), 1);
	ck_assert_uint_ge(flushes_with("memtable.max_size=20k"), 10);
}
END_TEST

/* So many full ones that a put would make one more, and none gets through the gate. */
static int fill_before_gate(const char *settings, unsigned memtables)
{
	struct env *mem = env_mem_new();
	struct lsm_options options = effects_options(gate_over(mem, true), settings);
	struct lsm *db = NULL;
	static const uint8_t value[3000];
	char text[DB_TEXT_MAX];
	int err;

	options.stall_timeout_ms = 1; /* who would wait is told so */
	ck_assert_int_eq(lsm_open(DB_DIR, &options, &db), 0);
	err = 0;
	for (unsigned i = 0; !err && i < memtables; i++)
		err = lsm_put(db, slice_str(db_key(text, i)), slice_of(value, 3000), NULL);
	gate_set(false);
	db_close(db);
	env_free(mem);
	return err;
}

START_TEST(max_full_memtables_wait_before_writers_do)
{
	/* each put fills a memtable: one is written to, max_full may wait */
	ck_assert_int_eq(fill_before_gate("memtable.max_size=4k memtable.max_full=1", 2), 0);
	ck_assert_int_eq(fill_before_gate("memtable.max_size=4k memtable.max_full=1", 3),
			 -ETIMEDOUT);
	ck_assert_int_eq(fill_before_gate("memtable.max_size=4k memtable.max_full=4", 5), 0);
	ck_assert_int_eq(fill_before_gate("memtable.max_size=4k memtable.max_full=4", 6),
			 -ETIMEDOUT);
}
END_TEST

static uint64_t reused_with(const char *settings)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	for (unsigned round = 0; round < 3; round++) {
		ck_assert_int_eq(db_fill(db, 0, 500, 1000), 0);
		effects_flush(db);
	}
	uint64_t reused = atomic_load(&db->pool.reused);

	db_close(db);
	env_free(env);
	return reused;
}

START_TEST(pool_size_keeps_memory_for_the_next)
{
	ck_assert_uint_eq(reused_with("memtable.pool_size=0"), 0);
	uint64_t some = reused_with("memtable.pool_size=128k");

	ck_assert_uint_gt(some, 0);
	ck_assert_uint_gt(reused_with("memtable.pool_size=4m"), some);
}
END_TEST

START_TEST(sync_mode_always_syncs_each_write)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "wal.sync_mode=always");
	uint64_t syncs = db_stats(db).log_syncs;

	for (unsigned i = 0; i < 5; i++)
		db_put(db, "a", "1");
	ck_assert_uint_eq(db_stats(db).log_syncs, syncs + 5);
	db_close(db);
	db = effects_open(env, "wal.sync_mode=manual");
	syncs = db_stats(db).log_syncs;
	db_put(db, "a", "2");
	ck_assert_uint_eq(db_stats(db).log_syncs, syncs);
	ck_assert_uint_lt(db_stats(db).durable_seqno, db_stats(db).last_seqno);
	db_close(db);
	env_free(env);
}
END_TEST

/* Ends when the timer has synced, or with the test's time. */
static void put_and_await_durable(const char *settings, unsigned puts)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	for (unsigned i = 0; i < puts; i++)
		db_put(db, "a", "1");
	while (db_stats(db).durable_seqno < puts)
		sched_yield();
	db_close(db);
	env_free(env);
}

static void put_and_stay_unsynced(const char *settings, unsigned puts)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, settings);

	for (unsigned i = 0; i < puts; i++)
		db_put(db, "a", "1");
	ck_assert_uint_eq(db_stats(db).durable_seqno, 0);
	db_close(db);
	env_free(env);
}

START_TEST(sync_interval_ms_syncs_unasked)
{
	put_and_await_durable("wal.sync_mode=interval wal.sync_interval_ms=1", 3);
	put_and_stay_unsynced("wal.sync_mode=interval wal.sync_interval_ms=3600000", 3);
}
END_TEST

#define SLOW_BATCH "wal.sync_mode=batch wal.batch_delay_us=3600000000 "

START_TEST(batch_records_ends_a_batch)
{
	put_and_await_durable(SLOW_BATCH "wal.batch_records=10", 10);
	put_and_stay_unsynced(SLOW_BATCH "wal.batch_records=11", 10);
}
END_TEST

START_TEST(batch_delay_us_ends_a_batch_too)
{
	put_and_await_durable("wal.sync_mode=batch wal.batch_records=1000 wal.batch_delay_us=100",
			      3);
}
END_TEST

/* The longest read of a log at open. */
static uint64_t longest_log_read(struct env *mem, const char *settings)
{
	static struct spy_env spy;

	spy_init(&spy, mem, ".wal");
	db_close(effects_open(&spy.env, settings));
	return atomic_load(&spy.longest_read);
}

START_TEST(buffer_size_is_what_one_read_of_a_log_takes)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "");

	ck_assert_int_eq(db_fill(db, 0, 100, 1000), 0);
	db_close(db);
	ck_assert_uint_eq(longest_log_read(env, "wal.buffer_size=4k"), 4 << 10);
	ck_assert_uint_eq(longest_log_read(env, "wal.buffer_size=64k"), 64 << 10);
	env_free(env);
}
END_TEST

START_TEST(max_record_size_refuses_larger_batches)
{
	static const uint8_t zeros[50000];
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "wal.max_record_size=200k");
	struct lsm_batch *batch = lsm_batch_new();
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(lsm_batch_put(batch, slice_str(db_key(text, i)), (struct slice){0},
					       slice_of(zeros, 50000)),
				 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -E2BIG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "takes 204800"));
	ck_assert_uint_eq(db_stats(db).records_written, 0);
	db_close(db);
	db = effects_open(env, "wal.max_record_size=300k");
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	lsm_batch_free(batch);
	db_close(db);
	/* a single value must fit */
	ck_assert_int_eq(effects_try_open(env, "wal.max_record_size=140k"), -EINVAL);
	env_free(env);
}
END_TEST

START_TEST(segment_size_ends_a_log)
{
	ck_assert_uint_eq(flushes_with("memtable.max_size=8m wal.segment_size=auto"), 1);
	ck_assert_uint_ge(flushes_with("memtable.max_size=8m wal.segment_size=20k"), 9);
}
END_TEST

/* The files of a store with n puts of which none is in a table; what a killed process leaves. */
static struct env *killed_store(unsigned puts, bool synced, char name[ENV_NAME_MAX + 1],
				uint64_t *ret_record)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "");
	uint64_t begin = db_log_size_locked(db);
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < puts; i++)
		ck_assert_int_eq(synced ? db_put_synced(db, db_key(text, i), "value")
					: db_try_put(db, db_key(text, i), "value"),
				 0);
	*ret_record = (db_log_size_locked(db) - begin) / puts;
	wal_file_name(db->logs[db->log_count - 1].number, name);
	struct env *left = env_mem_clone(env);

	db_close(db);
	env_free(env);
	return left;
}

static void check_keys(struct lsm *db, unsigned there, unsigned of)
{
	char text[DB_TEXT_MAX];

	for (unsigned i = 0; i < of; i++)
		ck_assert(db_has(db, db_key(text, i), i < there ? "value" : NULL));
}

/* A change in record `at` of a log. */
static void damage_record(struct env *env, const char *name, uint64_t record, unsigned at)
{
	db_damage(env, name, (int64_t)(WAL_FILE_HEADER_SIZE + at * record + record / 2));
}

START_TEST(recovery_says_which_ends_of_a_log_are_taken)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t record;
	struct env *torn = killed_store(10, false, name, &record);

	struct env *whole = env_mem_clone(torn);

	ck_assert_int_eq(effects_try_open(whole, "wal.recovery=whole"), 0);
	env_free(whole);
	damage_record(torn, name, record, 9);
	ck_assert_int_eq(effects_try_open(torn, "wal.recovery=whole"), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "torn"));
	struct lsm *db = effects_open(torn, "wal.recovery=tail");

	check_keys(db, 9, 10);
	ck_assert_uint_eq(db_stats(db).recovery_damaged, 0);
	db_close(db);
	env_free(torn);

	/* synced, so those that follow prove that the fourth was on the disk */
	struct env *damaged = killed_store(10, true, name, &record);

	damage_record(damaged, name, record, 3);
	ck_assert_int_eq(effects_try_open(damaged, "wal.recovery=tail"), -EUCLEAN);
	db = effects_open(damaged, "wal.recovery=prefix");
	check_keys(db, 3, 10);
	ck_assert_uint_eq(db_stats(db).recovery_damaged, 1);
	db_put(db, "later", "x");
	struct env *killed = env_mem_clone(damaged);

	db_close(db);
	env_free(damaged);
	/* and it is a good store from then on, also for who takes no damage */
	db = effects_open(killed, "wal.recovery=tail");
	check_keys(db, 3, 10);
	ck_assert(db_has(db, "later", "x"));
	db_close(db);
	ck_assert_int_eq(effects_try_open(killed, "wal.recovery=whole store.verify_on_open=on"), 0);
	env_free(killed);
}
END_TEST

/* Nothing of the log can be had: its header is wrong, or its first record is. */
START_TEST(recovery_of_a_prefix_copes_with_logs_that_are_no_logs)
{
	for (unsigned round = 0; round < 2; round++) {
		char name[ENV_NAME_MAX + 1];
		uint64_t record;
		struct env *env = killed_store(5, true, name, &record);

		if (round == 0)
			db_damage(env, name, 3);
		else
			damage_record(env, name, record, 0);
		ck_assert_int_ne(effects_try_open(env, "wal.recovery=tail"), 0);
		struct lsm *db = effects_open(env, "wal.recovery=prefix store.read_only=on");

		check_keys(db, 0, 5);
		db_close(db);
		db = effects_open(env, "wal.recovery=prefix");
		check_keys(db, 0, 5);
		db_put(db, "a", "1");
		db_close(db);
		db = effects_open(env, "wal.recovery=whole");
		ck_assert(db_has(db, "a", "1"));
		db_close(db);
		env_free(env);
	}
}
END_TEST

START_TEST(a_snapshot_sees_nothing_that_came_after_the_damage_was_cut_off)
{
	struct env *env = env_mem_new();
	struct lsm *db = effects_open(env, "");
	struct lsm_snapshot *snapshot;
	char name[ENV_NAME_MAX + 1], text[DB_TEXT_MAX];
	uint64_t begin = db_log_size_locked(db);

	for (unsigned i = 0; i < 10; i++)
		db_put(db, db_key(text, i), "value");
	uint64_t record = (db_log_size_locked(db) - begin) / 10;

	ck_assert_int_eq(lsm_snapshot_make(db, slice_str("kept")), 0);
	wal_file_name(db->logs[db->log_count - 1].number, name);
	struct env *left = env_mem_clone(env);

	db_close(db);
	env_free(env);
	damage_record(left, name, record, 2);
	db = effects_open(left, "wal.recovery=prefix");
	db_put(db, "later", "x");
	ck_assert_int_eq(lsm_snapshot_open(db, slice_str("kept"), &snapshot), 0);
	const struct lsm_read_options then = {.snapshot = snapshot};

	ck_assert(db_has_at(db, db_key(text, 1), "value", &then));
	ck_assert(db_has_at(db, "later", NULL, &then));
	lsm_snapshot_release(db, snapshot);
	db_close(db);
	env_free(left);
}
END_TEST

static const TTest *const *const tests[] = {
	EFFECTS_WRITE(EFFECTS_TEST) & recovery_of_a_prefix_copes_with_logs_that_are_no_logs,
	&a_snapshot_sees_nothing_that_came_after_the_damage_was_cut_off,
};

UNIT_SUITE("lsm/config/effects_write", tests)
