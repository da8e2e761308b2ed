/*
 * Mistakes that other engines were found to make with their log, with crashes and with writers
 * beside each other: that they cannot happen here. In the order in which FEATURES lists them; the
 * rest of the list is in mistakes_table_test.c:
 *
 *	a healthy log that cannot be reopened           a_healthy_log_always_opens_again
 *	a torn tail refuses to open                     a_log_torn_at_any_byte_opens
 *	acknowledged writes lost on kill                a_kill_loses_no_acknowledged_write
 *	log order different from memtable order         the_log_has_the_order_of_the_memtable
 *	no directory fsync                              the_names_of_files_are_synced_too
 *	a clean exit during compaction breaks the open  closing_in_a_compaction_leaves_a_whole_store
 *	the memtable lock held through a flush          a_flush_under_way_holds_up_nobody
 *	no LOCK file                                    a_store_in_use_cannot_be_opened_again
 *	flags that lose updates                         concurrent_updates_are_never_lost
 *	settings replaced by defaults in silence        a_bad_option_is_never_replaced_by_a_default
 *	errors for a write that was applied             a_write_answered_with_an_error_is_not_there
 *	half a record left mid-log                      nothing_is_logged_behind_half_a_record
 */
#include "lsm/tree/tree_impl.h"
#include "tests/support/scratch.h"
#include "tests/unit/lsm/db/gate.h"

enum {
	WRITERS = 3,
	KEYS_EACH = 50,
	UPDATES_EACH = 2000,
};

/* ---- the log by itself ---- */

/* Every kind of change, and every length of padding. */
static void write_all_kinds(struct lsm *db, unsigned round)
{
	struct lsm_batch *batch = lsm_batch_new();
	char key[DB_TEXT_MAX];

	db_delete(db, "never there");
	ck_assert_int_eq(lsm_put(db, slice_str("empty"), slice_of(NULL, 0), NULL), 0);
	for (size_t bytes = 1; bytes < 20; bytes++)
		ck_assert_int_eq(db_fill(db, (unsigned)bytes + round * 100,
					 (unsigned)bytes + round * 100 + 1, bytes),
				 0);
	for (unsigned n = 0; n < 300; n++)
		ck_assert_int_eq(lsm_batch_put(batch, slice_str(db_key(key, round * 100 + n % 90)),
					       slice_of("m", n % 2), slice_str("v")),
				 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	lsm_batch_free(batch);
	ck_assert_int_eq(db_fill(db, 90000 + round, 90001 + round, 100000), 0);
}

START_TEST(a_healthy_log_always_opens_again)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	for (unsigned round = 0; round < 12; round++) {
		uint64_t seqno;

		if (round % 4)
			write_all_kinds(db, round);
		seqno = db_stats(db).last_seqno;
		if (round % 3 == 0) { /* killed; else closed */
			struct env *left = env_mem_clone(env);

			db_close(db);
			env_free(env);
			env = left;
		} else {
			db_close(db);
		}
		db = db_open_small(env);
		ck_assert_uint_eq(db_stats(db).last_seqno, seqno);
		ck_assert_uint_eq(db_stats(db).recovery_torn_bytes, 0);
	}
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_log_torn_at_any_byte_opens)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct slice bytes;
	uint64_t ends[3];

	db_put(db, "first", "1");
	ends[0] = wal_writer_size(db->logs[0].writer);
	db_put(db, "second", "2");
	ends[1] = wal_writer_size(db->logs[0].writer);
	db_put(db, "third", "3");
	ends[2] = wal_writer_size(db->logs[0].writer);
	struct env *left = env_mem_clone(env);
	char name[ENV_NAME_MAX + 1];

	wal_file_name(db->logs[0].number, name);
	db_close(db);
	ck_assert_int_eq(env_mem_file(left, DB_DIR, name, &bytes), 0);
	for (uint64_t len = ends[0]; len <= ends[2]; len++) {
		struct env *torn = env_mem_clone(left);

		ck_assert_int_eq(env_mem_set_file(torn, DB_DIR, name, slice_of(bytes.ptr, len)), 0);
		for (int round = 0; round < 2; round++) {
			db = db_open_small(torn);
			ck_assert(db_has(db, "first", "1"));
			/* the last seven bytes of a record may be padding, and must be there too */
			ck_assert(db_has(db, "second", len >= ends[1] ? "2" : NULL));
			ck_assert(db_has(db, "third", len >= ends[2] ? "3" : NULL));
			db_close(db);
		}
		env_free(torn);
	}
	env_free(left);
	env_free(env);
}
END_TEST

