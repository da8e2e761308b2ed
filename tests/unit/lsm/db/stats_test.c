#include <sched.h>

#include "lsm/base/metric.h"
#include "lsm/blob/blob_store_impl.h"
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/db/gate.h"

START_TEST(what_was_done_is_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_iter *it;

	db_put(db, "a", "12345");
	db_put(db, "b", "x");
	db_delete(db, "b");
	ck_assert(db_has(db, "a", "12345"));
	ck_assert(db_has(db, "b", NULL));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_free(it);
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.writes, 3);
	ck_assert_uint_eq(s.records_written, 3);
	ck_assert_uint_eq(s.gets, 2);
	ck_assert_uint_eq(s.gets_found, 1);
	ck_assert_uint_eq(s.user_read_bytes, 5);
	ck_assert_uint_eq(s.iterators, 1);
	ck_assert_uint_eq(s.memtable_records, 3);
	ck_assert_uint_gt(s.memtable_bytes, 0);
	ck_assert_uint_eq(s.memtable_max_bytes, 16 << 10);
	ck_assert_uint_eq(s.last_seqno, 3);
	ck_assert_uint_eq(s.log_files, 1);
	ck_assert_uint_eq(s.log_bytes, s.log_written_bytes + 48);
	ck_assert_int_eq(s.health, LSM_HEALTH_OK);
	ck_assert_str_eq(s.health_text, "");
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(levels_add_up_to_the_whole)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 1000, 100), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	struct lsm_stats s = db_stats(db);
	uint64_t files = 0, bytes = 0, records = 0;

	for (int i = 0; i < LSM_LEVELS; i++) {
		files += s.levels[i].files;
		bytes += s.levels[i].bytes;
		records += s.levels[i].entries;
	}
	ck_assert_uint_eq(s.table_files, files);
	ck_assert_uint_eq(s.table_bytes, bytes);
	ck_assert_uint_eq(s.table_records, records);
	ck_assert_uint_eq(records, 1000);
	ck_assert_uint_gt(s.flushes, 0);
	ck_assert_uint_ge(s.flush_bytes, 100000);
	ck_assert_uint_gt(s.compactions + s.trivial_moves, 0);
	ck_assert_uint_eq(s.ops[LSM_OP_FLUSH].count, s.flushes);
	ck_assert_uint_gt(s.ops[LSM_OP_COMPACT].count, 0);
	ck_assert_uint_gt(s.disk_total_bytes, 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(runs_are_counted_by_level)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(db_fill(db, 0, 10, 100), 0);
		ck_assert_int_eq(lsm_flush(db), 0);
	}
	ck_assert_uint_eq(db_stats(db).levels[0].runs, 3);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(db).levels[0].runs, 0);
	ck_assert_uint_eq(db_stats(db).levels[1].runs, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(recovery_and_cache_are_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	db_put(db, "in a table", "1");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_put(db, "in the log", "2");
	db_close(db);
	db = db_open_small(env);
	ck_assert_uint_eq(db_stats(db).recovered_records, 1);
	ck_assert_uint_gt(db_stats(db).recovered_bytes, 0);
	ck_assert_uint_eq(db_stats(db).recovery_torn_bytes, 0);
	ck_assert(db_has(db, "in a table", "1"));
	uint64_t blocks_read = db_stats(db).blocks_read;
	ck_assert_uint_gt(blocks_read, 0);
	for (int i = 0; i < 2; i++)
		ck_assert(db_has(db, "in a table", "1"));
	struct lsm_stats s = db_stats(db);
	ck_assert_uint_eq(s.cache_capacity_bytes, 1 << 20);
	ck_assert_uint_eq(s.blocks_read, blocks_read);
	ck_assert_uint_ge(s.cache_hits, 2);
	ck_assert_uint_eq(s.open_tables, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(each_operation_is_counted_as_what_it_is)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	const struct lsm_patch patch = {.size = 3, .offset = 1, .bytes = slice_str("x")};
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_record record;
	struct lsm_iter *it;

	for (int i = 0; i < 3; i++)
		db_put(db, "a", "123");
	db_put(db, "b", "12345");
	db_delete(db, "b");
	ck_assert_int_eq(lsm_write_patch(db, slice_str("a"), &patch, NULL), 0);
	ck_assert_int_eq(lsm_batch_delete(batch, slice_str("gone")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0); /* a batch of one: a delete */
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("c"), slice_str(""), slice_str("1")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	lsm_batch_free(batch);
	ck_assert_int_eq(lsm_stat(db, slice_str("a"), NULL, &record), 0);
	lsm_record_release(&record);
	ck_assert(db_has(db, "no such", NULL));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		;
	lsm_iter_last(it);
	lsm_iter_free(it);
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.ops[LSM_OP_PUT].count, 4);
	ck_assert_uint_eq(s.ops[LSM_OP_DELETE].count, 2);
	ck_assert_uint_eq(s.ops[LSM_OP_PATCH].count, 1);
	ck_assert_uint_eq(s.ops[LSM_OP_BATCH].count, 1);
	ck_assert_uint_eq(s.ops[LSM_OP_STAT].count, 1);
	ck_assert_uint_eq(s.ops[LSM_OP_GET].count, 1);
	ck_assert_uint_eq(s.ops[LSM_OP_SEEK].count, 2);
	ck_assert_uint_eq(s.ops[LSM_OP_ITERATE].count, 2);
	ck_assert_uint_eq(s.writes, 8);
	ck_assert_uint_eq(s.records_written, 9);
	ck_assert_uint_eq(s.patches, 1);
	ck_assert_uint_eq(s.gets_found, 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(bytes_of_long_values_are_the_users)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.large_value_threshold = 1 << 10;
	struct lsm *db = db_open_with(&options);
	uint64_t short_ones = 0;

	ck_assert_int_eq(db_fill(db, 0, 1, 1000), 0);
	short_ones = db_stats(db).user_written_bytes;
	ck_assert_uint_ge(short_ones, 1000);
	ck_assert_uint_lt(short_ones, 1100);
	ck_assert_int_eq(db_fill(db, 1, 2, 100000), 0);
	ck_assert_uint_ge(db_stats(db).user_written_bytes, short_ones + 100000);
	ck_assert_uint_lt(db_stats(db).user_written_bytes, short_ones + 100200);
	db_close(db);
	env_free(env);
}
END_TEST

/* Each kind by itself, however a thread mixes them. */
START_TEST(alternating_operations_are_all_timed)
{
	static const enum lsm_op mixed[] = {LSM_OP_GET, LSM_OP_PUT};
	struct lsm *db;
	struct lsm_options options;

	lsm_options_init(&options);
	options.env = env_mem_new();
	options.sync_mode = LSM_SYNC_MANUAL;
	db = db_open_with(&options);
	for (int i = 0; i < 1000; i++) {
		db_put(db, "key", "value");
		ck_assert(db_has(db, "key", "value"));
	}
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.ops[LSM_OP_PUT].count, 1000);
	ck_assert_uint_eq(s.ops[LSM_OP_GET].count, 1000);
	for (size_t i = 0; i < array_size(mixed); i++) {
		/* as many as are timed stand for all */
		enum lsm_op op = mixed[i];
		struct histogram_summary timed;

		histogram_summarise(&db->ops[op], &timed);
		ck_assert_uint_ge(timed.count, 1000 - LSM_TIMED_EVERY);
		ck_assert_uint_le(timed.count, 1000 + LSM_TIMED_EVERY);
		ck_assert_uint_gt(s.ops[op].sum, 0);
		ck_assert_uint_le(s.ops[op].p50, s.ops[op].p95);
		ck_assert_uint_le(s.ops[op].p95, s.ops[op].p99);
		ck_assert_uint_le(s.ops[op].p99, s.ops[op].max);
	}
	db_close(db);
	env_free(options.env);
}
END_TEST

START_TEST(nothing_is_counted_when_that_is_switched_off)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.stats_enable = false;
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(db_fill(db, 0, 1000, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert(!db_has(db, "key000001", NULL));
	struct lsm_stats s = db_stats(db);

	for (int op = 0; op < LSM_OP_COUNT; op++) {
		ck_assert_uint_eq(s.ops[op].count, 0);
		ck_assert_uint_eq(s.ops[op].max, 0);
	}
	ck_assert_uint_eq(s.writes + s.gets + s.gets_found + s.user_written_bytes, 0);
	ck_assert_uint_gt(s.table_bytes, 0);
	ck_assert_uint_gt(s.flushes, 0);
	db_close(db);
	env_free(env);
}
END_TEST

static int take_number(void *arg, const struct metric_value *v)
{
	bool *seen = arg;

	if (v->row->kind != METRIC_TEXT && v->row->unit != METRIC_FACTOR && v->number >= 1000 &&
	    v->number < 1000 + sizeof(struct lsm_stats) / sizeof(uint64_t))
		seen[v->number - 1000] = true;
	return 0;
}

START_TEST(every_counter_has_its_line)
{
	const size_t words = offsetof(struct lsm_stats, health) / sizeof(uint64_t);
	static bool seen[sizeof(struct lsm_stats) / sizeof(uint64_t)];
	union {
		struct lsm_stats stats;
		uint64_t words[sizeof(struct lsm_stats) / sizeof(uint64_t)];
	} all = {0};
	struct metric_set set = {.snapshot = &all.stats};

	for (size_t i = 0; i < words; i++)
		all.words[i] = 1000 + i;
	set.rows = lsm_stats_metrics(&set.count);
	ck_assert_int_eq(metric_visit(&set, METRIC_ALL, take_number, seen), 0);
	for (size_t i = 0; i < words; i++)
		ck_assert_msg(seen[i], "the member at %zu is not shown", i * sizeof(uint64_t));
}
END_TEST

START_TEST(every_row_says_what_it_is)
{
	size_t count;
	const struct metric *rows = lsm_stats_metrics(&count);

	for (size_t i = 0; i < count; i++) {
		const char *name = rows[i].name ? rows[i].name : rows[i].family;

		ck_assert_msg(rows[i].help && strlen(rows[i].help) > 3, "%s has no help", name);
		ck_assert_msg(rows[i].groups != 0, "%s is in no group", name);
	}
}
END_TEST

/* One who adds, one who reads, and the background with its own. */
static _Atomic bool stop;

static void writer(void *arg)
{
	struct lsm *db = arg;

	for (unsigned n = 0; !stop; n += 50) {
		ck_assert_int_eq(db_fill(db, n % 5000, n % 5000 + 50, 100), 0);
		ck_assert(!db_has(db, "key000001", NULL));
		ck_assert(db_has(db, "no such", NULL));
	}
}

static void check_sums(const struct lsm_stats *s)
{
	uint64_t files = 0, bytes = 0, records = 0, stalls = 0, stalls_ns = 0;

	for (int i = 0; i < LSM_LEVELS; i++) {
		files += s->levels[i].files;
		bytes += s->levels[i].bytes;
		records += s->levels[i].entries;
	}
	for (int i = 0; i < LSM_STALL_COUNT; i++) {
		stalls += s->stalls[i];
		stalls_ns += s->stalls_ns[i];
	}
	ck_assert_uint_eq(s->table_files, files);
	ck_assert_uint_eq(s->table_bytes, bytes);
	ck_assert_uint_eq(s->table_records, records);
	ck_assert_uint_eq(s->stall_slow + s->stall_stop, stalls);
	ck_assert_uint_eq(s->stall_ns, stalls_ns);
	ck_assert_uint_eq(s->gets, s->ops[LSM_OP_GET].count);
	ck_assert_uint_eq(s->writes, s->ops[LSM_OP_PUT].count);
	ck_assert_uint_eq(s->used_bytes, s->table_bytes + s->blob_bytes + s->log_bytes +
						 s->manifest_bytes + s->reserve_bytes);
}

static void check_order(const struct lsm_stats *s, const struct lsm_stats *before)
{
	ck_assert_uint_le(s->gets_found, s->gets);
	ck_assert_uint_le(s->records_written, s->writes);
	ck_assert_uint_le(s->flushed_seqno, s->durable_seqno);
	ck_assert_uint_le(s->durable_seqno, s->last_seqno);
	ck_assert_uint_le(before->gets, s->gets);
	ck_assert_uint_le(before->writes, s->writes);
	ck_assert_uint_le(before->last_seqno, s->last_seqno);
	ck_assert_uint_le(before->ops[LSM_OP_PUT].sum, s->ops[LSM_OP_PUT].sum);
	ck_assert_uint_le(before->ops[LSM_OP_PUT].max, s->ops[LSM_OP_PUT].max);
}

START_TEST(one_reading_agrees_with_itself_while_all_goes_on)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct thread threads[3] = {0};
	struct lsm_stats before = db_stats(db);

	stop = false;
	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "writer", writer, db), 0);
	while (before.flushes < 30 || before.compactions < 5) {
		struct lsm_stats s = db_stats(db);

		check_sums(&s);
		check_order(&s, &before);
		before = s;
	}
	stop = true;
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	struct lsm_stats last = db_stats(db);

	ck_assert_uint_eq(last.records_written, last.last_seqno);
	ck_assert_uint_eq(last.stalled_writers, 0);
	ck_assert_uint_eq(last.gets, 2 * last.gets_found);
	db_close(db);
	env_free(env);
}
END_TEST

