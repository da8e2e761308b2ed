/*
 * Checkpoints: what the copy holds, where it may be, and that neither store harms the other.
 */
#include <sched.h>

#include "lsm/base/thread.h"
#include "lsm/tree/manifest.h"
#include "tests/unit/lsm/db/checkpoint_fixture.h"

enum {
	WRITES = 600,    /* several memtables */
	CHECKPOINTS = 8, /* beside writers */
	WRITERS = 3,
};

START_TEST(the_copy_is_a_store_of_its_own)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	history_extend(db, 0, WRITES);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	ck_assert_uint_eq(db_stats(db).checkpoints, 1);
	history_extend(db, WRITES, WRITES + 50);

	struct lsm *copy = must_open_at(env, COPY_DIR);

	ck_assert_uint_eq(history_length(copy), WRITES);
	ck_assert_uint_eq(db_stats(copy).last_seqno, 2 * WRITES);
	history_extend(copy, WRITES, WRITES + 200);
	ck_assert_uint_eq(history_length(db), WRITES + 50);
	ck_assert_uint_eq(history_length(copy), WRITES + 200);
	db_close(copy);
	db_close(db);
	ck_assert_uint_eq(history_at(env, DB_DIR), WRITES + 50);
	ck_assert_uint_eq(history_at(env, COPY_DIR), WRITES + 200);
	env_free(env);
}
END_TEST

START_TEST(neither_store_touches_the_others_files)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	history_extend(db, 0, WRITES);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);

	struct lsm *copy = must_open_at(env, COPY_DIR);

	/* new tables bear the same numbers in both: what differs is their id */
	history_extend(db, WRITES, 2 * WRITES);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(history_length(copy), WRITES);
	history_extend(copy, WRITES, WRITES + 300);
	ck_assert_int_eq(lsm_compact(copy, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(history_length(db), 2 * WRITES);
	db_close(db);
	ck_assert_uint_eq(history_length(copy), WRITES + 300);
	db_close(copy);
	ck_assert_uint_eq(history_at(env, DB_DIR), 2 * WRITES);
	ck_assert_uint_eq(history_at(env, COPY_DIR), WRITES + 300);
	env_free(env);
}
END_TEST

static uint64_t store_id_at(struct env *env, const char *path)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct env_dir *dir;
	uint64_t number = 0;

	ck_assert_int_eq(env_open_dir(env, path, false, &dir), 0);
	ck_assert_int_eq(current_read(dir, &number), 0);
	ck_assert_int_eq(manifest_read(dir, number, &state), 0);
	env_dir_close(dir);
	return state.store_id;
}

START_TEST(each_copy_has_an_id_of_its_own)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	ck_assert_int_eq(lsm_checkpoint(db, "second"), 0);
	db_close(db);
	ck_assert_uint_ne(store_id_at(env, COPY_DIR), store_id_at(env, DB_DIR));
	ck_assert_uint_ne(store_id_at(env, COPY_DIR), store_id_at(env, "second"));
	ck_assert_uint_ne(store_id_at(env, DB_DIR), store_id_at(env, "second"));
	env_free(env);
}
END_TEST

START_TEST(a_table_of_one_store_is_damage_in_the_other)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct slice bytes;
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	struct lsm *copy = must_open_at(env, COPY_DIR);

	/* the same writes, so tables of the same size */
	for (int i = 0; i < 2; i++) {
		history_extend(i ? copy : db, 0, 20);
		ck_assert_int_eq(lsm_flush(i ? copy : db), 0);
	}
	db_close(copy);
	db_close(db);
	ck_assert_int_eq(env_mem_file(env, DB_DIR, db_find_in(env, DB_DIR, ".sst").name, &bytes),
			 0);
	ck_assert_int_eq(
		env_mem_set_file(env, COPY_DIR, db_find_in(env, COPY_DIR, ".sst").name, bytes), 0);
	int err = open_at(env, COPY_DIR, &copy);

	if (!err) {
		err = lsm_verify(copy, &report);
		db_close(copy);
	}
	ck_assert(err == -EBADMSG || err == -EUCLEAN);
	ck_assert_uint_eq(history_at(env, DB_DIR), 20);
	env_free(env);
}
END_TEST

