/* Options that change while the store is open: what they do from then on. */
#include "lsm/db/live.h"

#include "lsm/base/thread.h"
#include "tests/unit/lsm/db/db_fixture.h"

static struct env *mem;
static struct lsm_options options;
static struct lsm *db;

static void begin(void)
{
	mem = env_mem_new();
	ck_assert_ptr_nonnull(mem);
	options = db_small_options(mem);
	db = db_open_with(&options);
}

static void end(void)
{
	db_close(db);
	env_free(mem);
}

static void change(void)
{
	int err = lsm_set_options(db, &options);

	ck_assert_msg(!err, "%d %s", err, lsm_error_text());
}

START_TEST(a_larger_memtable_is_flushed_later)
{
	begin();
	ck_assert_int_eq(db_fill(db, 0, 100, 1000), 0);
	uint64_t flushes_before = db_stats(db).flushes;

	ck_assert_uint_gt(flushes_before, 3);
	options.memtable_bytes = 1 << 20;
	change();
	ck_assert_uint_eq(db_stats(db).memtable_max_bytes, 1 << 20);
	ck_assert_int_eq(lsm_flush(db), 0);
	flushes_before = db_stats(db).flushes;
	ck_assert_int_eq(db_fill(db, 100, 200, 1000), 0);
	ck_assert_uint_eq(db_stats(db).flushes, flushes_before);
	ck_assert_uint_gt(db_stats(db).memtable_bytes, 100 * 1000);
	end();
}
END_TEST

START_TEST(a_smaller_value_max_refuses_from_now_on)
{
	static const uint8_t zeros[8000];

	begin();
	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(zeros, 8000), NULL), 0);
	options.value_max = 4096;
	change();
	ck_assert_int_eq(lsm_put(db, slice_str("b"), slice_of(zeros, 4097), NULL), -EFBIG);
	ck_assert_int_eq(lsm_put(db, slice_str("b"), slice_of(zeros, 4096), NULL), 0);
	end();
}
END_TEST

START_TEST(another_threshold_keeps_values_elsewhere)
{
	static const uint8_t zeros[8000];

	begin();
	ck_assert_int_eq(lsm_put(db, slice_str("a"), slice_of(zeros, 8000), NULL), 0);
	ck_assert_uint_eq(db_stats(db).blob_written_bytes, 0);
	options.large_value_threshold = 4096;
	change();
	ck_assert_int_eq(lsm_put(db, slice_str("b"), slice_of(zeros, 8000), NULL), 0);
	ck_assert_uint_gt(db_stats(db).blob_written_bytes, 0);
	end();
}
END_TEST