/* ---- writers beside each other ---- */

struct writer {
	struct lsm *db;
	struct thread thread;
	unsigned number;
	_Atomic unsigned acknowledged;
	_Atomic bool *stop;
};

/* Change n of a writer gives one of its own keys the value n. */
static void write_own_keys(void *arg)
{
	struct writer *w = arg;
	char key[DB_TEXT_MAX], value[DB_TEXT_MAX];

	for (unsigned n = 1; !atomic_load(w->stop); n++) {
		(void)snprintf(value, sizeof(value), "%u", n);
		ck_assert(!db_try_put(w->db, db_key(key, w->number * 1000 + n % KEYS_EACH), value));
		atomic_store(&w->acknowledged, n);
	}
}

static void start_writers(struct lsm *db, struct writer *writers, _Atomic bool *stop,
			  void (*run)(void *))
{
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.db = db, .number = i, .stop = stop};
		ck_assert_int_eq(thread_start(&writers[i].thread, "writer", run, &writers[i]), 0);
	}
}

static void stop_writers(struct writer *writers, _Atomic bool *stop)
{
	atomic_store(stop, true);
	for (unsigned i = 0; i < WRITERS; i++)
		thread_join(&writers[i].thread);
}

static unsigned number_at(struct lsm *db, const char *key)
{
	struct lsm_record record;
	char text[DB_TEXT_MAX] = "";
	int err = lsm_get(db, slice_str(key), NULL, &record);

	if (err == -ENOENT)
		return 0;
	ck_assert_int_eq(err, 0);
	memcpy(text, record.value.ptr, record.value.len);
	lsm_record_release(&record);
	return (unsigned)atoi(text);
}

/* The changes that were acknowledged before the kill are there, for all keys of a writer. */
static void check_writer(struct lsm *db, unsigned writer, unsigned acknowledged)
{
	char key[DB_TEXT_MAX];

	for (unsigned k = 0; k < KEYS_EACH; k++) {
		unsigned found = number_at(db, db_key(key, writer * 1000 + k));
		unsigned behind = (acknowledged + KEYS_EACH - k) % KEYS_EACH;

		if (acknowledged >= behind && found + behind < acknowledged)
			ck_abort_msg("writer %u key %u has change %u of %u", writer, k, found,
				     acknowledged);
	}
}

/* A copy of the files taken while writers write and memtables are flushed is what a kill leaves. */
START_TEST(a_kill_loses_no_acknowledged_write)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct writer writers[WRITERS];
	_Atomic bool stop = false;

	options.memtable_bytes = 8 << 10;
	struct lsm *db = db_open_with(&options);
	start_writers(db, writers, &stop, write_own_keys);
	/* on a busy machine the rounds may be over before there was a flush */
	for (int round = 0; round < 40 || db_stats(db).flushes < 2; round++) {
		unsigned acknowledged[WRITERS];

		for (unsigned i = 0; i < WRITERS; i++)
			acknowledged[i] = atomic_load(&writers[i].acknowledged);
		options.env = env_mem_clone(env);
		struct lsm *left = db_open_with(&options);

		for (unsigned i = 0; i < WRITERS; i++)
			check_writer(left, i, acknowledged[i]);
		db_close(left);
		env_free(options.env);
	}
	stop_writers(writers, &stop);
	db_close(db);
	env_free(env);
}
END_TEST

/* All writers write the same few keys. */
static void write_same_keys(void *arg)
{
	struct writer *w = arg;
	char key[DB_TEXT_MAX], value[DB_TEXT_MAX];

	for (unsigned n = 1; !atomic_load(w->stop); n++) {
		(void)snprintf(value, sizeof(value), "%u of %u", n, w->number);
		ck_assert(!db_try_put(w->db, db_key(key, n % 3), value));
		atomic_store(&w->acknowledged, n);
	}
}

