/*
 * The room kept for a full disk: who may use it, when it comes back, what opening makes of it.
 */
#include "lsm/db/reserve.h"
#include "lsm/db/spare_log.h"
#include "lsm/tree/tree_impl.h"
#include "lsm/wal/wal_format.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	RESERVE_BYTES = 64 << 10,
};

#define SECOND_NS UINT64_C(1000000000)

/* Its clock stands: what is done once a second is not done. */
static struct env *new_disk(void)
{
	struct env *env = env_mem_new();

	env_mem_set_clock(env, SECOND_NS);
	return env;
}

static struct lsm_options reserve_options(struct env *env)
{
	struct lsm_options options = db_small_options(env);

	options.reserve_bytes = RESERVE_BYTES;
	options.compaction_threads = 0; /* nothing frees space unasked */
	return options;
}

static uint64_t file_bytes(struct env *env, const char *name)
{
	struct slice bytes;

	return env_mem_file(env, DB_DIR, name, &bytes) ? 0 : bytes.len;
}

/* Put until the disk is full: from `from` on; returns the first key that was refused. */
static unsigned fill_until_full(struct lsm *db, unsigned from)
{
	int err;

	while ((err = db_fill(db, from, from + 1, 200)) == 0)
		from++;
	ck_assert_int_eq(err, -ENOSPC);
	return from;
}

static int delete_range(struct lsm *db, unsigned from, unsigned to)
{
	char text[DB_TEXT_MAX];
	int err = 0;

	for (unsigned n = from; !err && n < to; n++)
		err = lsm_delete(db, slice_str(db_key(text, n)), NULL);
	return err;
}

/* A job's files go while its caller is already told of its end: soon there is space, not at once.
 */
static void put_when_there_is_space(struct lsm *db, const char *key)
{
	uint64_t start = clock_mono_ns();
	int err;

	while ((err = db_try_put(db, key, "v")) == -ENOSPC &&
	       clock_mono_ns() - start < 20 * SECOND_NS)
		;
	if (err)
		ck_abort_msg("no put with space again: %d %s", err, lsm_error_text());
}

static void expect_low(struct lsm *db)
{
	struct lsm_stats stats = db_stats(db);

	ck_assert_uint_eq(stats.reserve_bytes, 0);
	ck_assert_int_eq(stats.health, LSM_HEALTH_DEGRADED);
	ck_assert_msg(strstr(stats.health_text, "low on space") != NULL, "%s", stats.health_text);
}

static void expect_well(struct lsm *db)
{
	ck_assert_uint_eq(db_stats(db).reserve_bytes, RESERVE_BYTES);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	ck_assert_str_eq(db_stats(db).health_text, "");
}

/* The disk is full, yet nothing of the reserve is used. */
static void expect_held(struct lsm *db)
{
	struct lsm_stats stats = db_stats(db);

	ck_assert_uint_eq(stats.reserve_bytes, RESERVE_BYTES);
	ck_assert_int_eq(stats.health, LSM_HEALTH_DEGRADED);
	ck_assert_msg(strstr(stats.health_text, "disk is full") != NULL, "%s", stats.health_text);
}

/* A store that a flush has left without its reserve. */
static struct lsm *open_low(struct env *env)
{
	struct lsm_options options = reserve_options(env);
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(db_fill(db, 0, 40, 200), 0);
	ck_assert_int_eq(db_await_spare_log(db), SPARE_READY);
	db_fill_disk(env);
	ck_assert_int_eq(lsm_flush(db), 0);
	expect_low(db);
	return db;
}

