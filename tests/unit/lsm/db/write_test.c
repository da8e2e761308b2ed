/*
 * Commits: order, atomicity, limits, handing memtables over.
 */
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	THREADS = 4,
	ROUNDS = 500,
	PAIR = 5,
};

START_TEST(a_commit_gets_the_next_seqnos_and_the_time)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_commit commit = {0};
	struct lsm_record record;

	env_mem_set_clock(env, 123456789);
	db_put(db, "first", "1");
	for (unsigned n = 0; n < 3; n++)
		ck_assert_int_eq(
			lsm_batch_put(batch, slice_str("b"), slice_str("meta"), slice_str("2")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), 0);
	ck_assert_uint_eq(commit.seqno, 4);
	ck_assert_uint_eq(commit.time_ns, 123456789);
	ck_assert_uint_eq(lsm_batch_count(batch), 3);
	ck_assert_int_eq(lsm_get(db, slice_str("b"), NULL, &record), 0);
	ck_assert_uint_eq(record.seqno, 4);
	ck_assert_uint_eq(record.time_ns, 123456789);
	ck_assert(slice_eq(record.meta, slice_str("meta")));
	lsm_record_release(&record);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(an_empty_batch_is_no_change)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_batch *batch = lsm_batch_new();
	const struct lsm_write_options synced = {.sync = true};
	struct lsm_commit commit = {.seqno = 99, .time_ns = 99};

	db_put(db, "k", "v");
	ck_assert_int_eq(lsm_write(db, batch, NULL, &commit), 0);
	ck_assert_uint_eq(commit.seqno, 1);
	ck_assert_uint_eq(commit.time_ns, 0);
	ck_assert_uint_eq(db_stats(db).last_seqno, 1);
	ck_assert_uint_eq(db_stats(db).durable_seqno, 0);
	ck_assert_int_eq(lsm_write(db, batch, &synced, NULL), 0);
	ck_assert_uint_eq(db_stats(db).durable_seqno, 1);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(limits_of_keys_and_metas_hold)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	uint8_t *bytes = calloc(1, LSM_META_MAX + 1);
	struct slice value = slice_str("v");
	struct lsm_write_options options = {.meta = slice_of(bytes, LSM_META_MAX)};
	struct lsm_record record;

	ck_assert_int_eq(lsm_put(db, slice_of(NULL, 0), value, NULL), -EINVAL);
	ck_assert_int_eq(lsm_delete(db, slice_of(NULL, 0), NULL), -EINVAL);
	ck_assert_int_eq(lsm_put(db, slice_of(bytes, LSM_KEY_MAX + 1), value, NULL), -ENAMETOOLONG);
	ck_assert_int_eq(lsm_put(db, slice_of(bytes, LSM_KEY_MAX), value, &options), 0);
	options.meta.len++;
	ck_assert_int_eq(lsm_put(db, slice_str("k"), value, &options), -E2BIG);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_get(db, slice_of(bytes, LSM_KEY_MAX), NULL, &record), 0);
	ck_assert_uint_eq(record.meta.len, LSM_META_MAX);
	lsm_record_release(&record);
	/* what cannot be there is not found, and no error */
	ck_assert_int_eq(lsm_get(db, slice_of(NULL, 0), NULL, &record), -ENOENT);
	ck_assert_int_eq(lsm_get(db, slice_of(bytes, LSM_META_MAX), NULL, &record), -ENOENT);
	db_close(db);
	free(bytes);
	env_free(env);
}
END_TEST

/* RECORD_VALUE_MAX is what a record takes, so key, meta and framing must fit beside it. */
START_TEST(the_largest_record_fits_a_batch_and_the_log)
{
	uint64_t most = RECORD_VALUE_MAX + RECORD_KEY_MAX + RECORD_META_MAX + 64;

	ck_assert_uint_ge(BATCH_MAX_BYTES, most);
	ck_assert_uint_ge(WAL_PAYLOAD_MAX, BATCH_MAX_BYTES);
}
END_TEST

START_TEST(a_value_larger_than_everything_is_kept)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 3, 1 << 20), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	db_close(db);
	db = db_open_small(env);
	struct lsm_record record;
	ck_assert_int_eq(lsm_get(db, slice_str("key000002"), NULL, &record), 0);
	ck_assert_uint_eq(record.value_len, 1 << 20);
	lsm_record_release(&record);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_memtable_is_handed_over_at_its_size)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	while (db_stats(db).flushes == 0) {
		ck_assert_int_eq(db_fill(db, 0, 1, 100), 0);
		ck_assert_uint_le(db_stats(db).memtable_bytes, 16 << 10);
	}
	db_close(db);
	env_free(env);
}
END_TEST

