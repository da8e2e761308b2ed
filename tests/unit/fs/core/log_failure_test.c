/*
 * The log fails once: from then on every change is refused, everything says why, and reading goes
 * on, until the file system is mounted anew.
 */
#include "fs/virt/stats.h"
#include "lsm/db/db.h"
#include "tests/unit/fs/core/fs_fixture.h"

/* The first call that changes the disk is then the caller's own. */
static void wait_for_spare_log(struct lsm *db)
{
	mutex_lock(&db->work_mu);
	while (db->spare_state != SPARE_READY)
		cond_wait(&db->work_done, &db->work_mu);
	mutex_unlock(&db->work_mu);
}

static char *render(struct fixture *f, enum stats_format format)
{
	const struct stats stats = {.db = f->db, .fs = f->fs};
	struct buf text = {0};

	ck_assert_int_eq(stats_read(&stats, (struct stats_form){format, METRIC_ALL}, &text), 0);
	ck_assert_int_eq(buf_append_byte(&text, 0), 0);
	return (char *)text.ptr;
}

static void expect_shown(struct fixture *f, enum stats_format format, const char *health,
			 const char *reason)
{
	char *text = render(f, format);

	if (!strstr(text, health) || (reason && !strstr(text, reason)))
		ck_abort_msg("not shown: %s %s in %s", health, reason ? reason : "", text);
	free(text);
}

static void expect_refused(struct fixture *f, int err, const char *what)
{
	if (err != -EROFS || !strstr(lsm_error_text(), ".wal") ||
	    !strstr(lsm_error_text(), "reopen"))
		ck_abort_msg("%s: %d \"%s\"", what, err, lsm_error_text());
	ck_assert(!exists(f, "new"));
}

/* Every kind of change. */
static void expect_all_refused(struct fixture *f)
{
	struct stat want = {.st_mode = 0600}, st;
	uint64_t node = node_at(f, "a"), made = 0;

	expect_refused(f, write_node(f, node, 0, "3"), "write");
	expect_refused(f, truncate_node(f, &f->me, node, 0), "truncate");
	expect_refused(f, fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE, &st), "chmod");
	expect_refused(f, create_as(f, &f->me, "new", 0666, false, &made), "create");
	expect_refused(f, create_as(f, &f->me, "new", 0666, true, &made), "create exclusively");
	expect_refused(f, mkdir_at(f, "new"), "mkdir");
	expect_refused(f, unlink_at(f, "a"), "unlink");
	expect_refused(f, rmdir_at(f, "d"), "rmdir");
	expect_refused(f, rename_at(f, "a", "new", 0), "rename");
	fs_forget(f->fs, node, 1);
}

static void fail_the_log(bool sync)
{
	struct fixture *f = fixture_new();
	/* the write's append, or the sync behind it */
	const struct env_fault_plan plan = {
		.at_call = sync, .writes_only = true, .error = -EIO, .how = ENV_FAULT_SHORT};

	echo(f, "a", "1");
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	wait_for_spare_log(f->db);
	expect_shown(f, STATS_TEXT, "\nhealth ok\n", NULL);
	uint64_t node = node_at(f, "a");

	env_fault_set(f->fault, &plan);
	int wrote = write_node(f, node, 0, "2");
	int synced = wrote ? 0 : fs_sync(f->fs);

	ck_assert(env_fault_struck(f->fault));
	ck_assert_int_eq(wrote, sync ? 0 : -EIO);
	ck_assert_int_eq(synced, sync ? -EIO : 0);
	env_fault_set(f->fault, NULL);
	fs_forget(f->fs, node, 1);

	expect_all_refused(f);
	expect_shown(f, STATS_TEXT, "\nhealth read_only\n", ".wal: ");
	expect_shown(f, STATS_JSON, "\"health\":\"read_only\"",
		     "\"health_text\":\"the log failed, ");
	/* what was not written was not done; what was written is there, synced or not */
	expect_text(f, "a", sync ? "2" : "1");
	expect_list(f, "", "a d/");

	fixture_kill(f);
	expect_shown(f, STATS_TEXT, "\nhealth ok\n", NULL);
	echo(f, "a", "4");
	expect_text(f, "a", "4");
	fixture_free(f);
}

START_TEST(after_a_failed_append_every_change_is_refused_and_says_why)
{
	fail_the_log(false);
}
END_TEST

START_TEST(after_a_failed_sync_every_change_is_refused_and_says_why)
{
	fail_the_log(true);
}
END_TEST

static const TTest *const *const tests[] = {
	&after_a_failed_append_every_change_is_refused_and_says_why,
	&after_a_failed_sync_every_change_is_refused_and_says_why,
};

UNIT_SUITE("fs/core/log_failure", tests)