START_TEST(a_copy_of_an_empty_store_and_a_copy_of_a_copy)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	ck_assert_int_eq(lsm_checkpoint(db, "empty"), 0);
	ck_assert_uint_eq(history_at(env, "empty"), 0);
	history_extend(db, 0, 100);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	db_close(db);

	struct lsm *copy = must_open_at(env, COPY_DIR);

	history_extend(copy, 100, 150);
	ck_assert_int_eq(lsm_checkpoint(copy, "second"), 0);
	db_close(copy);
	ck_assert_uint_eq(history_at(env, "second"), 150);
	ck_assert_uint_eq(history_at(env, COPY_DIR), 150);
	ck_assert_uint_eq(history_at(env, DB_DIR), 100);
	env_free(env);
}
END_TEST

static void refuses(struct lsm *db, const char *path, int error, const char *word)
{
	ck_assert_int_eq(lsm_checkpoint(db, path), error);
	if (!strstr(lsm_error_text(), word))
		ck_abort_msg("the sentence is \"%s\", not about %s", lsm_error_text(), word);
}

START_TEST(only_an_empty_folder_elsewhere_takes_a_copy)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct env_dir *dir;

	history_extend(db, 0, 10);
	ck_assert_int_eq(env_mem_set_file(env, "other", "letter", slice_str("x")), 0);
	refuses(db, "other", -ENOTEMPTY, "letter");
	ck_assert_uint_eq(names_in(env, "other"), 1);
	ck_assert_int_eq(env_mem_remove_file(env, "other", "letter"), 0);
	ck_assert_int_eq(lsm_checkpoint(db, "other"), 0);
	refuses(db, "other", -ENOTEMPTY, "other: is not empty");
	ck_assert_uint_eq(history_at(env, "other"), 10);
	refuses(db, DB_DIR, -EINVAL, "its own store");
	refuses(db, DB_DIR "/", -EINVAL, "its own store");
	refuses(db, DB_DIR "/below", -EINVAL, "its own store");
	ck_assert_int_eq(env_open_dir(env, DB_DIR "/below", false, &dir), -ENOENT);
	/* what a store, or a copy that was refused, leaves of its lock is no hindrance */
	ck_assert_int_eq(env_mem_set_file(env, COPY_DIR, "LOCK", slice_str("pid=1\n")), 0);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	ck_assert_uint_eq(db_stats(db).checkpoints, 2);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_folder_that_is_being_filled_is_refused)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct env_dir *dir;
	struct env_lock *lock;

	ck_assert_int_eq(env_open_dir(env, COPY_DIR, true, &dir), 0);
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "somebody", &lock), 0);
	refuses(db, COPY_DIR, -EWOULDBLOCK, "somebody");
	env_dir_unlock(dir, lock);
	env_dir_close(dir);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_read_only_store_makes_no_copy)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	struct env_dir *dir;

	db_close(db_open_small(env));
	options.read_only = true;
	struct lsm *db = db_open_with(&options);

	refuses(db, COPY_DIR, -EROFS, "read-only");
	ck_assert_int_eq(env_open_dir(env, COPY_DIR, false, &dir), -ENOENT);
	db_close(db);
	env_free(env);
}
END_TEST

/* Passes all on but links, which fail as between two file systems. */
START_TEST(another_file_system_is_refused_and_left_clean)
{
	struct env *memory = env_mem_new();
	struct env *env = env_fault_new(memory);
	struct lsm *db = db_open_small(env);
	struct env_fault_plan plan = {.error = -EXDEV, .writes_only = true};

	history_extend(db, 0, 100);
	ck_assert_int_eq(lsm_flush(db), 0);
	/* open_dir, lock; the flush has nothing to do; then the first link */
	for (plan.at_call = 0; plan.at_call < 100; plan.at_call++) {
		env_fault_set(env, &plan);
		int err = lsm_checkpoint(db, COPY_DIR);

		env_fault_set(env, NULL);
		ck_assert_int_eq(err, -EXDEV);
		ck_assert_uint_eq(names_in(memory, COPY_DIR), 0);
		if (strstr(lsm_error_text(), "the store's own"))
			break;
	}
	ck_assert_uint_lt(plan.at_call, 100);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	db_close(db);
	ck_assert_uint_eq(history_at(memory, COPY_DIR), 100);
	env_free(env);
	env_free(memory);
}
END_TEST

