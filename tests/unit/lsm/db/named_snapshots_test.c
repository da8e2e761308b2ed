#include <stdlib.h>

#include "lsm/base/buf.h"
#include "lsm/tree/tree_impl.h"
#include "tests/unit/lsm/db/db_fixture.h"

#define COPY "copy"

static int make(struct lsm *db, const char *name)
{
	return lsm_snapshot_make(db, slice_str(name));
}

static int drop(struct lsm *db, const char *name)
{
	return lsm_snapshot_drop(db, slice_str(name));
}

/* Whether the snapshot of that name shows this value; NULL: nothing. */
static bool shows(struct lsm *db, const char *name, const char *key, const char *value)
{
	struct lsm_snapshot *s;

	ck_assert_int_eq(lsm_snapshot_open(db, slice_str(name), &s), 0);
	const struct lsm_read_options options = {.snapshot = s};
	bool same = db_has_at(db, key, value, &options);

	lsm_snapshot_release(db, s);
	return same;
}

static int add_name(void *arg, const struct lsm_snapshot_info *info)
{
	struct buf *out = arg;

	return buf_printf(out, "%.*s@%llu ", (int)info->name.len, (const char *)info->name.ptr,
			  (unsigned long long)info->seqno);
}

static void expect_names(struct lsm *db, const char *expected)
{
	struct buf text = {0};

	ck_assert_int_eq(lsm_snapshot_list(db, add_name, &text), 0);
	ck_assert_int_eq(buf_append_byte(&text, 0), 0);
	ck_assert_str_eq((char *)text.ptr, expected);
	buf_done(&text);
}

static void compact(struct lsm *db)
{
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
}

static void expect_two(struct lsm *db)
{
	expect_names(db, "one@1 two@3 ");
	ck_assert(shows(db, "one", "k", "1"));
	ck_assert(shows(db, "one", "only in two", NULL));
	ck_assert(shows(db, "two", "k", "2"));
	ck_assert(shows(db, "two", "only in two", "x"));
	ck_assert(db_has(db, "k", NULL));
	ck_assert_uint_eq(db_stats(db).named_snapshots, 2);
	ck_assert_uint_eq(db_stats(db).snapshots, 2);
	ck_assert_uint_eq(db_stats(db).oldest_snapshot_seqno, 1);
}

static struct lsm *reopen(struct lsm *db, struct env *env)
{
	db_close(db);
	return db_open_small(env);
}

/* The state that expect_two expects. */
static void make_two(struct lsm *db)
{
	db_put(db, "k", "1");
	ck_assert_int_eq(make(db, "one"), 0);
	db_put(db, "k", "2");
	db_put(db, "only in two", "x");
	ck_assert_int_eq(make(db, "two"), 0);
	db_delete(db, "k");
	db_delete(db, "only in two");
}

START_TEST(a_name_outlives_reopening_flush_and_compaction)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	make_two(db);
	expect_two(db);
	db = reopen(db, env);
	expect_two(db);
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_two(db);
	db = reopen(db, env);
	compact(db);
	expect_two(db);
	db = reopen(db, env);
	compact(db);
	expect_two(db);
	ck_assert_uint_eq(db_stats(db).table_records, 5);
	ck_assert_int_eq(drop(db, "one"), 0);
	expect_names(db, "two@3 ");
	ck_assert(shows(db, "two", "k", "2"));
	ck_assert_int_eq(drop(db, "two"), 0);
	expect_names(db, "");
	db = reopen(db, env);
	expect_names(db, "");
	db_put(db, "z", "z");
	compact(db);
	ck_assert_uint_eq(db_stats(db).table_records, 1);
	ck_assert_uint_eq(db_stats(db).named_snapshots, 0);
	db_close(db);
	env_free(env);
}
END_TEST

/* Of what a dead process left: nothing was synced but by making. */
START_TEST(a_name_outlives_the_process)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	make_two(db);
	ck_assert_uint_ge(db_stats(db).durable_seqno, 3);
	struct env *left = env_mem_clone(env);
	struct lsm *next = db_open_small(left);

	expect_two(next);
	db_close(next);
	db_close(db);
	env_free(left);
	env_free(env);
}
END_TEST