START_TEST(deletes_and_a_flush_work_on_a_full_disk_and_puts_do_not)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);
	struct lsm *db = db_open_with(&options);

	expect_well(db);
	ck_assert_uint_eq(file_bytes(env, DB_RESERVE_NAME), RESERVE_BYTES);
	ck_assert_int_eq(db_fill(db, 0, 20, 200), 0);
	db_fill_disk(env);
	/* less than a memtable: no flush */
	unsigned end = fill_until_full(db, 20);

	/* a put alone does not touch it */
	expect_held(db);
	ck_assert_int_eq(delete_range(db, 0, end), 0);
	expect_low(db);
	ck_assert_int_eq(db_try_put(db, "k", "v"), -ENOSPC);
	ck_assert(strstr(lsm_error_text(), "reserve"));
	ck_assert_int_eq(lsm_flush(db), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	/* with what the compaction freed it is taken again, without reopening */
	put_when_there_is_space(db, "k");
	expect_well(db);
	ck_assert(db_has(db, "k", "v") && db_has(db, "key000000", NULL));
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_refused_put_shows_in_health_until_one_is_taken)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);
	struct lsm *db = db_open_with(&options);

	db_fill_disk(env);
	unsigned end = fill_until_full(db, 0);

	expect_held(db);
	env_mem_set_capacity(env, DB_ENDLESS);
	ck_assert_int_eq(db_fill(db, end, end + 1, 200), 0);
	expect_well(db);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_store_at_rest_takes_it_again)
{
	struct env *env = new_disk();
	struct lsm *db = open_low(env);

	env_mem_set_capacity(env, DB_ENDLESS);
	env_mem_set_clock(env, 3 * SECOND_NS);
	for (uint64_t start = clock_mono_ns(); db_stats(db).health != LSM_HEALTH_OK;)
		ck_assert_uint_lt(clock_mono_ns() - start, 20 * SECOND_NS);
	expect_well(db);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(it_is_not_taken_from_the_job_that_it_was_given_to)
{
	struct env *env = new_disk();
	struct lsm *db = open_low(env);

	db_reserve_lend(db, DB_JOB_COMPACTION, RESERVE_BYTES);
	env_mem_set_capacity(env, db_used_bytes(env) + 3 * RESERVE_BYTES / 2);
	env_mem_set_clock(env, 3 * SECOND_NS);
	db_reserve_retry(db);
	expect_low(db);
	db_reserve_lend(db, DB_JOB_COMPACTION, 0);
	env_mem_set_clock(env, 6 * SECOND_NS);
	db_reserve_retry(db);
	expect_well(db);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_batch_that_frees_space_may_use_it)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);
	struct lsm *db = db_open_with(&options);
	const struct lsm_write_options use = {.use_reserve = true};
	struct lsm_batch *batch = lsm_batch_new();

	ck_assert_int_eq(lsm_batch_delete(batch, slice_str("a")), 0);
	ck_assert_int_eq(lsm_batch_put(batch, slice_str("b"), (struct slice){0}, slice_str("")), 0);
	db_fill_disk(env);
	(void)fill_until_full(db, 0);
	/* a put is in it */
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ENOSPC);
	expect_held(db);
	ck_assert_int_eq(lsm_write(db, batch, &use, NULL), 0);
	expect_low(db);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), -ENOSPC);
	ck_assert_int_eq(lsm_write(db, batch, &use, NULL), 0);
	lsm_batch_clear(batch);
	ck_assert_int_eq(lsm_batch_delete(batch, slice_str("b")), 0);
	ck_assert_int_eq(lsm_write(db, batch, NULL, NULL), 0);
	lsm_batch_free(batch);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(it_is_taken_again_when_space_returns)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);

	env_mem_set_clock(env, 1000);
	struct lsm *db = db_open_with(&options);

	db_fill_disk(env);
	ck_assert_int_eq(delete_range(db, 0, 1), 0);
	expect_low(db);
	/* not at every put: a second is waited between two tries */
	env_mem_set_capacity(env, DB_ENDLESS);
	ck_assert_int_eq(db_try_put(db, "k", "v"), -ENOSPC);
	env_mem_set_clock(env, 1000 + SECOND_NS);
	ck_assert_int_eq(db_try_put(db, "k", "v"), 0);
	expect_well(db);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_flush_in_the_background_uses_it_and_its_log_pays_it_back)
{
	struct env *env = new_disk();
	struct lsm *db = open_low(env);

	ck_assert_int_eq(lsm_flush(db), 0);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(closing_and_opening_keep_it)
{
	struct env *disk = new_disk(), *env = env_record_new(disk);
	struct lsm_options options = reserve_options(env);
	size_t count, from;

	db_close(db_open_with(&options));
	(void)env_record_calls(env, &from);
	/* with no room for another one */
	env_mem_set_capacity(disk, db_used_bytes(disk) + 2000);
	struct lsm *db = db_open_with(&options);

	expect_well(db);
	db_close(db);
	const struct env_call *calls = env_record_calls(env, &count);

	for (size_t i = from; i < count; i++)
		if (strcmp(calls[i].name, DB_RESERVE_NAME) == 0)
			ck_assert_int_eq(calls[i].kind, ENV_CALL_ALLOCATE); /* of what is there */
	env_free(env);
	env_free(disk);
}
END_TEST

START_TEST(its_size_follows_the_option)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);
	static const uint64_t sizes[] = {100000, 300000, 5000, 0, 70000};

	for (size_t i = 0; i < array_size(sizes); i++) {
		options.reserve_bytes = sizes[i];
		struct lsm *db = db_open_with(&options);

		ck_assert_uint_eq(db_stats(db).reserve_bytes, sizes[i]);
		ck_assert_uint_eq(file_bytes(env, DB_RESERVE_NAME), sizes[i]);
		ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
		db_put(db, "k", "v");
		db_close(db);
	}
	/* the automatic one is a memtable and a step of the log, but a small part of a small disk
	 */
	options.reserve_bytes = LSM_RESERVE_AUTOMATIC;
	struct lsm *db = db_open_with(&options);

	ck_assert_uint_eq(db_stats(db).reserve_bytes, options.memtable_bytes + (1 << 20));
	db_close(db);
	env_mem_set_capacity(env, 4 << 20);
	db = db_open_with(&options);
	ck_assert_uint_eq(db_stats(db).reserve_bytes, (4 << 20) / 16);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(without_room_for_it_the_store_is_low_on_space_from_the_start)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);

	env_mem_set_capacity(env, RESERVE_BYTES / 2);
	struct lsm *db = db_open_with(&options);

	expect_low(db);
	ck_assert_uint_eq(file_bytes(env, DB_RESERVE_NAME), 0);
	ck_assert_int_eq(db_try_put(db, "k", "v"), -ENOSPC);
	db_delete(db, "k");
	db_close(db);
	env_mem_set_capacity(env, RESERVE_BYTES * 2);
	db = db_open_with(&options);
	expect_well(db);
	db_put(db, "k", "v");
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(a_completely_full_disk_can_be_opened_and_emptied)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);
	struct lsm *db = db_open_with(&options);

	ck_assert_int_eq(db_fill(db, 0, 100, 200), 0);
	db_close(db);
	db_fill_disk(env);
	db = db_open_with(&options);
	/* the old manifest and the space taken ahead in logs go: the reserve may be whole again */
	unsigned end = fill_until_full(db, 100);

	if (delete_range(db, 0, end))
		ck_abort_msg("%s", lsm_error_text());
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	put_when_there_is_space(db, "k");
	expect_well(db);
	db_close(db);
	env_free(env);
}
END_TEST

