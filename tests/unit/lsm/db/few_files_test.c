/*
 * With few file descriptors the store works all the same: tables are closed for others to be
 * opened.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lsm/db/options.h"
#include "lsm/env/env_posix.h"
#include "tests/unit/lsm/db/db_fixture.h"

enum {
	FEW = 24,
	KEYS = 4000,
};

static char root[64];
static struct rlimit whole;

static void limit_files(rlim_t count)
{
	struct rlimit few = whole;

	few.rlim_cur = count;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static struct lsm_options few_options(void)
{
	struct lsm_options options = db_small_options(env_posix());

	options.reserve_bytes = 4 << 10;
	return options;
}

static struct lsm *open_root(const struct lsm_options *options)
{
	struct lsm *db = NULL;
	int err = lsm_open(root, options, &db);

	if (err)
		ck_abort_msg("open: %d %s", err, lsm_error_text());
	return db;
}

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/few_files.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &whole), 0);
}

static int remove_name(void *arg, const char *name)
{
	return env_dir_unlink(arg, name);
}

static void teardown(void)
{
	struct env_dir *dir;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &whole), 0);
	ck_assert_int_eq(env_open_dir(env_posix(), root, false, &dir), 0);
	ck_assert_int_eq(env_dir_list(dir, remove_name, dir), 0);
	env_dir_close(dir);
	ck_assert_int_eq(rmdir(root), 0);
}

static void read_all(struct lsm *db, unsigned count)
{
	char text[DB_TEXT_MAX];

	for (unsigned n = 0; n < count; n++) {
		/* from far apart, so that tables come and go */
		unsigned k = n * 1237 % count;
		struct lsm_record record;
		int err = lsm_get(db, slice_str(db_key(text, k)), NULL, &record);

		if (err)
			ck_abort_msg("get %s: %d %s", text, err, lsm_error_text());
		lsm_record_release(&record);
	}
}

static void scan_all(struct lsm *db, unsigned count)
{
	struct lsm_iter *it;
	unsigned seen = 0;

	ck_assert_int_eq(lsm_iter_new(db, NULL, &it), 0);
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		seen++;
	if (lsm_iter_status(it))
		ck_abort_msg("scan: %s", lsm_error_text());
	ck_assert_uint_eq(seen, count);
	lsm_iter_free(it);
}

START_TEST(everything_works_with_24_files)
{
	struct lsm_options options = few_options();

	limit_files(FEW);
	struct lsm *db = open_root(&options);

	if (db_fill(db, 0, KEYS, 200))
		ck_abort_msg("put: %s", lsm_error_text());
	if (lsm_flush(db))
		ck_abort_msg("flush: %s", lsm_error_text());
	read_all(db, KEYS);
	scan_all(db, KEYS);
	ck_assert_uint_gt(db_stats(db).table_files, 2 * FEW);
	if (lsm_compact(db, slice_str(""), slice_str("")))
		ck_abort_msg("compact: %s", lsm_error_text());
	read_all(db, KEYS);
	ck_assert_int_eq(db_stats(db).health, LSM_HEALTH_OK);
	db_close(db);
	db = open_root(&options);
	scan_all(db, KEYS);
	db_close(db);
}
END_TEST

START_TEST(tables_are_closed_when_others_took_the_descriptors)
{
	struct lsm_options options = few_options();
	struct lsm *db = open_root(&options);
	int taken[FEW * 4];
	size_t count = 0;

	options.compaction_threads = 0;
	ck_assert_int_eq(db_fill(db, 0, KEYS, 200), 0);
	ck_assert_int_eq(lsm_compact(db, slice_str(""), slice_str("")), 0);
	read_all(db, KEYS);
	ck_assert_uint_gt(db_stats(db).open_tables, 10);
	/* the rest goes to somebody else */
	limit_files(FEW * 4);
	while (count < array_size(taken) && (taken[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	ck_assert_uint_lt(count, array_size(taken));
	read_all(db, KEYS);
	ck_assert_int_eq(db_fill(db, KEYS, KEYS + 200, 200), 0);
	if (lsm_flush(db))
		ck_abort_msg("flush: %s", lsm_error_text());
	read_all(db, KEYS + 200);
	while (count > 0)
		(void)close(taken[--count]);
	db_close(db);
}
END_TEST

START_TEST(options_fit_the_process)
{
	struct lsm_options options;

	lsm_options_init(&options);
	limit_files(FEW);
	db_options_fit(&options);
	ck_assert_uint_eq(options.max_open_tables, 6);
	ck_assert_uint_eq(options.l0_stop, 6);
	ck_assert_uint_eq(options.l0_slowdown, 6);
	ck_assert_uint_eq(options.l0_threshold, 4);
	limit_files(16);
	db_options_fit(&options);
	ck_assert_uint_eq(options.max_open_tables, 1);
	ck_assert_uint_eq(options.l0_threshold, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &whole), 0);
	lsm_options_init(&options);
	db_options_fit(&options);
	if (whole.rlim_cur >= 1024)
		ck_assert_uint_eq(options.max_open_tables, 512);
}
END_TEST

static const TTest *const *const tests[] = {
	&everything_works_with_24_files,
	&tables_are_closed_when_others_took_the_descriptors,
	&options_fit_the_process,
};

UNIT_ROUNDS("lsm/db/few_files", tests, setup, teardown, 0, 1)