START_TEST(a_new_manifest_names_them_too)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	make_two(db);
	mutex_lock(&db->tree->log_mu);
	db->tree->roll_bytes = 1;
	mutex_unlock(&db->tree->log_mu);
	ck_assert_int_eq(make(db, "three"), 0);
	struct lsm_verify_report report;

	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db = reopen(db, env);
	expect_names(db, "one@1 three@5 two@3 ");
	ck_assert(shows(db, "three", "k", NULL));
	ck_assert_int_eq(lsm_verify(db, &report), 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(names_are_bytes_and_have_bounds)
{
	static const uint8_t odd[] = {0, 255, '/', '\n'};
	char longest[LSM_SNAPSHOT_NAME_MAX + 2];
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_snapshot_info info = {.seqno = 77};
	struct lsm_snapshot *untouched = (struct lsm_snapshot *)8, *s = untouched;

	memset(longest, 'x', sizeof(longest));
	ck_assert_int_eq(make(db, ""), -EINVAL);
	ck_assert_int_eq(lsm_snapshot_make(db, slice_of(longest, sizeof(longest) - 1)),
			 -ENAMETOOLONG);
	ck_assert_int_eq(lsm_snapshot_make(db, slice_of(longest, LSM_SNAPSHOT_NAME_MAX)), 0);
	ck_assert_int_eq(lsm_snapshot_make(db, slice_of(odd, sizeof(odd))), 0);
	ck_assert_int_eq(lsm_snapshot_make(db, slice_of(odd, sizeof(odd))), -EEXIST);
	ck_assert_int_eq(lsm_snapshot_find(db, slice_of(odd, sizeof(odd)), &info), 0);
	ck_assert_uint_eq(info.seqno, 0); /* of an empty store */
	ck_assert_uint_gt(info.time_ns, 0);
	info.seqno = 77;
	ck_assert_int_eq(lsm_snapshot_find(db, slice_of(odd, 3), &info), -ENOENT);
	ck_assert_uint_eq(info.seqno, 77);
	ck_assert_int_eq(lsm_snapshot_open(db, slice_of(odd, 3), &s), -ENOENT);
	ck_assert_ptr_eq(s, untouched);
	ck_assert_int_eq(lsm_snapshot_drop(db, slice_of(odd, 3)), -ENOENT);
	ck_assert_int_eq(drop(db, ""), -ENOENT);
	db = reopen(db, env);
	ck_assert_int_eq(lsm_snapshot_drop(db, slice_of(odd, sizeof(odd))), 0);
	ck_assert_int_eq(lsm_snapshot_drop(db, slice_of(longest, LSM_SNAPSHOT_NAME_MAX)), 0);
	expect_names(db, "");
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(there_is_a_most_of_them)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	char text[DB_TEXT_MAX];

	for (unsigned n = 0; n < LSM_SNAPSHOTS_MAX; n++) {
		db_put(db, "k", db_key(text, n));
		ck_assert_int_eq(make(db, db_key(text, n)), 0);
	}
	ck_assert_int_eq(make(db, "one more"), -EMLINK);
	compact(db);
	db = reopen(db, env);
	ck_assert_int_eq(make(db, "one more"), -EMLINK);
	for (unsigned n = 0; n < LSM_SNAPSHOTS_MAX; n++) {
		char name[DB_TEXT_MAX];

		db_key(name, n);
		ck_assert(shows(db, name, "k", name));
	}
	ck_assert_int_eq(drop(db, db_key(text, 500)), 0);
	ck_assert_int_eq(make(db, "one more"), 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(who_has_it_open_outlives_the_name)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_snapshot *opened, *unnamed;

	db_put(db, "k", "1");
	ck_assert_int_eq(lsm_snapshot_new(db, &unnamed), 0);
	ck_assert_int_eq(make(db, "a"), 0);
	ck_assert_int_eq(make(db, "b"), 0); /* of the same seqno */
	ck_assert_int_eq(lsm_snapshot_open(db, slice_str("a"), &opened), 0);
	ck_assert_uint_eq(db_stats(db).snapshots, 4);
	db_put(db, "k", "2");
	lsm_snapshot_release(db, unnamed);
	ck_assert_int_eq(drop(db, "a"), 0);
	ck_assert_int_eq(drop(db, "b"), 0);
	ck_assert_uint_eq(db_stats(db).snapshots, 1);
	compact(db);
	const struct lsm_read_options options = {.snapshot = opened};

	ck_assert(db_has_at(db, "k", "1", &options));
	lsm_snapshot_release(db, opened);
	ck_assert_uint_eq(db_stats(db).snapshots, 0);
	db_put(db, "other", "x");
	compact(db);
	ck_assert_uint_eq(db_stats(db).table_records, 2);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_read_only_store_shows_them_and_makes_none)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);

	make_two(db);
	struct lsm_options options = db_small_options(env);

	options.read_only = true;
	struct lsm *reader = db_open_with(&options);

	expect_two(reader);
	ck_assert_int_eq(make(reader, "three"), -EROFS);
	ck_assert_int_eq(drop(reader, "one"), -EROFS);
	db_close(reader);
	expect_two(db);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_checkpoint_has_those_that_it_can_show)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_options options = db_small_options(env);
	struct env_dir *dir;
	struct lsm *copy;

	make_two(db);
	ck_assert_int_eq(lsm_checkpoint(db, COPY), 0);
	ck_assert_int_eq(lsm_open(COPY, &options, &copy), 0);
	expect_two(copy);
	db_close(copy);

	/* as if the flush had come before these changes and this name */
	db_put(db, "later", "1");
	ck_assert_int_eq(make(db, "later"), 0);
	ck_assert_int_eq(env_open_dir(env, "copy2", true, &dir), 0);
	ck_assert_int_eq(tree_checkpoint(db->tree, dir, 12345), 0);
	env_dir_close(dir);
	ck_assert_int_eq(lsm_open("copy2", &options, &copy), 0);
	expect_two(copy);
	ck_assert(db_has(copy, "later", NULL));
	db_put(copy, "later", "2");
	expect_two(copy);
	db_close(copy);
	ck_assert(shows(db, "later", "later", "1"));
	db_close(db);
	env_free(env);
}
END_TEST