START_TEST(live_snapshots_do_not_matter_to_the_copy)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_snapshot *snapshot;

	history_extend(db, 0, 50);
	ck_assert_int_eq(lsm_snapshot_new(db, &snapshot), 0);
	history_extend(db, 50, 100);
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);

	const struct lsm_read_options then = {.snapshot = snapshot};

	ck_assert(db_has_at(db, "last", "49", &then));
	lsm_snapshot_release(db, snapshot);
	db_close(db);

	struct lsm *copy = must_open_at(env, COPY_DIR);

	ck_assert_uint_eq(history_length(copy), 100);
	/* the old versions that came along go as any */
	ck_assert_int_eq(lsm_compact(copy, slice_str(""), slice_str("")), 0);
	ck_assert_uint_eq(db_stats(copy).table_records, 101);
	db_close(copy);
	env_free(env);
}
END_TEST

/* A disk on which the store's folder, asked for its first link, has all its tables replaced. */
static struct env *hooked_inner;
static struct env_dir_ops hooked_dir_ops;
static int (*unhooked_link)(struct env_dir *, const char *, struct env_dir *, const char *);
static struct lsm *hooked_db; /* NULL: not to be compacted */

static int link_after_compaction(struct env_dir *dir, const char *name, struct env_dir *to_dir,
				 const char *to)
{
	struct lsm *db = hooked_db;

	hooked_db = NULL;
	if (db) {
		unsigned before = db_find(hooked_inner, ".sst").count;

		/* no lock is held here, or this would not end */
		ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
		/* the new ones beside those that the copy wants */
		ck_assert_uint_eq(db_find(hooked_inner, ".sst").count,
				  before + db_stats(db).table_files);
	}
	return unhooked_link(dir, name, to_dir, to);
}

static int hooked_open_dir(struct env *env, const char *path, bool create, struct env_dir **ret_dir)
{
	int err = env_open_dir(hooked_inner, path, create, ret_dir);

	(void)env;
	if (err || strcmp(path, DB_DIR) != 0)
		return err;
	hooked_dir_ops = *(*ret_dir)->ops;
	unhooked_link = hooked_dir_ops.link;
	hooked_dir_ops.link = link_after_compaction;
	(*ret_dir)->ops = &hooked_dir_ops;
	return 0;
}

static uint64_t hooked_ns(struct env *env)
{
	(void)env;
	return env_real_ns(hooked_inner);
}

START_TEST(tables_replaced_during_a_copy_stay_until_it_has_them)
{
	static const struct env_ops ops = {
		.open_dir = hooked_open_dir,
		.real_ns = hooked_ns,
		.mono_ns = hooked_ns,
	};
	struct env env = {.ops = &ops};
	struct lsm_options options = db_small_options(&env);

	hooked_inner = env_mem_new();
	options.compaction_threads = 0;
	struct lsm *db = db_open_with(&options);

	history_extend(db, 0, WRITES);
	ck_assert_int_eq(lsm_flush(db), 0);
	hooked_db = db;
	ck_assert_int_eq(lsm_checkpoint(db, COPY_DIR), 0);
	ck_assert_ptr_null(hooked_db);
	/* the flush thread may still be about to let go of what it flushed from */
	while (db_find(hooked_inner, ".sst").count > db_stats(db).table_files)
		sched_yield();
	db_close(db);
	ck_assert_uint_eq(history_at(hooked_inner, COPY_DIR), WRITES);
	ck_assert_uint_eq(history_at(hooked_inner, DB_DIR), WRITES);
	env_free(hooked_inner);
}
END_TEST

/* Writers, each with keys of its own, so that every write adds one record. */
struct busy {
	struct env *env;
	struct lsm *db;
	_Atomic bool stop;
	_Atomic unsigned next_writer;
	_Atomic unsigned acknowledged[WRITERS];
};

static void write_on(void *arg)
{
	struct busy *busy = arg;
	unsigned writer = busy->next_writer++;
	char key[DB_TEXT_MAX];

	for (unsigned n = 0; !busy->stop; n++) {
		(void)snprintf(key, sizeof(key), "%u/%08u", writer, n);
		ck_assert(db_try_put(busy->db, key, "a value of this length here") == 0);
		busy->acknowledged[writer] = n + 1;
	}
}

static void compact_on(void *arg)
{
	struct busy *busy = arg;

	while (!busy->stop)
		ck_assert(lsm_compact(busy->db, slice_str(""), slice_str("")) == 0);
}