START_TEST(the_log_has_the_order_of_the_memtable)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 64 << 20; /* all of it is replayed */
	struct lsm *db = db_open_with(&options);

	for (int round = 0; round < 10; round++) {
		struct writer writers[WRITERS];
		_Atomic bool stop = false;

		start_writers(db, writers, &stop, write_same_keys);
		for (unsigned i = 0; i < WRITERS; i++)
			while (atomic_load(&writers[i].acknowledged) < 500)
				;
		stop_writers(writers, &stop);
		options.env = env_mem_clone(env);
		struct lsm *replayed = db_open_with(&options);

		ck_assert_uint_eq(db_stats(replayed).last_seqno, db_stats(db).last_seqno);
		for (unsigned k = 0; k < 3; k++) {
			struct lsm_record now, then;
			char key[DB_TEXT_MAX];

			ck_assert_int_eq(lsm_get(db, slice_str(db_key(key, k)), NULL, &now), 0);
			ck_assert_int_eq(lsm_get(replayed, slice_str(key), NULL, &then), 0);
			ck_assert_uint_eq(now.seqno, then.seqno);
			ck_assert(slice_eq(now.value, then.value));
			lsm_record_release(&now);
			lsm_record_release(&then);
		}
		db_close(replayed);
		env_free(options.env);
	}
	db_close(db);
	env_free(env);
}
END_TEST

/* ---- crashes and files ---- */

/* The power goes after each step; this disk forgets names whose folder was not synced. */
START_TEST(the_names_of_files_are_synced_too)
{
	for (int steps = 0; steps < 4; steps++) {
		struct env *env = env_mem_new();
		struct lsm *db = db_open_small(env);

		ck_assert_int_eq(db_put_synced(db, "k", "v"), 0);
		if (steps > 0)
			ck_assert_int_eq(lsm_flush(db), 0);
		if (steps > 1) { /* into a log made since */
			ck_assert_int_eq(db_fill(db, 0, 400, 100), 0);
			ck_assert_int_eq(db_put_synced(db, "l", "w"), 0);
		}
		if (steps > 2)
			ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
		env_mem_power_cut(env);
		ignore_result(lsm_close(db)); /* its files are dead */
		db = db_open_small(env);
		ck_assert(db_has(db, "k", "v"));
		ck_assert(db_has(db, "l", steps > 1 ? "w" : NULL));
		db_close(db);
		env_free(env);
	}
}
END_TEST

static void close_store(void *arg)
{
	db_close(arg);
}

START_TEST(closing_in_a_compaction_leaves_a_whole_store)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct thread closer = {0};
	struct lsm_verify_report report;
	char text[DB_TEXT_MAX];

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);
	for (unsigned n = 0; n < 600; n++)
		db_put(db, db_key(text, n * 7 % 600), "v");
	ck_assert_int_eq(lsm_flush(db), 0);
	for (unsigned n = 0; n < 600; n += 2)
		db_put(db, db_key(text, n), "w");
	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);

	options.compaction_threads = 1;
	options.l0_threshold = 1;
	options.env = gate_over(env, true);
	db = db_open_with(&options);
	gate_wait(); /* nothing is in memory: it is the compaction */
	ck_assert_int_eq(thread_start(&closer, "closer", close_store, db), 0);
	while (!pace_is_stopped(&db->tree->pace))
		;
	gate_set(false);
	thread_join(&closer);

	options.env = env;
	options.compaction_threads = 0;
	db = db_open_with(&options);
	for (unsigned n = 0; n < 600; n++)
		ck_assert(db_has(db, db_key(text, n), n % 2 ? "v" : "w"));
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	ck_assert_uint_eq(db_find(env, ".sst").count, db_stats(db).table_files);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_flush_under_way_holds_up_nobody)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(gate_over(env, false));
	struct lsm_iter *it;

	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);
	db_put(db, "a", "in the full memtable");
	gate_set(true);
	/* fills the memtable, so its flush begins and stands before the gate */
	ck_assert_int_eq(db_fill(db, 0, 200, 100), 0);
	gate_wait();
	db_put(db, "b", "in the new one");
	ck_assert_int_eq(db_put_synced(db, "c", "and synced"), 0);
	ck_assert(db_has(db, "a", "in the full memtable"));
	ck_assert(db_has(db, "b", "in the new one"));
	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	lsm_iter_first(it);
	ck_assert(lsm_iter_valid(it));
	lsm_iter_free(it);
	ck_assert(gate_is_waited_at());
	ck_assert_uint_eq(db_stats(db).flushes, 0);
	gate_set(false);
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert(db_has(db, "a", "in the full memtable"));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_store_in_use_cannot_be_opened_again)
{
	struct lsm_options options = db_small_options(NULL);
	struct lsm *db, *second;
	char *folder;

	options.holder = "the first one";
	ck_assert_int_eq(scratch_make("apexfs-mistakes", &folder), 0);
	ck_assert_int_eq(lsm_open(folder, &options, &db), 0);
	ck_assert_int_eq(lsm_open(folder, &options, &second), -EWOULDBLOCK);
	ck_assert_ptr_nonnull(strstr(lsm_error_text(), "the first one"));
	db_put(db, "k", "v");
	db_close(db);
	ck_assert_int_eq(lsm_open(folder, &options, &db), 0);
	ck_assert(db_has(db, "k", "v"));
	db_close(db);
	ck_assert_int_eq(scratch_remove(folder), 0);
	free(folder);
}
END_TEST