static void note_loss(void *arg, const char *what)
{
	ck_assert_int_eq(buf_printf(arg, "%s\n", what), 0);
}

START_TEST(a_salvage_tells_which_are_lost)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_options options = db_small_options(env);
	struct lsm_salvage_report report;
	struct buf told = {0};

	make_two(db);
	db_close(db);
	ck_assert_int_eq(lsm_salvage(DB_DIR, COPY, &options, note_loss, &told, &report), 0);
	ck_assert_int_eq(buf_append_byte(&told, 0), 0);
	ck_assert_str_eq((char *)told.ptr,
			 "the snapshot \"one\" is not kept\nthe snapshot \"two\" is not kept\n");
	ck_assert_uint_eq(report.losses, 2);
	ck_assert_int_eq(lsm_open(COPY, &options, &db), 0);
	expect_names(db, "");
	ck_assert(db_has(db, "k", NULL));
	db_close(db);
	buf_done(&told);
	env_free(env);
}
END_TEST

/* The call that fails is one of making, or of dropping. */
static bool run_failing(struct env *inner, struct env *faulty, uint64_t call)
{
	const struct env_fault_plan plan = {
		.at_call = call, .sticky = true, .writes_only = true, .error = -EIO};
	struct lsm_options options = db_small_options(faulty);
	struct lsm *db = db_open_with(&options);

	(void)db_await_spare_log(db);
	db_put(db, "k", "1");
	ck_assert_int_eq(make(db, "first"), 0);
	db_put(db, "k", "2");
	env_fault_set(faulty, &plan);
	int made = make(db, "second");
	int dropped = drop(db, "first");
	bool struck = env_fault_struck(faulty);

	ck_assert(made == 0 || made == -EIO);
	ck_assert(dropped == 0 || dropped == -EIO || dropped == -EROFS);
	ck_assert(struck == (made || dropped));
	if (dropped)
		ck_assert(shows(db, "first", "k", "1"));
	env_fault_set(faulty, NULL);
	ignore_result(lsm_close(db));
	db = db_open_small(inner);
	struct lsm_snapshot_info info;
	bool has_first = lsm_snapshot_find(db, slice_str("first"), &info) == 0;
	bool has_second = lsm_snapshot_find(db, slice_str("second"), &info) == 0;

	ck_assert(has_first || dropped != -EROFS);
	ck_assert(dropped || !has_first);
	ck_assert(has_second || made);
	if (has_first)
		ck_assert(shows(db, "first", "k", "1"));
	if (has_second)
		ck_assert(shows(db, "second", "k", "2"));
	db_close(db);
	return struck;
}

START_TEST(whichever_call_fails_it_is_there_or_not)
{
	ck_assert_uint_gt(db_fail_each_call(run_failing), 4);
}
END_TEST

