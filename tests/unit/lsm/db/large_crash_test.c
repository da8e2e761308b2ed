/*
 * Large values and patches after a kill, a failed call, a lost or damaged chunk.
 */
#include "lsm/base/crc32c.h"
#include "lsm/db/logs.h"
#include "lsm/wal/wal_writer.h"
#include "tests/unit/lsm/db/large_fixture.h"

START_TEST(a_kill_loses_nothing)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 8);

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 200000), NULL), 0);
	patch(db, "k", BIG, 200000, slice_of(bytes + 200000, 100000));
	patch(db, "k", BIG, 5, slice_of(bytes + 5, 5));
	for (int round = 0; round < 3; round++) {
		struct env *left = env_mem_clone(env);

		db_close(db);
		env_free(env);
		env = left;
		db = open_large(env);
		expect_value(db, "k", bytes, BIG);
		if (round == 1)
			ck_assert_int_eq(lsm_flush(db), 0);
	}
	db_close(db);
	env_free(env);
	free(bytes);
}
END_TEST

/* Chunks that only a new table names stay when it is unknown whether the manifest has the table. */
START_TEST(a_failure_in_a_flush_loses_nothing)
{
	uint8_t *bytes = noise(BIG, 16);
	bool struck = true;

	for (uint64_t n = 0; struck; n++) {
		const struct env_fault_plan plan = {.at_call = n, .error = -EIO};
		struct env *disk = env_mem_new(), *env = env_fault_new(disk);
		struct lsm *db = open_large(env);

		for (size_t at = 0; at < BIG; at += BIG / 10)
			patch(db, "k", BIG, at, slice_of(bytes + at, 1000));
		ck_assert_int_eq(lsm_sync(db), 0);
		env_fault_set(env, &plan);
		int err = lsm_flush(db);

		struck = env_fault_struck(env);
		ck_assert(struck || err == 0);
		ignore_result(lsm_close(db)); /* a failure has its consequences */
		env_free(env);
		db = open_large(disk);
		for (size_t at = 0; at < BIG; at += BIG / 10) {
			uint8_t part[1000];
			const struct lsm_range range = {.offset = at, .into = part, .len = 1000};
			size_t len = 0;

			ck_assert_int_eq(lsm_read(db, slice_str("k"), NULL, &range, &len, NULL), 0);
			ck_assert(len == 1000 && memcmp(part, bytes + at, len) == 0);
		}
		db_close(db);
		env_free(disk);
	}
	free(bytes);
}
END_TEST

/* The log has the record, but its chunk never came to the disk: the history ends before it. */
START_TEST(a_chunk_that_is_not_there_makes_its_record_the_torn_end)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 9);

	db_put(db, "before", "1");
	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 50000), NULL), 0);
	db_put(db, "after", "2");
	struct env *left = env_mem_clone(env);
	struct db_found_name blob = db_find(left, ".blob");

	db_close(db);
	db_damage(left, blob.name, -20);
	db = open_large(left);
	ck_assert(db_has(db, "before", "1"));
	ck_assert(db_has(db, "k", NULL));
	ck_assert(db_has(db, "after", NULL));
	ck_assert_uint_gt(db_stats(db).recovery_torn_bytes, 0);
	db_put(db, "after", "3");
	db_close(db);
	db = open_large(left);
	ck_assert(db_has(db, "after", "3"));
	db_close(db);
	env_free(left);
	env_free(env);
	free(bytes);
}
END_TEST

/* A reader leaves them where they are. */
START_TEST(what_a_reader_verifies_ends_with_its_history)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 17);
	struct lsm_verify_report report;

	db_put(db, "before", "1");
	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 50000), NULL), 0);
	db_put(db, "after", "2");
	struct env *left = env_mem_clone(env);
	struct lsm_options options = large_options(left);
	struct db_found_name blob = db_find(left, ".blob");

	db_close(db);
	options.read_only = true;
	for (int missing = 0; missing < 2; missing++) {
		if (missing)
			ck_assert_int_eq(env_mem_remove_file(left, DB_DIR, blob.name), 0);
		else
			db_damage(left, blob.name, -20);
		db = db_open_with(&options);
		ck_assert(db_has(db, "before", "1") && db_has(db, "k", NULL));
		ck_assert_msg(lsm_verify(db, &report) == 0, "%s", lsm_error_text());
		ck_assert_uint_eq(report.log_records, 1);
		db_close(db);
	}
	env_free(left);
	env_free(env);
	free(bytes);
}
END_TEST

/* The same behind a sync is damage: reported when it is read, naming the file. */
START_TEST(a_synced_chunk_that_is_not_there_is_damage)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 10);
	struct lsm_record record;

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 50000), NULL), 0);
	ck_assert_int_eq(lsm_sync(db), 0);
	db_put(db, "after", "2");
	struct env *left = env_mem_clone(env);
	struct db_found_name blob = db_find(left, ".blob");

	db_close(db);
	db_damage(left, blob.name, -20);
	db = open_large(left);
	ck_assert(db_has(db, "after", "2"));
	ck_assert_int_eq(lsm_get(db, slice_str("k"), NULL, &record), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), blob.name));
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), -EBADMSG);
	ck_assert_int_eq(lsm_flush(db), 0); /* naming it again is not reading it */
	ck_assert_int_eq(lsm_get(db, slice_str("k"), NULL, &record), -EBADMSG);
	/* neither so many patches that the window is written anew, nor a cut to a short value, make
	 * the flush fail for ever */
	for (unsigned i = 0; i < 60; i++)
		patch(db, "k", 50000, 50000 - 100 * (i + 1), slice_of(bytes, 10));
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_get(db, slice_str("k"), NULL, &record), -EBADMSG);
	patch(db, "k", 50000, 40, slice_of(bytes, 49900));
	patch(db, "k", 700, 0, slice_of(NULL, 0));
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);
	env_free(left);
	env_free(env);
	free(bytes);
}
END_TEST