/* As flags are switched: read, compute, write back if nobody else has meanwhile. */
static void count_up(void *arg)
{
	struct writer *w = arg;
	struct lsm_batch *batch = lsm_batch_new();
	char text[DB_TEXT_MAX];

	for (unsigned done = 0; done < UPDATES_EACH;) {
		struct lsm_record record;

		ck_assert(!lsm_get(w->db, slice_str("count"), NULL, &record));
		(void)snprintf(text, sizeof(text), "%d", atoi((const char *)record.value.ptr) + 1);
		lsm_batch_clear(batch);
		ck_assert(!lsm_batch_expect(batch, slice_str("count"), record.seqno));
		lsm_record_release(&record);
		ck_assert(!lsm_batch_put(batch, slice_str("count"), slice_of(NULL, 0),
					 slice_of(text, strlen(text) + 1)));
		int err = lsm_write(w->db, batch, NULL, NULL);

		ck_assert(err == 0 || err == -ESTALE);
		done += !err;
	}
	lsm_batch_free(batch);
}

START_TEST(concurrent_updates_are_never_lost)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct writer writers[WRITERS];
	_Atomic bool stop = false;
	char text[DB_TEXT_MAX];

	ck_assert_int_eq(lsm_put(db, slice_str("count"), slice_of("0", 2), NULL), 0);
	start_writers(db, writers, &stop, count_up);
	stop_writers(writers, &stop);
	(void)snprintf(text, sizeof(text), "%d", WRITERS * UPDATES_EACH);
	struct lsm_record record;

	ck_assert_int_eq(lsm_get(db, slice_str("count"), NULL, &record), 0);
	ck_assert_str_eq((const char *)record.value.ptr, text);
	lsm_record_release(&record);
	db_close(db);
	env_free(env);
}
END_TEST

/* Each option out of its range is refused by its name; none is put right. */
START_TEST(a_bad_option_is_never_replaced_by_a_default)
{
	struct env *env = env_mem_new();
	const struct lsm_options good = db_small_options(env);

#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		struct lsm_options bad = good;                                                     \
		bad.field = value;                                                                 \
		db_expect_no_open(&bad, -EINVAL, #field);                                          \
	} while (0)
	REFUSED(memtable_bytes, 1);
	REFUSED(memtables_max, 0);
	REFUSED(sync_mode, (enum lsm_sync_mode)17);
	REFUSED(sync_interval_ms, 0);
	REFUSED(block_bytes, 1);
	REFUSED(restart_interval, 0);
	REFUSED(compression, (enum lsm_compression)9);
	REFUSED(bloom_bits_per_key, 1000);
	REFUSED(filter_separator, 256);
	REFUSED(cache_shards, 0);
	REFUSED(compaction_threads, 1000);
	REFUSED(size_ratio, 1);
	REFUSED(target_file_bytes, 0);
#undef REFUSED
	env_free(env);
}
END_TEST

