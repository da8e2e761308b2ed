#include "fs/stats_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_mem.h"
#include "tests/support/prom_lint.h"
#include "tests/support/scratch.h"
#include "tests/unit/unit.h"

enum {
	PATIENCE_MS = 20000,
};

static struct env *env;
static struct lsm *db;
static struct fs *fs;
static struct stats stats;
static char *folder; /* owned */
static int watch_fd; /* tells of renames in it */

static void setup(void)
{
	struct lsm_options options;

	lsm_options_init(&options);
	env = env_mem_new();
	options.env = env;
	ck_assert_int_eq(lsm_open("store", &options, &db), 0);
	struct fs_options fs_options = {
		.db = db, .separator = '/', .umask = 022, .value_max = 1 << 20};

	ck_assert_int_eq(fs_new(&fs_options, &fs), 0);
	stats = (struct stats){.db = db, .fs = fs};
	ck_assert_int_eq(scratch_make("apexfs-dump", &folder), 0);
	watch_fd = inotify_init1(IN_CLOEXEC);
	ck_assert_int_ge(watch_fd, 0);
	ck_assert_int_ge(inotify_add_watch(watch_fd, folder, IN_MOVED_TO), 0);
}

static void teardown(void)
{
	close(watch_fd);
	ck_assert_int_eq(scratch_remove(folder), 0);
	free(folder);
	ck_assert_int_eq(fs_free(fs), 0);
	ck_assert_int_eq(lsm_close(db), 0);
	env_free(env);
}

static char *path_of(const char *name)
{
	char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", folder, name), 0);
	return path;
}

static void wait_for_a_file(void)
{
	struct pollfd wait = {.fd = watch_fd, .events = POLLIN};
	char event[512] __attribute__((aligned(8)));

	ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
	ck_assert_int_gt(read(watch_fd, event, sizeof(event)), 0);
}

static void read_file(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(buf_reserve(text, 1 << 20), 0);
	text->len = fread(text->ptr, 1, text->cap - 1, file);
	text->ptr[text->len] = 0;
	fclose(file);
}

START_TEST(file_is_there_at_once_and_again_and_at_the_end)
{
	cleanup_buf struct buf first = {0}, last = {0};
	struct stats_dump *dump;
	struct stat st;

	setup();
	cleanup_free char *path = path_of("stats.json");
	cleanup_free char *other = path_of("stats.json.tmp");

	ck_assert_int_eq(stats_dump_open(path, &dump), 0);
	ck_assert_int_eq(stats_dump_start(dump, &stats, 86400), 0);
	wait_for_a_file();
	read_file(path, &first);
	ck_assert_int_eq(strncmp((char *)first.ptr, "{\"mem_records\":0,", 17), 0);
	ck_assert_str_eq((char *)first.ptr + first.len - 2, "}\n");
	ck_assert_int_eq(lsm_put(db, slice_str("key"), slice_str("value"), NULL), 0);
	stats_dump_set_interval(dump, 0); /* a change has its effect now */
	wait_for_a_file();
	stats_dump_set_interval(dump, 86400);
	stats_dump_close(dump);
	read_file(path, &last);
	ck_assert_int_eq(strncmp((char *)last.ptr, "{\"mem_records\":1,", 17), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644 & ~022);
	ck_assert_int_ne(access(other, F_OK), 0);
	teardown();
}
END_TEST

START_TEST(name_with_prom_is_for_prometheus)
{
	cleanup_buf struct buf text = {0};
	char why[PROM_WHY_MAX] = "";
	struct stats_dump *dump;

	setup();
	cleanup_free char *path = path_of("apexfs.prom");

	ck_assert_int_eq(stats_dump_open(path, &dump), 0);
	ck_assert_int_eq(stats_dump_start(dump, &stats, 86400), 0);
	stats_dump_close(dump);
	read_file(path, &text);
	ck_assert_msg(prom_lint(buf_slice(&text), why) == 0, "%s", why);
	teardown();
}
END_TEST

START_TEST(bad_places_are_refused)
{
	static const char *const none[] = {"stats.json", "./stats.json", "", "/tmp/", "/"};
	struct stats_dump *dump;

	setup();
	for (size_t i = 0; i < array_size(none); i++)
		ck_assert_int_eq(stats_dump_open(none[i], &dump), -EINVAL);
	cleanup_free char *path = path_of("no such folder/stats.json");

	ck_assert_int_eq(stats_dump_open(path, &dump), -ENOENT);
	ck_assert_ptr_nonnull(strstr(fail_text(), "no such folder"));
	teardown();
}
END_TEST

/* A pipe would not come back, a link would write elsewhere. */
START_TEST(what_stands_under_the_temporary_name_is_not_opened)
{
	cleanup_buf struct buf text = {0};
	struct stats_dump *dump;

	setup();
	cleanup_free char *path = path_of("stats.json");
	cleanup_free char *other = path_of("stats.json.tmp");
	cleanup_free char *victim = path_of("victim");

	ck_assert_int_eq(symlink(victim, other), 0);
	ck_assert_int_eq(stats_dump_open(path, &dump), 0);
	ck_assert_int_eq(stats_dump_start(dump, &stats, 86400), 0);
	wait_for_a_file();
	ck_assert_int_ne(access(victim, F_OK), 0);
	ck_assert_int_eq(mkfifo(other, 0600), 0);
	stats_dump_close(dump);
	read_file(path, &text);
	ck_assert_uint_gt(text.len, 1000);
	teardown();
}
END_TEST

START_TEST(failure_is_survived)
{
	cleanup_buf struct buf text = {0};
	struct stats_dump *dump;

	setup();
	cleanup_free char *path = path_of("stats.json");
	cleanup_free char *other = path_of("stats.json.tmp");

	ck_assert_int_eq(mkdir(other, 0700), 0); /* cannot be unlinked */
	ck_assert_int_eq(stats_dump_open(path, &dump), 0);
	ck_assert_int_eq(stats_dump_start(dump, &stats, 1), 0);
	ck_assert_int_eq(rmdir(other), 0);
	wait_for_a_file();
	stats_dump_close(dump);
	read_file(path, &text);
	ck_assert_uint_gt(text.len, 1000);
	teardown();
}
END_TEST

START_TEST(one_that_was_never_started_ends)
{
	struct stats_dump *dump;

	setup();
	cleanup_free char *path = path_of("stats.json");

	ck_assert_int_eq(stats_dump_open(path, &dump), 0);
	stats_dump_close(dump);
	stats_dump_close(NULL);
	ck_assert_int_ne(access(path, F_OK), 0);
	teardown();
}
END_TEST

static void set_usual_umask(void)
{
	umask(022);
}

static const TTest *const *const tests[] = {
	&file_is_there_at_once_and_again_and_at_the_end,
	&name_with_prom_is_for_prometheus,
	&bad_places_are_refused,
	&what_stands_under_the_temporary_name_is_not_opened,
	&failure_is_survived,
	&one_that_was_never_started_ends,
};

UNIT_ROUNDS("fs/stats_dump", tests, set_usual_umask, NULL, 0, 1)
