/*
 * Reading a store beside the process that has it open for writing.
 */
#include <sched.h>

#include "lsm/base/thread.h"
#include "lsm/db/second_look.h"
#include "tests/unit/lsm/db/gate.h"

enum {
	KEYS = 200,
	ROUNDS = 60,
};

static struct lsm_options reader_options(struct env *env)
{
	struct lsm_options options = db_small_options(env);

	options.read_only = true;
	options.max_open_tables = 1;
	options.cache_bytes = 0;
	return options;
}

/* Replace every table by others with the same keys. The old ones are gone once nobody looks at them
 * any more; the last to do so may be db_stats here. */
static void replace_tables(struct lsm *writer)
{
	ck_assert_int_eq(db_fill(writer, 0, KEYS, 100), 0);
	ck_assert_int_eq(lsm_compact(writer, slice_str(""), slice_str("")), 0);
	while (db_find(writer->env, ".sst").count > db_stats(writer).table_files) {
		sched_yield();
		tree_purge(writer->tree);
	}
}

/* Every way to read: the first failure, which must be the same in all. */
static int read_all_ways(struct lsm *reader)
{
	const struct lsm_read_options prefixed = {.prefix = slice_str("key")};
	struct lsm_verify_report report;
	struct lsm_record record;
	struct lsm_iter *it;
	int got = lsm_get(reader, slice_str("key000000"), NULL, &record);

	if (!got)
		lsm_record_release(&record);
	int stated = lsm_stat(reader, slice_str("key000100"), NULL, &record);

	if (!stated)
		lsm_record_release(&record);
	int err = lsm_iter_new(reader, &prefixed, &it);

	if (!err) {
		for (lsm_iter_first(it); lsm_iter_valid(it);)
			lsm_iter_next(it);
		err = lsm_iter_status(it);
		lsm_iter_free(it);
	}
	ck_assert_int_eq(got, stated);
	ck_assert_int_eq(got, err);
	ck_assert_int_eq(got, lsm_verify(reader, &report));
	return got;
}

START_TEST(a_table_that_the_writer_replaced_is_stale_and_not_damage)
{
	struct env *env = env_mem_new();
	struct lsm_options options = reader_options(env);
	struct lsm *writer = db_open_small(env);

	replace_tables(writer);
	struct lsm *reader = db_open_with(&options);

	replace_tables(writer);
	ck_assert_int_eq(read_all_ways(reader), -ESTALE);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), ".sst: the writer has replaced it"));
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "open the store again"));
	ck_assert_uint_eq(db_stats(reader).checksum_errors, 0);
	db_close(reader);
	reader = db_open_with(&options);
	ck_assert_int_eq(read_all_ways(reader), 0);
	db_close(reader);
	db_close(writer);
	env_free(env);
}
END_TEST

START_TEST(a_table_that_is_really_missing_is_named_by_the_next_open)
{
	struct env *env = env_mem_new();
	struct lsm_options options = reader_options(env);
	struct lsm *writer = db_open_small(env);
	struct lsm_verify_report report;

	replace_tables(writer);
	struct lsm *reader = db_open_with(&options);
	struct db_found_name lost = db_find(env, ".sst");

	ck_assert_int_eq(env_mem_remove_file(env, DB_DIR, lost.name), 0);
	ck_assert_int_eq(lsm_verify(reader, &report), -ESTALE);
	db_close(reader);
	db_expect_no_open(&options, -EUCLEAN, lost.name);
	/* who holds the lock knows that nobody may have replaced it */
	ck_assert_int_eq(lsm_verify(writer, &report), -EUCLEAN);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "missing"));
	db_close(writer);
	env_free(env);
}
END_TEST

START_TEST(a_second_look_is_taken_until_it_looks_the_same)
{
	struct second_look look = {0};

	ck_assert(!second_look_wanted(&look, -EIO));
	ignore_result(fail(-EUCLEAN, "one"));
	ck_assert(second_look_wanted(&look, -EUCLEAN));
	ignore_result(fail(-EUCLEAN, "two"));
	ck_assert(second_look_wanted(&look, -EUCLEAN));
	ck_assert(!second_look_wanted(&look, -EUCLEAN));
	look = (struct second_look){0};
	for (int i = 0;; i++) {
		ignore_result(fail(-EBADMSG, "look %d", i));
		if (!second_look_wanted(&look, -EBADMSG))
			break;
		ck_assert_int_lt(i, 1000);
	}
}
END_TEST

struct busy_writer {
	struct lsm *db;
	_Atomic bool stop;
	_Atomic unsigned rounds;
};

/* All keys get the round's number, in order; so whoever sees key n at round r sees all before it at
 * r or later. */