START_TEST(the_cache_shrinks_and_grows)
{
	char text[DB_TEXT_MAX];

	begin();
	ck_assert_int_eq(db_fill(db, 0, 200, 500), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	for (unsigned n = 0; n < 200; n++) {
		struct lsm_record record;

		ck_assert_int_eq(lsm_get(db, slice_str(db_key(text, n)), NULL, &record), 0);
		lsm_record_release(&record);
	}
	ck_assert_uint_gt(db_stats(db).cache_bytes, 16 << 10);
	options.cache_bytes = 8 << 10;
	change();
	ck_assert_uint_le(db_stats(db).cache_bytes, 8 << 10);
	ck_assert_uint_eq(db_stats(db).cache_capacity_bytes, 8 << 10);
	end();
}
END_TEST

START_TEST(sync_mode_always_syncs_each_write)
{
	begin();
	uint64_t before = db_stats(db).log_syncs;

	db_put(db, "a", "1");
	ck_assert_uint_eq(db_stats(db).log_syncs, before);
	options.sync_mode = LSM_SYNC_ALWAYS;
	change();
	db_put(db, "a", "2");
	db_put(db, "a", "3");
	ck_assert_uint_eq(db_stats(db).log_syncs, before + 2);
	ck_assert_uint_eq(db_stats(db).durable_seqno, db_stats(db).last_seqno);
	end();
}
END_TEST

/* A wait that ends when the timer has synced, or with the test's time. */
static void await_durable(uint64_t seqno)
{
	while (atomic_load(&db->durable_seqno) < seqno)
		sched_yield();
}

/* What was written while nobody cared is its business, too. */
START_TEST(the_timer_takes_over_when_the_mode_says_so)
{
	begin();
	db_put(db, "a", "1");
	options.sync_mode = LSM_SYNC_INTERVAL;
	options.sync_interval_ms = 1;
	change();
	await_durable(db_stats(db).last_seqno);
	/* and a period that is under way is cut short */
	options.sync_interval_ms = 3600000;
	change();
	db_put(db, "a", "2");
	options.sync_interval_ms = 1;
	change();
	await_durable(db_stats(db).last_seqno);
	/* no more of it */
	options.sync_mode = LSM_SYNC_MANUAL;
	change();
	uint64_t syncs = db_stats(db).log_syncs;

	db_put(db, "a", "3");
	ck_assert_uint_eq(db_stats(db).log_syncs, syncs);
	end();
}
END_TEST

START_TEST(batch_mode_syncs_after_its_records)
{
	begin();
	options.sync_mode = LSM_SYNC_BATCH;
	options.sync_batch_records = 1000;
	options.sync_batch_delay_us = 3600000000;
	change();
	db_put(db, "a", "1");
	options.sync_batch_records = 3;
	change();
	db_put(db, "b", "1");
	db_put(db, "c", "1");
	await_durable(db_stats(db).last_seqno);
	end();
}
END_TEST

START_TEST(tables_are_built_as_the_options_say_now)
{
	begin();
	options.memtable_bytes = 1 << 20;
	options.bloom_bits_per_key = 0;
	options.block_bytes = 16384;
	options.l0_threshold = options.l0_slowdown = options.l0_stop = 1000;
	change();
	ck_assert_int_eq(db_fill(db, 0, 100, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	uint64_t blocks = db_stats(db).blocks_read;

	ck_assert(db_has(db, "key000001x", NULL)); /* no filter: a block is read to know */
	ck_assert_uint_eq(db_stats(db).filter_checks, 0);
	ck_assert_uint_gt(db_stats(db).blocks_read, blocks);
	ck_assert_uint_eq(db_stats(db).table_files, 1);
	end();
}
END_TEST

START_TEST(tables_on_level_0_are_merged_at_the_new_threshold)
{
	begin();
	options.l0_threshold = 1000;
	options.l0_slowdown = options.l0_stop = 1000;
	change();
	for (unsigned i = 0; i < 10; i++) {
		db_put(db, "a", "1");
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_uint_eq(db_stats(db).levels[0].files, 10);
	options.l0_threshold = 2;
	change();
	while (db_stats(db).levels[0].files > 1)
		sched_yield();
	end();
}
END_TEST

START_TEST(limits_hold_from_now_on)
{
	static const uint8_t zeros[60000];
	struct lsm_batch *batch = lsm_batch_new();

	begin();
	db_put(db, "123456789", "1");
	options.key_max = 8;
	change();
	ck_assert_int_eq(db_try_put(db, "123456789", "2"), -ENAMETOOLONG);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(lsm_batch_put(batch, slice_str("a"), (struct slice){0},
					       slice_of(zeros, 60000)),
				 0);
	options.log_record_max = 200 << 10;
	change();
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -E2BIG);
	options.log_record_max = 400 << 10;
	change();
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	lsm_batch_free(batch);
	end();
}
END_TEST

START_TEST(checksums_are_left_out_while_reads_are_trusted)
{
	const _Atomic uint64_t *checksums;

	begin();
	options.cache_bytes = 0;
	change();
	db_put(db, "a", "1");
	ck_assert_int_eq(lsm_flush(db), 0);
	checksums = &tree_table_counters(db->tree)->checksums;
	ck_assert(db_has(db, "a", "1"));
	uint64_t before = atomic_load(checksums);

	options.verify_reads = false;
	change();
	ck_assert(db_has(db, "a", "1"));
	ck_assert_uint_eq(atomic_load(checksums), before);
	options.verify_reads = true;
	change();
	ck_assert(db_has(db, "a", "1"));
	ck_assert_uint_eq(atomic_load(checksums), before + 1);
	end();
}
END_TEST

START_TEST(a_log_ends_at_the_new_size)
{
	begin();
	options.memtable_bytes = 1 << 20;
	change();
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(db_fill(db, 0, 100, 1000), 0);
	uint64_t flushes = db_stats(db).flushes + db_stats(db).full_memtables;

	options.log_segment_bytes = 1000;
	change();
	ck_assert_int_eq(db_fill(db, 100, 105, 1000), 0);
	ck_assert_uint_ge(db_stats(db).flushes + db_stats(db).full_memtables, flushes + 4);
	end();
}
END_TEST

START_TEST(what_does_not_go_together_is_refused_and_changes_nothing)
{
	struct lsm_options bad;

	begin();
	bad = options;
	bad.memtable_bytes = 1 << 20;
	bad.l0_stop = bad.l0_slowdown - 1;
	ck_assert_int_eq(lsm_set_options(db, &bad), -EINVAL);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "l0_stop"));
	ck_assert_uint_eq(db_stats(db).memtable_max_bytes, options.memtable_bytes);
	end();
}
END_TEST

static void write_much(void *arg)
{
	const unsigned *from = arg;

	ck_assert(db_fill(db, *from, *from + 2000, 100) == 0);
}

START_TEST(options_change_under_load)
{
	static unsigned starts[] = {0, 2000};
	struct thread threads[2] = {0};

	begin();
	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "write", write_much, &starts[i]), 0);
	for (unsigned i = 0; i < 200; i++) {
		options.memtable_bytes = (4 << 10) + (i % 7 << 12);
		options.cache_bytes = i % 3 << 16;
		options.strategy = i % 3;
		options.block_bytes = 256 << i % 4;
		options.sync_mode = i % 4;
		options.sync_interval_ms = 1 + i % 5;
		change();
	}
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	db_close(db);
	db = db_open_with(&options);
	char text[DB_TEXT_MAX];

	for (unsigned n = 0; n < 4000; n++) {
		struct lsm_record record;

		ck_assert(lsm_get(db, slice_str(db_key(text, n)), NULL, &record) == 0);
		lsm_record_release(&record);
	}
	end();
}
END_TEST

static const TTest *const *const tests[] = {
	&a_larger_memtable_is_flushed_later,
	&a_smaller_value_max_refuses_from_now_on,
	&another_threshold_keeps_values_elsewhere,
	&the_cache_shrinks_and_grows,
	&sync_mode_always_syncs_each_write,
	&the_timer_takes_over_when_the_mode_says_so,
	&batch_mode_syncs_after_its_records,
	&tables_are_built_as_the_options_say_now,
	&tables_on_level_0_are_merged_at_the_new_threshold,
	&limits_hold_from_now_on,
	&checksums_are_left_out_while_reads_are_trusted,
	&a_log_ends_at_the_new_size,
	&what_does_not_go_together_is_refused_and_changes_nothing,
	&options_change_under_load,
};

UNIT_SUITE("lsm/db/live", tests)