/* Each thread writes PAIR keys of its own with one number, in one batch. */
struct pair_thread {
	struct lsm *db;
	struct thread thread;
	unsigned number;
	_Atomic bool *stop;
};

static void write_pairs(void *arg)
{
	struct pair_thread *t = arg;
	struct lsm_batch *batch = lsm_batch_new();

	for (unsigned round = 1; round <= ROUNDS; round++) {
		char key[DB_TEXT_MAX], value[DB_TEXT_MAX];

		lsm_batch_clear(batch);
		(void)snprintf(value, sizeof(value), "%u", round);
		for (unsigned i = 0; i < PAIR; i++)
			ck_assert(!lsm_batch_put(batch, slice_str(db_key(key, t->number * 100 + i)),
						 slice_of(NULL, 0), slice_str(value)));
		ck_assert(!lsm_write(t->db, batch, NULL, NULL));
	}
	lsm_batch_free(batch);
}

static void read_pairs(void *arg)
{
	struct pair_thread *t = arg;

	while (!atomic_load(t->stop)) {
		struct lsm_iter *it;
		uint64_t seqno = 0;
		unsigned keys = 0;
		char first[DB_TEXT_MAX] = "";

		ck_assert(!lsm_iter_new(t->db, NULL, &it));
		for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it), keys++) {
			struct slice value;

			ck_assert(!lsm_iter_value(it, &value));
			if (keys % PAIR == 0) {
				memset(first, 0, sizeof(first));
				memcpy(first, value.ptr, value.len);
			} else {
				ck_assert(lsm_iter_record(it)->seqno == seqno + 1);
			}
			ck_assert(slice_eq(value, slice_str(first)));
			seqno = lsm_iter_record(it)->seqno;
		}
		ck_assert(!lsm_iter_status(it) && keys % PAIR == 0);
		lsm_iter_free(it);
	}
}

START_TEST(readers_see_batches_whole_while_all_goes_on)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct pair_thread writers[THREADS] = {{0}}, reader = {.db = db};
	_Atomic bool stop = false;

	reader.stop = &stop;
	ck_assert_int_eq(thread_start(&reader.thread, "reader", read_pairs, &reader), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		writers[i].db = db;
		writers[i].number = i;
		ck_assert_int_eq(
			thread_start(&writers[i].thread, "writer", write_pairs, &writers[i]), 0);
	}
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(lsm_flush(db), 0);
		if (i % 5 == 0)
			ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(&writers[i].thread);
	atomic_store(&stop, true);
	thread_join(&reader.thread);
	ck_assert_uint_eq(db_stats(db).last_seqno, THREADS * ROUNDS * PAIR);
	ck_assert_uint_eq(db_stats(db).writes, THREADS * ROUNDS);
	ck_assert_uint_eq(db_stats(db).records_written, THREADS * ROUNDS * PAIR);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(without_compaction_threads_nothing_waits_for_one)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	options.l0_threshold = options.l0_slowdown = options.l0_stop = 2;
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 0; n < 10; n++) {
		ck_assert_int_eq(db_fill(db, 0, 50, 100), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_uint_ge(db_stats(db).levels[0].files, 10);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).levels[0].files, 0);
	ck_assert_uint_eq(db_stats(db).table_records, 50);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(writers_wait_at_the_stop_and_go_on)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 4 << 10;
	options.memtables_max = 1;
	options.l0_threshold = options.l0_slowdown = options.l0_stop = 1;
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(db_fill(db, 0, 2000, 50), 0);
	struct lsm_stats stats = db_stats(db);
	ck_assert_uint_gt(stats.stall_stop, 0);
	ck_assert_uint_gt(stats.stall_ns, 0);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_commit_gets_the_next_seqnos_and_the_time,
	&an_empty_batch_is_no_change,
	&limits_of_keys_and_metas_hold,
	&the_largest_record_fits_a_batch_and_the_log,
	&a_value_larger_than_everything_is_kept,
	&a_memtable_is_handed_over_at_its_size,
	&readers_see_batches_whole_while_all_goes_on,
	&without_compaction_threads_nothing_waits_for_one,
	&writers_wait_at_the_stop_and_go_on,
};

UNIT_SUITE("lsm/db/write", tests)