/* Whoever takes one of these would not come back. */
START_TEST(reading_takes_no_lock_of_the_engine)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 1000, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	db_await_spare_log(db);
	struct blob_store *blobs = tree_blobs(db->tree);
	struct mutex *const all[] = {
		&db->sync_mu,      &db->write_mu, &db->timer_mu,   &db->snapshots_mu, &db->work_mu,
		&db->tree->log_mu, &db->tree->mu, &blobs->sync_mu, &blobs->mu,
	};

	for (size_t i = 0; i < array_size(all); i++)
		mutex_lock(all[i]);
	struct lsm_stats s = db_stats(db);

	for (size_t i = array_size(all); i-- > 0;)
		mutex_unlock(all[i]);
	ck_assert_uint_ge(s.table_records, 1000);
	db_close(db);
	env_free(env);
}
END_TEST

static void fill(void *arg)
{
	ck_assert_int_eq(db_fill(arg, 0, 1000, 100), 0);
}

START_TEST(stalls_are_told_apart_by_what_they_wait_for)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(gate_over(env, true));
	struct thread thread = {0};

	options.memtables_max = 1;
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(thread_start(&thread, "fill", fill, db), 0);
	while (db_stats(db).stalled_writers == 0)
		sched_yield();
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.stalls[LSM_STALL_MEMTABLES], 1);
	ck_assert_uint_eq(s.stalls[LSM_STALL_LEVEL0_STOP], 0);
	ck_assert_uint_eq(s.stalls[LSM_STALL_LEVEL0_SLOW], 0);
	ck_assert_uint_eq(s.full_memtables, 1);
	gate_set(false);
	thread_join(&thread);
	s = db_stats(db);
	ck_assert_uint_eq(s.stalled_writers, 0);
	ck_assert_uint_gt(s.stalls_ns[LSM_STALL_MEMTABLES], 0);
	ck_assert_uint_eq(s.stalls_ns[LSM_STALL_LEVEL0_STOP], 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(damage_is_counted_where_it_is)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm_record record;

	options.cache_bytes = 0;
	struct lsm *db = db_open_with(&options);

	db_put(db, "key", "value");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_damage(env, db_find(env, ".sst").name, 2);
	ck_assert_int_eq(lsm_get(db, slice_str("key"), NULL, &record), -EBADMSG);
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.table_checksum_errors, 1);
	ck_assert_uint_eq(s.blob_checksum_errors, 0);
	ck_assert_uint_eq(s.checksum_errors, 1);
	ck_assert_uint_eq(s.gets, 1);
	ck_assert_uint_eq(s.gets_found, 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(read_only_store_tells_all_the_same)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_with(&options);

	db_put(db, "key", "value");
	ck_assert_uint_eq(db_stats(db).takes_no_writes, 0);
	db_close(db);
	options.read_only = true;
	db = db_open_with(&options);
	ck_assert(db_has(db, "key", "value"));
	struct lsm_stats s = db_stats(db);

	ck_assert_uint_eq(s.takes_no_writes, 1);
	ck_assert_int_eq(s.health, LSM_HEALTH_OK);
	ck_assert_uint_eq(s.recovered_records, 1);
	ck_assert_uint_eq(s.gets_found, 1);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(names_are_known_and_unknown_ones_harmless)
{
	ck_assert_str_eq(lsm_op_name(LSM_OP_GET), "get");
	ck_assert_str_eq(lsm_op_name(LSM_OP_COMPACT), "compact");
	ck_assert_str_eq(lsm_op_name(LSM_OP_COUNT), "unknown");
	ck_assert_str_eq(lsm_stall_name(LSM_STALL_MEMTABLES), "memtables");
	ck_assert_str_eq(lsm_stall_name(LSM_STALL_COUNT), "unknown");
	ck_assert_str_eq(lsm_health_name(LSM_HEALTH_READ_ONLY), "read_only");
	ck_assert_str_eq(lsm_health_name((enum lsm_health)17), "unknown");
}
END_TEST

static const TTest *const *const tests[] = {
	&what_was_done_is_counted,
	&levels_add_up_to_the_whole,
	&runs_are_counted_by_level,
	&recovery_and_cache_are_counted,
	&each_operation_is_counted_as_what_it_is,
	&bytes_of_long_values_are_the_users,
	&alternating_operations_are_all_timed,
	&nothing_is_counted_when_that_is_switched_off,
	&every_counter_has_its_line,
	&every_row_says_what_it_is,
	&one_reading_agrees_with_itself_while_all_goes_on,
	&reading_takes_no_lock_of_the_engine,
	&stalls_are_told_apart_by_what_they_wait_for,
	&damage_is_counted_where_it_is,
	&read_only_store_tells_all_the_same,
	&names_are_known_and_unknown_ones_harmless,
};

UNIT_SUITE("lsm/db/stats", tests)