/* ---- writes that fail ---- */

/* Every call of a put fails in turn: what was answered with an error is not there, now or later. */
START_TEST(a_write_answered_with_an_error_is_not_there)
{
	const enum env_fault_how hows[] = {ENV_FAULT_ERROR, ENV_FAULT_SHORT, ENV_FAULT_TORN};
	const int errors[] = {-EIO, -ENOSPC};
	unsigned refused = 0;

	for (unsigned at = 0; at < 24; at++) {
		const struct env_fault_plan plan = {
			.at_call = at / 6,
			.writes_only = true,
			.sticky = true,
			.error = errors[at % 2],
			.how = hows[at / 2 % 3],
		};
		struct env *disk = env_mem_new(), *env = env_fault_new(disk);
		struct lsm *db = db_open_small(env);
		char big[5000] = "";

		memset(big, 'x', sizeof(big) - 1);
		db_put(db, "before", "1");
		ck_assert_int_eq(lsm_flush(db), 0);
		env_fault_set(env, &plan);
		bool there = db_try_put(db, "k", big) == 0;

		refused += !there;
		ck_assert(db_has(db, "k", there ? big : NULL));
		struct env *left = env_mem_clone(disk);

		ignore_result(lsm_close(db)); /* the disk fails it */
		db = db_open_small(left);
		ck_assert(db_has(db, "before", "1"));
		ck_assert(db_has(db, "k", there ? big : NULL));
		db_close(db);
		env_free(left);
		env_free(env);
		env_free(disk);
	}
	ck_assert_uint_ge(refused, 6);
}
END_TEST

START_TEST(nothing_is_logged_behind_half_a_record)
{
	for (int how = ENV_FAULT_SHORT; how <= ENV_FAULT_TORN; how++) {
		struct env *disk = env_mem_new(), *env = env_fault_new(disk);
		struct lsm *db = db_open_small(env);
		struct env_fault_plan plan = {
			.error = -EIO, .writes_only = true, .how = (enum env_fault_how)how};
		char big[3000] = "";

		memset(big, 'x', sizeof(big) - 1);
		db_put(db, "before", "1"); /* takes the log's space: the next call is an append */
		ck_assert_int_eq(db_await_spare_log(db), SPARE_READY);
		env_fault_set(env, &plan);
		ck_assert_int_eq(db_try_put(db, "half", big), -EIO);
		ck_assert(env_fault_struck(env));
		env_fault_set(env, NULL);
		/* nobody knows what the log holds now, so nothing may come behind it */
		ck_assert_int_eq(db_try_put(db, "after", "2"), -EROFS);
		ck_assert_int_lt(lsm_sync(db), 0);
		ck_assert(db_has(db, "before", "1"));
		ck_assert(db_has(db, "half", NULL));
		ignore_result(lsm_close(db)); /* read-only: it says so */
		for (int round = 0; round < 3; round++) {
			db = db_open_small(disk);
			ck_assert(db_has(db, "before", "1"));
			ck_assert(db_has(db, "half", NULL));
			ck_assert(db_has(db, "after", round ? "3" : NULL));
			db_put(db, "after", "3");
			db_close(db);
		}
		env_free(env);
		env_free(disk);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&a_healthy_log_always_opens_again,
	&a_log_torn_at_any_byte_opens,
	&a_kill_loses_no_acknowledged_write,
	&the_log_has_the_order_of_the_memtable,
	&the_names_of_files_are_synced_too,
	&closing_in_a_compaction_leaves_a_whole_store,
	&a_flush_under_way_holds_up_nobody,
	&a_store_in_use_cannot_be_opened_again,
	&concurrent_updates_are_never_lost,
	&a_bad_option_is_never_replaced_by_a_default,
	&a_write_answered_with_an_error_is_not_there,
	&nothing_is_logged_behind_half_a_record,
};

UNIT_SUITE("lsm/db/mistakes_log", tests)