/* Each writer's keys from 0 on without a gap, at least so many; all of seqno 1 to the last. */
static void check_copy(struct busy *busy, const char *path, const unsigned *least)
{
	struct lsm *copy = must_open_at(busy->env, path);
	unsigned found[WRITERS] = {0};
	struct lsm_iter *it;
	uint64_t count = 0, highest = 0;

	ck_assert_int_eq(lsm_iter_new(copy, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it)) {
		const struct lsm_record *record = lsm_iter_record(it);
		unsigned writer = (unsigned)(record->key.ptr[0] - '0');
		char key[DB_TEXT_MAX];

		(void)snprintf(key, sizeof(key), "%u/%08u", writer, found[writer]++);
		ck_assert(slice_eq(record->key, slice_str(key)));
		if (record->seqno > highest)
			highest = record->seqno;
		count++;
	}
	ck_assert_int_eq(lsm_iter_status(it), 0);
	lsm_iter_free(it);
	ck_assert_uint_eq(count, highest);
	ck_assert_uint_eq(db_stats(copy).last_seqno, highest);
	for (unsigned i = 0; i < WRITERS; i++)
		ck_assert_uint_ge(found[i], least[i]);
	db_close(copy);
}

START_TEST(beside_writers_and_jobs_each_copy_is_a_prefix_of_history)
{
	struct busy busy = {.env = env_mem_new()};
	struct thread threads[WRITERS + 1] = {0};
	char path[DB_TEXT_MAX];

	busy.db = db_open_small(busy.env);
	for (unsigned i = 0; i < WRITERS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "write", write_on, &busy), 0);
	ck_assert_int_eq(thread_start(&threads[WRITERS], "compact", compact_on, &busy), 0);
	for (unsigned n = 0; n < CHECKPOINTS; n++) {
		unsigned least[WRITERS];

		for (unsigned i = 0; i < WRITERS; i++) {
			while ((least[i] = busy.acknowledged[i]) < n * WRITES)
				sched_yield();
		}
		(void)snprintf(path, sizeof(path), "copy%u", n);
		ck_assert_int_eq(lsm_checkpoint(busy.db, path), 0);
		check_copy(&busy, path, least);
	}
	busy.stop = true;
	for (unsigned i = 0; i <= WRITERS; i++)
		thread_join(&threads[i]);
	db_close(busy.db);
	/* all of them still, now that the store has replaced their tables many times */
	for (unsigned n = 0; n < CHECKPOINTS; n++) {
		const unsigned none[WRITERS] = {0};

		(void)snprintf(path, sizeof(path), "copy%u", n);
		check_copy(&busy, path, none);
	}
	env_free(busy.env);
}
END_TEST

static void checkpoint_on(void *arg)
{
	struct busy *busy = arg;

	for (unsigned n = 0; n < CHECKPOINTS; n++) {
		int err = lsm_checkpoint(busy->db, COPY_DIR);

		ck_assert(err == 0 || err == -ENOTEMPTY || err == -EWOULDBLOCK);
		busy->acknowledged[0] += !err;
	}
}

START_TEST(of_two_copies_into_one_folder_one_wins)
{
	struct busy busy = {.env = env_mem_new()};
	struct thread threads[2] = {0};

	busy.db = db_open_small(busy.env);
	history_extend(busy.db, 0, WRITES);
	for (unsigned i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "copy", checkpoint_on, &busy), 0);
	for (unsigned i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(busy.acknowledged[0], 1);
	db_close(busy.db);
	ck_assert_uint_eq(history_at(busy.env, COPY_DIR), WRITES);
	env_free(busy.env);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_copy_is_a_store_of_its_own,
	&neither_store_touches_the_others_files,
	&each_copy_has_an_id_of_its_own,
	&a_table_of_one_store_is_damage_in_the_other,
	&a_copy_of_an_empty_store_and_a_copy_of_a_copy,
	&only_an_empty_folder_elsewhere_takes_a_copy,
	&a_folder_that_is_being_filled_is_refused,
	&a_read_only_store_makes_no_copy,
	&another_file_system_is_refused_and_left_clean,
	&live_snapshots_do_not_matter_to_the_copy,
	&tables_replaced_during_a_copy_stay_until_it_has_them,
	&beside_writers_and_jobs_each_copy_is_a_prefix_of_history,
	&of_two_copies_into_one_folder_one_wins,
};

UNIT_SUITE("lsm/db/checkpoint", tests)