START_TEST(with_nothing_to_give_a_full_disk_is_opened_read_only)
{
	struct env *env = new_disk();
	struct lsm_options options = reserve_options(env);

	options.reserve_bytes = 0;
	struct lsm *db = db_open_with(&options);

	db_put(db, "k", "v");
	db_close(db);
	db_fill_disk(env);
	db_expect_no_open(&options, -ENOSPC, "read-only");
	options.read_only = true;
	db = db_open_with(&options);
	ck_assert(db_has(db, "k", "v"));
	db_close(db);
	env_mem_set_capacity(env, DB_ENDLESS);
	options.read_only = false;
	db = db_open_with(&options);
	ck_assert(db_has(db, "k", "v"));
	db_close(db);
	env_free(env);
}
END_TEST

/*
 * Whatever is first to find no room, deletes and a flush go through, and in the end puts again (for
 * which the first steps of a log and of the manifest are left).
 */
START_TEST(a_disk_full_at_any_moment_can_be_emptied)
{
	for (uint64_t room = 32 << 10; room < 120 << 10; room += 1777) {
		struct env *env = new_disk();
		struct lsm_options options = reserve_options(env);
		struct lsm *db = db_open_with(&options);

		env_mem_set_capacity(env, db_used_bytes(env) + room);
		unsigned end = fill_until_full(db, 0);

		if (delete_range(db, 0, end) || lsm_flush(db) ||
		    lsm_compact(db, slice_str(""), slice_str("")))
			ck_abort_msg("room %llu: %s", (unsigned long long)room, lsm_error_text());
		put_when_there_is_space(db, "key000000");
		expect_well(db);
		db_close(db);
		db = db_open_with(&options);
		expect_well(db);
		ck_assert(db_has(db, "key000000", "v") && db_has(db, "key000001", NULL));
		db_close(db);
		env_free(env);
	}
}
END_TEST

/* With so many bytes free no log file stays that the manifest does not name. False: the spare log
 * was made. */
static bool make_spare_log_with(uint64_t free_bytes)
{
	struct env *env = new_disk();
	struct lsm *db = db_open_small(env);
	struct wal_writer *log;

	ck_assert_int_eq(db_await_spare_log(db), SPARE_READY);
	/* a fresh manifest has no space ahead */
	mutex_lock(&db->tree->log_mu);
	ck_assert_int_eq(tree_begin_manifest(db->tree), 0);
	mutex_unlock(&db->tree->log_mu);
	env_mem_set_capacity(env, db_used_bytes(env) + free_bytes);
	ck_assert_int_eq(db_spare_log_take(db, &log), 0);
	bool failed = db_await_spare_log(db) == SPARE_FAILED;

	ck_assert_uint_eq(db_find(env, ".wal").count, db->tree->logs.count);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	env_mem_set_capacity(env, DB_ENDLESS);
	wal_writer_close(log);
	db_close(db);
	env_free(env);
	return failed;
}

START_TEST(a_log_without_room_in_the_manifest_leaves_no_file)
{
	uint64_t free_bytes = 0;

	while (make_spare_log_with(free_bytes))
		free_bytes++;
	ck_assert_uint_gt(free_bytes, WAL_FILE_HEADER_SIZE);
}
END_TEST

static const TTest *const *const tests[] = {
	&deletes_and_a_flush_work_on_a_full_disk_and_puts_do_not,
	&a_refused_put_shows_in_health_until_one_is_taken,
	&a_store_at_rest_takes_it_again,
	&it_is_not_taken_from_the_job_that_it_was_given_to,
	&a_batch_that_frees_space_may_use_it,
	&it_is_taken_again_when_space_returns,
	&a_flush_in_the_background_uses_it_and_its_log_pays_it_back,
	&closing_and_opening_keep_it,
	&its_size_follows_the_option,
	&without_room_for_it_the_store_is_low_on_space_from_the_start,
	&a_completely_full_disk_can_be_opened_and_emptied,
	&with_nothing_to_give_a_full_disk_is_opened_read_only,
	&a_disk_full_at_any_moment_can_be_emptied,
	&a_log_without_room_in_the_manifest_leaves_no_file,
};

UNIT_SUITE("lsm/db/reserve", tests)
