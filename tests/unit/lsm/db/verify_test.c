#include "lsm/base/thread.h"
#include "lsm/wal/wal_format.h"
#include "tests/unit/lsm/db/gate.h"

static struct lsm *store_with_all(struct env *env)
{
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(db_fill(db, 0, 100, 100), 0);
	ck_assert_int_eq(lsm_flush(db), 0);
	db_put(db, "in the log", "first");
	db_put(db, "in the log too", "second");
	return db;
}

static void expect_damage(struct lsm *db, const char *name)
{
	const struct lsm_verify_report before = {.tables = 77};
	struct lsm_verify_report report = before;
	int err = lsm_verify(db, &report);

	ck_assert(err == -EUCLEAN || err == -EBADMSG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), name));
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "offset"));
	ck_assert_uint_eq(report.tables, before.tables);
}

START_TEST(a_whole_store_is_counted)
{
	struct env *env = env_mem_new();
	struct lsm *db = store_with_all(env);
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), 0);
	ck_assert_uint_ge(report.tables, 1);
	ck_assert_uint_eq(report.log_records, 2);
	ck_assert_uint_ge(report.bytes, 10000);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_flipped_bit_in_a_table_is_named)
{
	struct env *env = env_mem_new();
	struct lsm *db = store_with_all(env);
	struct db_found_name table = db_find(env, ".sst");

	db_damage(env, table.name, 700);
	expect_damage(db, table.name);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_flipped_bit_in_the_log_is_named)
{
	struct env *env = env_mem_new();
	struct lsm *db = store_with_all(env);
	char name[ENV_NAME_MAX + 1];

	wal_file_name(db->logs[db->log_count - 1].number, name);
	db_damage(env, name, WAL_FILE_HEADER_SIZE + WAL_RECORD_HEADER_SIZE + 2);
	expect_damage(db, name);
	db_close(db);
	env_free(env);
}
END_TEST

/* To a reader zeros are the end of the log; who wrote it knows better. */
START_TEST(records_that_became_zeros_are_missed)
{
	struct env *env = env_mem_new();
	struct lsm *db = store_with_all(env);
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	wal_file_name(db->logs[db->log_count - 1].number, name);
	ck_assert_int_eq(env_mem_file(env, DB_DIR, name, &bytes), 0);
	uint8_t *copy = malloc(bytes.len);
	memcpy(copy, bytes.ptr, bytes.len);
	memset(copy + WAL_FILE_HEADER_SIZE, 0, bytes.len - WAL_FILE_HEADER_SIZE);
	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, name, slice_of(copy, bytes.len)), 0);
	free(copy);
	expect_damage(db, name);
	db_close(db);
	env_free(env);
}
END_TEST

/* A writer takes it for a crash's and begins a new manifest; one who only reads should know. */
START_TEST(an_edit_that_is_not_whole_is_named_to_a_reader)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_options options = db_small_options(env);
	struct lsm_verify_report report;

	db_put(db, "k", "v");
	db_close(db);
	char manifest[ENV_NAME_MAX + 1];
	struct slice current;

	ck_assert_int_eq(env_mem_file(env, DB_DIR, "CURRENT", &current), 0);
	(void)snprintf(manifest, sizeof(manifest), "%.15s", (const char *)current.ptr);
	options.read_only = true;
	db = db_open_with(&options);
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db_close(db);
	/* in the space taken ahead */
	db_damage(env, manifest, -1);
	db = db_open_with(&options);
	ck_assert_int_eq(lsm_verify(db, &report), -EUCLEAN);
	ck_assert(strstr(lsm_error_text(), manifest) != NULL);
	ck_assert(strstr(lsm_error_text(), ": offset ") != NULL);
	db_close(db);
	db = db_open_small(env);
	ck_assert(db_has(db, "k", "v"));
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_reopened_store_with_old_logs_is_whole)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 4 << 10;
	options.memtables_max = 8;
	struct lsm *db = db_open_with(&options);
	ck_assert_int_eq(db_fill(db, 0, 100, 100), 0);
	db_close(db);
	db = db_open_with(&options);
	struct lsm_verify_report report;
	int err = lsm_verify(db, &report);
	if (err)
		ck_abort_msg("%d %s", err, lsm_error_text());
	db_close(db);
	options.read_only = true;
	db = db_open_with(&options);
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db_close(db);
	env_free(env);
}
END_TEST

/* Two logs, the first of them full and its flush held up; a copy of the disk. */
static struct env *disk_with_two_logs(const struct lsm_options *small)
{
	struct env *env = env_mem_new();
	struct lsm_options options = *small;