START_TEST(a_full_disk_takes_no_name_but_gives_one_back)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);
	char text[DB_TEXT_MAX];
	unsigned made = 0;
	int err;

	options.reserve_bytes = 64 << 10;
	struct lsm *db = db_open_with(&options);

	(void)db_await_spare_log(db);
	make_two(db);
	db_fill_disk(env);
	while ((err = make(db, db_key(text, made))) == 0)
		made++;
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_uint_eq(db_stats(db).named_snapshots, made + 2);
	ck_assert_uint_gt(db_stats(db).reserve_bytes, 0);
	while (made > 0)
		ck_assert_int_eq(drop(db, db_key(text, --made)), 0);
	ck_assert_uint_eq(db_stats(db).reserve_bytes, 0);
	expect_two(db);
	env_mem_set_capacity(env, DB_ENDLESS);
	ck_assert_int_eq(make(db, "three"), 0);
	ck_assert_int_eq(drop(db, "three"), 0);
	expect_two(db);
	db_close(db);
	env_free(env);
}
END_TEST

/* A log that has lost what a snapshot shows is damage, though nothing else proves that it had it.
 */
START_TEST(a_log_that_ends_before_a_snapshot_is_damaged)
{
	struct env *env = env_mem_new();
	struct lsm *db = db_open_small(env);
	struct lsm_options options = db_small_options(env);

	db_put(db, "k", "1");
	ck_assert_int_eq(make(db, "one"), 0);
	struct env *left = env_mem_clone(env);

	db_close(db);
	options.env = left;
	db_damage(left, db_find(left, ".wal").name, 48 + 40);
	db_expect_no_open(&options, -EUCLEAN, ".wal");
	env_free(left);
	env_free(env);
}
END_TEST

enum {
	MAKERS = 3,
	ROUNDS = 60,
};

struct maker {
	struct lsm *db;
	struct thread thread;
	unsigned number;
	_Atomic unsigned *running;
};

static int expect_a_name(void *arg, const struct lsm_snapshot_info *info)
{
	(void)arg;
	ck_assert(info->name.len > 0);
	return 0;
}

static void make_and_drop(void *arg)
{
	struct maker *m = arg;
	char name[DB_TEXT_MAX];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct lsm_snapshot *s;
		struct lsm_record a, b;

		(void)snprintf(name, sizeof(name), "by %u, %u", m->number, i);
		ck_assert(make(m->db, name) == 0);
		ck_assert(lsm_snapshot_open(m->db, slice_str(name), &s) == 0);
		const struct lsm_read_options options = {.snapshot = s};

		ck_assert(lsm_get(m->db, slice_str("a"), &options, &a) == 0);
		ck_assert(lsm_get(m->db, slice_str("b"), &options, &b) == 0);
		ck_assert(b.seqno == a.seqno + 1 && b.seqno <= lsm_snapshot_seqno(s));
		lsm_record_release(&a);
		lsm_record_release(&b);
		lsm_snapshot_release(m->db, s);
		ck_assert(lsm_snapshot_list(m->db, expect_a_name, NULL) == 0);
		ck_assert(drop(m->db, name) == 0);
	}
	atomic_fetch_sub(m->running, 1);
}

START_TEST(any_thread_makes_and_drops)
{
	struct env *env = env_mem_new();
	struct lsm_options options = db_small_options(env);

	options.memtable_bytes = 4 << 10;
	options.l0_threshold = 2;
	struct lsm *db = db_open_with(&options);
	struct maker makers[MAKERS] = {{0}};
	_Atomic unsigned running = MAKERS;
	struct lsm_batch *batch = lsm_batch_new();

	ck_assert_int_eq(lsm_batch_put(batch, slice_str("a"), slice_str(""), slice_str("v")), 0);
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("b"), slice_str(""), slice_str("v")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	for (unsigned i = 0; i < MAKERS; i++) {
		makers[i] = (struct maker){.db = db, .number = i, .running = &running};
		ck_assert_int_eq(
			thread_start(&makers[i].thread, "maker", make_and_drop, &makers[i]), 0);
	}
	while (atomic_load(&running) > 0)
		ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	for (unsigned i = 0; i < MAKERS; i++)
		thread_join(&makers[i].thread);
	expect_names(db, "");
	ck_assert_uint_eq(db_stats(db).snapshots, 0);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_name_outlives_reopening_flush_and_compaction,
	&a_name_outlives_the_process,
	&a_new_manifest_names_them_too,
	&names_are_bytes_and_have_bounds,
	&there_is_a_most_of_them,
	&who_has_it_open_outlives_the_name,
	&a_read_only_store_shows_them_and_makes_none,
	&a_checkpoint_has_those_that_it_can_show,
	&a_salvage_tells_which_are_lost,
	&whichever_call_fails_it_is_there_or_not,
	&a_full_disk_takes_no_name_but_gives_one_back,
	&a_log_that_ends_before_a_snapshot_is_damaged,
	&any_thread_makes_and_drops,
};

UNIT_SUITE("lsm/db/named_snapshots", tests)
