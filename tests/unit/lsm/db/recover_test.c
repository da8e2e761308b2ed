/*
 * From the files back to the store: after a clean close, a kill, a power cut, with other options,
 * and beside a running writer.
 */
#include "lsm/base/crc32c.h"
#include "lsm/wal/wal_record.h"
#include "tests/unit/lsm/db/db_fixture.h"

START_TEST(everything_written_is_there_again)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	db_put(db, "in a table", "1");
	db_put(db, "deleted", "x");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_put(db, "in the log", "2");
	db_delete(db, "deleted");
	uint64_t seqno = db_stats(db).last_seqno;
	db_close(db);
	db = db_open_small(env);
	ck_assert(db_has(db, "in a table", "1"));
	ck_assert(db_has(db, "in the log", "2"));
	ck_assert(db_has(db, "deleted", NULL));
	ck_assert_uint_eq(db_stats(db).last_seqno, seqno);
	ck_assert_uint_eq(db_stats(db).durable_seqno, seqno);
	ck_assert_uint_eq(db_stats(db).recovered_records, 2);
	db_close(db);
	env_free(env);
}
END_TEST

/* A copy of the files as they are while the store is open is what a killed process leaves. */
START_TEST(a_killed_process_loses_nothing)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	db_put(db, "k", "v");
	struct env *left = env_mem_clone(env);
	db_close(db);
	db = db_open_small(left);
	ck_assert(db_has(db, "k", "v"));
	/* and what was taken over is durable now */
	ck_assert_uint_eq(db_stats(db).durable_seqno, 1);
	db_close(db);
	env_free(left);
	env_free(env);
}
END_TEST

START_TEST(a_torn_end_is_cut_and_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	db_put(db, "kept", "1");
	db_put(db, "torn", "2");
	struct env *left = env_mem_clone(env);
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	wal_file_name(db->logs[0].number, name);
	uint64_t end = wal_writer_size(db->logs[0].writer);
	db_close(db);
	ck_assert_int_eq(env_mem_file(left, DB_DIR, name, &bytes), 0);
	ck_assert_uint_ge(bytes.len, end);
	db_damage(left, name, (int64_t)end - 9);
	db = db_open_small(left);
	ck_assert(db_has(db, "kept", "1"));
	ck_assert(db_has(db, "torn", NULL));
	ck_assert_uint_gt(db_stats(db).recovery_torn_bytes, 0);
	db_put(db, "torn", "3");
	db_close(db);
	db = db_open_small(left);
	ck_assert(db_has(db, "torn", "3"));
	ck_assert_uint_eq(db_stats(db).recovery_torn_bytes, 0);
	db_close(db);
	env_free(left);
	env_free(env);
}
END_TEST

START_TEST(a_store_opens_with_quite_other_options)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 1 << 20;
	struct lsm *db = db_open_with(&options);
	ck_assert_int_eq(db_fill(db, 0, 2000, 100), 0);
	db_close(db);
	for (unsigned round = 0; round < 6; round++) {
		options.memtable_bytes = round % 2 ? 1 << 20 : 4 << 10;
		options.memtables_max = 1 + round;
		options.block_bytes = 256U << round;
		options.compaction_threads = round % 3;
		options.l0_threshold = 1 + round;
		options.l0_slowdown = options.l0_stop = options.l0_threshold;
		options.filter_separator = round % 2 ? '/' : -1;
		options.bloom_bits_per_key = round * 5;
		options.compression = round % 2 ? LSM_COMPRESSION_LZ4 : LSM_COMPRESSION_NONE;
		options.sync_mode = (enum lsm_sync_mode)(round % 4);
		options.max_open_tables = 1 + round;
		options.cache_bytes = round * 1000;
		db = db_open_with(&options);
		ck_assert_int_eq(db_fill(db, 2000 + round * 100, 2100 + round * 100, 100), 0);
		for (unsigned n = 0; n < 2100 + round * 100; n++) {
			char key[DB_TEXT_MAX];
			struct lsm_record record;

			ck_assert(lsm_get(db, slice_str(db_key(key, n)), NULL, &record) == 0);
			lsm_record_release(&record);
		}
		db_close(db);
	}
	env_free(env);
}
END_TEST