	options.env = gate_over(env, true);
	struct lsm *db = db_open_with(&options);

	for (unsigned n = 0; db->log_count < 2; n++)
		ck_assert_int_eq(db_fill(db, n, n + 1, 100), 0);
	struct env *copy = env_mem_clone(env);

	gate_set(false);
	db_close(db);
	env_free(env);
	return copy;
}

/* A power cut may keep the next log and lose the zeros behind the last record of a log made of an
 * older one: what stands there was never a record. */
static void set_bytes_behind_the_records(struct env *env, const char *name)
{
	struct slice bytes;

	ck_assert_int_eq(env_mem_file(env, DB_DIR, name, &bytes), 0);
	size_t end = bytes.len;
	while (bytes.ptr[end - 1] == 0)
		end--;
	end = (end + WAL_ALIGN - 1) / WAL_ALIGN * WAL_ALIGN;
	uint8_t *longer = calloc(1, bytes.len + WAL_RECORD_HEADER_SIZE);
	memcpy(longer, bytes.ptr, bytes.len);
	memset(longer + end, 0xab, WAL_RECORD_HEADER_SIZE);
	ck_assert_int_eq(env_mem_set_file(env, DB_DIR, name,
					  slice_of(longer, bytes.len + WAL_RECORD_HEADER_SIZE)),
			 0);
	free(longer);
}

START_TEST(what_stands_behind_the_end_of_an_old_log_is_no_damage)
{
	struct lsm_options options = db_small_options(NULL);
	struct lsm_verify_report report;
	struct env *env = disk_with_two_logs(&options);
	struct db_found_name first = db_find(env, ".wal");

	set_bytes_behind_the_records(env, first.name);
	options.env = env;
	options.read_only = true;
	struct lsm *db = db_open_with(&options);

	ck_assert_msg(lsm_verify(db, &report) == 0, "%s", lsm_error_text());
	ck_assert_uint_eq(report.log_records, db_stats(db).recovered_records);
	db_close(db);
	options.read_only = false;
	/* its flush is held up too, so its logs are there */
	options.env = gate_over(env, true);
	db = db_open_with(&options);
	ck_assert_msg(lsm_verify(db, &report) == 0, "%s", lsm_error_text());
	ck_assert_uint_eq(report.log_records, db_stats(db).recovered_records);
	/* but its records are the store's */
	db_damage(env, first.name, WAL_FILE_HEADER_SIZE + WAL_RECORD_HEADER_SIZE + 2);
	expect_damage(db, first.name);
	gate_set(false);
	db_close(db);
	env_free(env);
}
END_TEST

struct verifying {
	struct lsm *db;
	int err;
};

static void verify_whole(void *arg)
{
	struct verifying *v = arg;
	struct lsm_verify_report report;

	v->err = lsm_verify(v->db, &report);
}

/* A log is verified with what it names, even if that becomes garbage meanwhile. */
START_TEST(blob_files_stay_while_the_log_that_names_them_is_verified)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(gate_over(env, true));
	struct verifying v;
	struct thread thread;

	gate.mode = ENV_READ;
	gate.suffix = ".blob";
	options.large_value_threshold = 1024;
	options.chunk_bytes = 4096;
	options.blob_file_bytes = 64 << 10;
	struct lsm *db = v.db = db_open_with(&options);

	ck_assert_int_eq(db_fill(db, 0, 1, 200000), 0);
	db_delete(db, "key000000");
	unsigned files = db_find(env, ".blob").count;

	ck_assert_uint_gt(files, 2);
	ck_assert_int_eq(thread_start(&thread, "verify", verify_whole, &v), 0);
	gate_wait();
	ck_assert_int_eq(lsm_flush(db), 0); /* nothing names them any more */
	ck_assert_uint_eq(db_find(env, ".blob").count, files);
	gate_set(false);
	thread_join(&thread);
	ck_assert_int_eq(v.err, 0);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_whole_store_is_counted,
	&a_flipped_bit_in_a_table_is_named,
	&a_flipped_bit_in_the_log_is_named,
	&records_that_became_zeros_are_missed,
	&an_edit_that_is_not_whole_is_named_to_a_reader,
	&a_reopened_store_with_old_logs_is_whole,
	&what_stands_behind_the_end_of_an_old_log_is_no_damage,
	&blob_files_stay_while_the_log_that_names_them_is_verified,
};

UNIT_SUITE("lsm/db/verify", tests)