static void write_rounds(void *arg)
{
	struct busy_writer *w = arg;
	char key[DB_TEXT_MAX], value[DB_TEXT_MAX];

	for (unsigned round = 1; !w->stop; round++) {
		(void)snprintf(value, sizeof(value), "%08u with some more bytes", round);
		for (unsigned n = 0; n < KEYS; n++)
			ck_assert(db_try_put(w->db, db_key(key, n), value) == 0);
		if (round % 3 == 0)
			ck_assert(lsm_compact(w->db, slice_str(""), slice_str("")) == 0);
		w->rounds = round;
	}
}

/* 0, or the error of the scan; aborts when what it saw is no state that ever was. */
static int scan_state(struct lsm *reader, unsigned at_least)
{
	struct lsm_iter *it;
	unsigned n = 0, first = 0, last = 0;
	int err = lsm_iter_new(reader, NULL, &it);

	if (err)
		return err;
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it), n++) {
		struct slice value;

		err = lsm_iter_value(it, &value);
		if (err)
			break;
		unsigned round = (unsigned)strtoul((const char *)value.ptr, NULL, 10);

		if (n == 0)
			first = last = round;
		ck_assert(round <= last && round + 1 >= first && round >= at_least);
		last = round;
	}
	if (!err)
		err = lsm_iter_status(it);
	ck_assert(err || n == KEYS);
	lsm_iter_free(it);
	return err;
}

START_TEST(beside_a_busy_writer_nothing_is_ever_called_damage)
{
	struct env *env = env_mem_new();
	struct lsm_options options = reader_options(env);
	struct busy_writer w = {.db = db_open_small(env)};
	struct thread thread = {0};
	struct lsm_verify_report report;
	unsigned whole = 0;

	ck_assert_int_eq(thread_start(&thread, "busy", write_rounds, &w), 0);
	for (unsigned round = 0; round < ROUNDS || whole == 0; round++) {
		unsigned before = w.rounds;
		struct lsm *reader = db_open_with(&options);
		int scanned = before > 0 ? scan_state(reader, before) : -ESTALE;
		int verified = lsm_verify(reader, &report);

		if (scanned && scanned != -ESTALE)
			ck_abort_msg("scan: %d %s", scanned, lsm_error_text());
		if (verified && verified != -ESTALE)
			ck_abort_msg("verify: %d %s", verified, lsm_error_text());
		whole += !scanned;
		db_close(reader);
	}
	w.stop = true;
	thread_join(&thread);
	db_close(w.db);
	env_free(env);
}
END_TEST

struct opening {
	struct lsm_options options;
	struct lsm *db;
	int err;
};

static void open_beside(void *arg)
{
	struct opening *o = arg;

	o->err = lsm_open(DB_DIR, &o->options, &o->db);
}

/* All that the log names goes: the value is overwritten, and the table has another one. */
static void flush_away(struct lsm *writer)
{
	ck_assert_int_eq(lsm_flush(writer), 0);
	while (db_find(writer->env, ".blob").count > 0)
		sched_yield(); /* the flush thread is about to remove it */
}

/*
 * The log that the manifest named a moment ago is flushed before it is read, before or after it was
 * seen which blob files there are. The chunks that it names are gone; but it is not the end of
 * history that was torn.
 */
START_TEST(a_log_flushed_before_it_is_read_has_no_torn_end)
{
	for (int listed = 0; listed < 2; listed++) {
		struct env *env = env_mem_new();
		struct lsm_options options = db_small_options(env);
		struct opening opening = {.options = reader_options(gate_over(env, true))};
		struct thread thread;
		uint8_t *value = calloc(1, 70000);

		gate.mode = ENV_READ;
		gate.suffix = listed ? ".wal" : NULL;
		gate.ahead = listed ? 0 : 1; /* it is looked first whether there is a store */
		options.large_value_threshold = 1024;
		options.blob_file_bytes = 64 << 10; /* it is complete with this value */
		options.compression = LSM_COMPRESSION_NONE;
		struct lsm *writer = db_open_with(&options);

		ck_assert_int_eq(lsm_put(writer, slice_str("k"), slice_of(value, 70000), NULL), 0);
		db_put(writer, "k", "small");
		ck_assert_int_eq(thread_start(&thread, "reader", open_beside, &opening), 0);
		gate_wait();
		flush_away(writer);
		gate_set(false);
		thread_join(&thread);
		ck_assert_int_eq(opening.err, 0);
		ck_assert(db_has(opening.db, "k", "small"));
		db_close(opening.db);
		db_close(writer);
		env_free(env);
		free(value);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&a_table_that_the_writer_replaced_is_stale_and_not_damage,
	&a_table_that_is_really_missing_is_named_by_the_next_open,
	&a_second_look_is_taken_until_it_looks_the_same,
	&beside_a_busy_writer_nothing_is_ever_called_damage,
	&a_log_flushed_before_it_is_read_has_no_torn_end,
};

UNIT_SUITE("lsm/db/beside_writer", tests)