/* A log of one change that no table has. */
static void leave_log(struct lsm *db, uint64_t seqno, const char *value)
{
	__attribute__((cleanup(batch_done))) struct batch changes = {0};
	uint64_t number = tree_new_file_number(db->tree);
	char key[DB_TEXT_MAX];
	struct wal_writer *w;

	ck_assert_int_eq(batch_put(&changes, slice_str(db_key(key, (unsigned)seqno)),
				   slice_of(NULL, 0), slice_str(value)),
			 0);
	const struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 1,
		.first_seqno = seqno,
		.payload = buf_slice(&changes.rep),
		.payload_crc = crc32c(0, changes.rep.ptr, changes.rep.len),
	};
	ck_assert_int_eq(wal_writer_create(db->dir, number, tree_file_id(db->tree, number), &w), 0);
	ck_assert_int_eq(tree_add_log(db->tree, number), 0);
	ck_assert_int_eq(wal_writer_append(w, &rec), 0);
	wal_writer_close(w);
}

/* Processes that were killed before their first flush, one after the other, leave many logs. */
START_TEST(many_logs_are_no_hindrance_and_go)
{
	const unsigned count = 200;
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_with(&options);

	for (unsigned seqno = 1; seqno <= count; seqno++)
		leave_log(db, seqno, "v");
	options.env = env_mem_clone(env);
	db_close(db);
	db = db_open_with(&options);
	for (unsigned seqno = 1; seqno <= count; seqno++) {
		char key[DB_TEXT_MAX];

		ck_assert(db_has(db, db_key(key, seqno), "v"));
	}
	ck_assert_uint_eq(db_stats(db).last_seqno, count);
	ck_assert_uint_ge(db_stats(db).durable_seqno, count);
	ck_assert_uint_eq(db_stats(db).flushed_seqno, count);
	ck_assert_uint_le(db_stats(db).log_files, 2);
	db_close(db);
	ck_assert_uint_le(db_find(options.env, ".wal").count, 3);
	env_free(options.env);
	env_free(env);
}
END_TEST

/* The manifest's last edit may be a crash's torn one; but the log it named is in use. */
START_TEST(a_log_that_the_manifest_has_lost_is_damage)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct wal_writer *w;

	ck_assert_int_eq(wal_writer_create(db->dir, 90, tree_file_id(db->tree, 90), &w), 0);
	struct wal_record mark = {.type = WAL_MARK, .first_seqno = 1};
	struct env *unused = env_mem_clone(env);

	ck_assert_int_eq(wal_writer_append(w, &mark), 0);
	wal_writer_close(w);
	struct env *used = env_mem_clone(env);

	db_close(db);
	/* it was made and never used: a crash's */
	db_close(db_open_small(unused));
	ck_assert_uint_eq(db_find(unused, "000090.wal").count, 0);
	struct lsm_options options = db_small_options(used);

	db_expect_no_open(&options, -EUCLEAN, "000090.wal: offset 48");
	options.read_only = true;
	db_expect_no_open(&options, -EUCLEAN, "000090.wal: offset 48");
	ck_assert_uint_eq(db_find(used, "000090.wal").count, 1);
	env_free(unused);
	env_free(used);
	env_free(env);
}
END_TEST

START_TEST(a_log_cut_short_after_a_clean_close_is_damage)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	char name[ENV_NAME_MAX + 1];
	struct slice log;

	db_put(db, "a", "1");
	db_put(db, "b", "2");
	uint64_t end = wal_writer_size(db->logs[0].writer);

	wal_file_name(db->logs[0].number, name);
	db_put(db, "c", "3");
	db_close(db);
	ck_assert_int_eq(env_mem_file(env, DB_DIR, name, &log), 0);
	struct buf cut = {0};

	ck_assert_int_eq(buf_set(&cut, slice_of(log.ptr, end)), 0);
	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, name, buf_slice(&cut)), 0);
	buf_done(&cut);
	struct lsm_options options = db_small_options(env);

	for (int tries = 0; tries < 2; tries++)
		db_expect_no_open(&options, -EUCLEAN, name);
	env_free(env);
}
END_TEST

struct busy_writer {
	struct lsm *db;
	_Atomic bool stop;
};

static void write_on(void *arg)
{
	struct busy_writer *w = arg;
	char value[DB_TEXT_MAX];

	for (unsigned n = 1; !atomic_load(&w->stop); n++) {
		(void)snprintf(value, sizeof(value), "%u", n);
		ck_assert(db_try_put(w->db, "a", value) == 0);
		ck_assert(db_try_put(w->db, "b", value) == 0);
		ck_assert(db_fill(w->db, n % 500, n % 500 + 1, 100) == 0);
	}
}