/* Or no flush would ever get past its record. */
START_TEST(a_file_shorter_than_a_synced_chunk_is_refused_at_open)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	uint8_t *bytes = noise(BIG, 18);
	struct lsm_options options;
	struct slice content;

	ck_assert_int_eq(lsm_put(db, slice_str("k"), slice_of(bytes, 50000), NULL), 0);
	ck_assert_int_eq(lsm_sync(db), 0);
	db_put(db, "after", "2");
	struct env *left = env_mem_clone(env);
	struct db_found_name blob = db_find(left, ".blob");

	db_close(db);
	ck_assert_int_eq(env_mem_file(left, DB_DIR, blob.name, &content), 0);
	content.len--;
	ck_assert_int_eq(env_mem_set_file(left, DB_DIR, blob.name, content), 0);
	options = large_options(left);
	ck_assert_int_eq(lsm_open(DB_DIR, &options, &db), -EUCLEAN);
	ck_assert_msg(strstr(lsm_error_text(), blob.name) &&
			      strstr(lsm_error_text(), "the file ends here"),
		      "%s", lsm_error_text());
	/* what can be read can be read */
	options.read_only = true;
	db = db_open_with(&options);
	ck_assert(db_has(db, "after", "2"));
	db_close(db);
	env_free(left);
	env_free(env);
	free(bytes);
}
END_TEST

/* Its checksum is right, as a stranger can make it, but what it says of key "k" is no value's form.
 */
static void append_nonsense(struct env *env, uint64_t number, uint64_t at, uint64_t seqno)
{
	const struct record large = {
		.kind = RECORD_LARGE,
		.key = slice_str("k"),
		.meta = slice_str("\xff"),
		.value = slice_str("no list of extents"),
	};
	struct batch batch = {0};
	struct env_dir *dir;
	struct wal_writer *w;

	ck_assert_int_eq(batch_put(&batch, slice_str("before"), slice_str(""), slice_str("2")), 0);
	ck_assert_int_eq(batch_add(&batch, &large), 0);
	const struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 2,
		.first_seqno = seqno,
		.time_ns = 1,
		.payload = buf_slice(&batch.rep),
		.payload_crc = crc32c(0, batch.rep.ptr, batch.rep.len),
	};

	ck_assert_int_eq(env_open_dir(env, DB_DIR, false, &dir), 0);
	ck_assert_int_eq(wal_writer_resume(dir, number, at, &w), 0);
	ck_assert_int_eq(wal_writer_append(w, &rec), 0);
	wal_writer_close(w);
	env_dir_close(dir);
	batch_done(&batch);
}

START_TEST(nothing_of_a_record_that_makes_no_sense_is_kept_before_damage)
{
	struct env *env = env_mem_new();
	struct lsm *db = open_large(env);
	char name[ENV_NAME_MAX + 1];

	db_put(db, "before", "1");
	uint64_t number = db->logs[db->log_count - 1].number;
	struct env *left = env_mem_clone(env);
	struct lsm_options options = large_options(left);

	wal_file_name(number, name);
	append_nonsense(left, number, db_log_size_locked(db), db_stats(db).last_seqno + 1);
	db_close(db);
	ck_assert_int_eq(lsm_open(DB_DIR, &options, &db), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), name));
	options.recovery = LSM_RECOVER_PREFIX;
	for (int round = 0; round < 2; round++) {
		options.read_only = round == 0;
		db = db_open_with(&options);
		ck_assert_uint_eq(db_stats(db).recovery_damaged, 1);
		ck_assert(db_has(db, "before", "1"));
		ck_assert(db_has(db, "k", NULL));
		db_close(db);
	}
	options.recovery = LSM_RECOVER_WHOLE;
	db = db_open_with(&options);
	ck_assert_uint_eq(db_stats(db).recovery_damaged, 0);
	ck_assert(db_has(db, "before", "1"));
	db_close(db);
	env_free(left);
	env_free(env);
}
END_TEST

/* The record that names it is on the disk: it counts as torn. */
START_TEST(a_chunk_that_a_failed_sync_lost_is_not_taken_for_durable)
{
	struct env *disk = env_mem_new(), *faulty = env_fault_new(disk);
	struct lsm_options options = large_options(disk);
	struct lsm *db = open_large(faulty);
	uint8_t *bytes = noise(BIG, 8);

	ck_assert_int_eq(db_put_synced(db, "first", "1"), 0);
	ck_assert_int_eq(lsm_put(db, slice_str("lost"), slice_of(bytes, 200000), NULL), 0);
	db_check_lost_sync(db, faulty, disk, &options);
	free(bytes);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_kill_loses_nothing,
	&a_failure_in_a_flush_loses_nothing,
	&a_chunk_that_is_not_there_makes_its_record_the_torn_end,
	&what_a_reader_verifies_ends_with_its_history,
	&a_synced_chunk_that_is_not_there_is_damage,
	&a_file_shorter_than_a_synced_chunk_is_refused_at_open,
	&nothing_of_a_record_that_makes_no_sense_is_kept_before_damage,
	&a_chunk_that_a_failed_sync_lost_is_not_taken_for_durable,
};

UNIT_SUITE("lsm/db/large_crash", tests)
