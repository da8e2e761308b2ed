/* fuse.shutdown_timeout=: what becomes of a process that does not get done. */
#include "fs/shutdown.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/log.h"
#include "tests/unit/unit.h"

/* Stands for the disk that hangs. */
static void hang(void)
{
	for (;;)
		(void)pause();
}

static int status_of(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(who_takes_too_long_is_ended)
{
	pid_t child = fork();

	if (child == 0) {
		struct shutdown_watch w;
		int null_fd = open("/dev/null", O_WRONLY);

		log_set_fd(null_fd);
		shutdown_watch_begin(&w, 1);
		hang();
	}
	int status = status_of(child);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE, "%x", status);
}
END_TEST

START_TEST(who_is_done_in_time_is_not)
{
	struct shutdown_watch w;

	shutdown_watch_begin(&w, 3600);
	ck_assert(w.thread.started);
	shutdown_watch_end(&w); /* at once */
}
END_TEST

START_TEST(without_a_limit_nobody_watches)
{
	struct shutdown_watch w;

	shutdown_watch_begin(&w, 0);
	ck_assert(!w.thread.started);
	shutdown_watch_end(&w);
}
END_TEST

static const TTest *const *const tests[] = {
	&who_takes_too_long_is_ended,
	&who_is_done_in_time_is_not,
	&without_a_limit_nobody_watches,
};

UNIT_SUITE("fs/shutdown", tests)