static unsigned read_number(struct lsm *db, const char *key)
{
	struct lsm_record record;
	char text[DB_TEXT_MAX] = "";
	int err = lsm_get(db, slice_str(key), NULL, &record);

	if (err == -ENOENT)
		return 0;
	if (err == -ESTALE) /* the writer has replaced the table meanwhile: open anew */
		return UINT32_MAX;
	ck_assert_int_eq(err, 0);
	memcpy(text, record.value.ptr, record.value.len);
	lsm_record_release(&record);
	return (unsigned)atoi(text);
}

START_TEST(a_reader_beside_a_busy_writer_sees_a_prefix_of_its_history)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	unsigned last = 0;

	options.memtable_bytes = 64 << 10;
	options.sync_mode = LSM_SYNC_ALWAYS;
	struct busy_writer w = {.db = db_open_with(&options)};
	struct thread thread = {0};

	db_put(w.db, "a", "0");
	ck_assert_int_eq(thread_start(&thread, "busy", write_on, &w), 0);
	options.read_only = true;
	/* at least until the writer has had its first turn */
	for (unsigned round = 0; round < 100 || last == 0; round++) {
		struct lsm *reader = db_open_with(&options);
		unsigned a = read_number(reader, "a"), b = read_number(reader, "b");

		db_close(reader);
		if (a == UINT32_MAX || b == UINT32_MAX)
			continue;
		if (a < last || (a != b && a != b + 1))
			ck_abort_msg("a=%u b=%u after a=%u", a, b, last);
		last = a;
	}
	atomic_store(&w.stop, true);
	thread_join(&thread);
	db_close(w.db);
	env_free(env);
}
END_TEST

/* As when memtables were full and waited for their flush: each comes back as one, with its log. */
START_TEST(each_log_comes_back_as_a_memtable_of_its_own)
{
	const unsigned count = 5;
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct lsm *db = db_open_with(&options);
	char key[DB_TEXT_MAX], value[6001];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (unsigned seqno = 1; seqno <= count; seqno++)
		leave_log(db, seqno, value);
	options.env = env_mem_clone(env);
	db_close(db);
	options.read_only = true; /* nothing is flushed meanwhile */
	for (options.memtables_max = 1; options.memtables_max < 8; options.memtables_max++) {
		db = db_open_with(&options);
		struct lsm_stats stats = db_stats(db);

		ck_assert_uint_eq(stats.full_memtables, min_of(options.memtables_max, count - 1));
		ck_assert_uint_eq(stats.memtable_records + stats.full_memtable_records, count);
		ck_assert_uint_eq(stats.recovered_records, count);
		for (unsigned seqno = 1; seqno <= count; seqno++)
			ck_assert(db_has(db, db_key(key, seqno), value));
		db_close(db);
	}
	options.read_only = false;
	db = db_open_with(&options);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_uint_eq(db_stats(db).flushes, count);
	ck_assert_uint_le(db_stats(db).log_files, 2);
	for (unsigned seqno = 1; seqno <= count; seqno++)
		ck_assert(db_has(db, db_key(key, seqno), value));
	db_close(db);
	env_free(options.env);
	env_free(env);
}
END_TEST

/* The kernel has the bytes, and takes them for written: a sync by the next process would not fail.
 */
START_TEST(what_a_failed_sync_lost_is_not_taken_for_durable)
{
	struct env *disk = env_mem_new(), *faulty = env_fault_new(disk);
	struct lsm_options options = db_small_options(disk);
	struct lsm *db = db_open_small(faulty);

	ck_assert_int_eq(db_put_synced(db, "first", "1"), 0);
	db_put(db, "lost", "2");
	db_check_lost_sync(db, faulty, disk, &options);
}
END_TEST

static const TTest *const *const tests[] = {
	&everything_written_is_there_again,
	&a_killed_process_loses_nothing,
	&a_torn_end_is_cut_and_counted,
	&a_store_opens_with_quite_other_options,
	&many_logs_are_no_hindrance_and_go,
	&a_log_that_the_manifest_has_lost_is_damage,
	&a_log_cut_short_after_a_clean_close_is_damage,
	&a_reader_beside_a_busy_writer_sees_a_prefix_of_its_history,
	&each_log_comes_back_as_a_memtable_of_its_own,
	&what_a_failed_sync_lost_is_not_taken_for_durable,
};

UNIT_SUITE("lsm/db/recover", tests)
