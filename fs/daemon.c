#include "fs/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"

enum {
	DAEMON_FOREGROUND = -1,
	DAEMON_DETACHED = -2,
};

/* The child ended before it was ready: with its own line, unless a signal ended it. */
static int child_status(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILURE;
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "apexfs: the daemon died: %s\n", strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* The kernel holds this request back until the daemon has answered INIT. */
static int root_status(const char *mountpoint)
{
	struct stat root;

	if (stat(mountpoint, &root) == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "apexfs: %s: mounted, but it does not answer: %s\n", mountpoint,
		strerror(errno));
	return EXIT_FAILURE;
}

static void parent_wait(pid_t child, int ready_fd, const char *mountpoint)
{
	char byte;
	ssize_t n;

	do
		n = read(ready_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	exit(n == 1 ? root_status(mountpoint) : child_status(child));
}

int daemon_start(bool foreground, const char *mountpoint, struct daemon *ret_daemon)
{
	int ends[2];

	if (foreground) {
		ret_daemon->ready_fd = DAEMON_FOREGROUND;
		return 0;
	}
	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail(-errno, "pipe: %s", strerror(errno));
	pid_t child = fork();

	if (child < 0) {
		int code = errno;

		close(ends[0]);
		close(ends[1]);
		return fail(-code, "fork: %s", strerror(code));
	}
	if (child > 0) {
		close(ends[1]);
		parent_wait(child, ends[0], mountpoint);
	}
	close(ends[0]);
	ret_daemon->ready_fd = ends[1];
	/* Neither the terminal's hang-up nor the caller's folder is ours any more. */
	(void)setsid(); /* cannot fail: a fresh child leads no group */
	if (chdir("/") != 0)
		return fail(-errno, "/: %s", strerror(errno));
	return 0;
}

static void syslog_line(enum log_level level, const char *text)
{
	static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

	syslog(priorities[level], "%s", text);
}

int daemon_ready(struct daemon *d)
{
	if (d->ready_fd == DAEMON_FOREGROUND)
		return 0;
	cleanup_fd int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return fail(-errno, "/dev/null: %s", strerror(errno));
	openlog("apexfs", LOG_PID, LOG_DAEMON);
	log_set_sink(syslog_line);
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(null_fd, fd) < 0)
			return fail(-errno, "standard streams: %s", strerror(errno));
	}
	ssize_t n = write(d->ready_fd, "r", 1);

	close(d->ready_fd);
	d->ready_fd = DAEMON_DETACHED;
	/* Nobody waits any more: whoever started us was killed. The mount is good all the same. */
	if (n != 1)
		log_warn("the starting process is gone");
	return 0;
}

bool daemon_has_terminal(const struct daemon *d)
{
	return d->ready_fd != DAEMON_DETACHED;
}
