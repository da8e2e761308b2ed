#include "tests/support/mounted.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "tests/support/detach.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	POLL_US = 500,
	OUTPUT_LINES_MAX = 40,
};

/* The mounts of this run are to be served over io_uring, and nothing else will do. */
static bool wants_uring(void)
{
	const char *transport = getenv("APEXFS_FUSE_TRANSPORT");

	return transport && strcmp(transport, "uring") == 0;
}

static bool uring_is_offered(void)
{
	cleanup_fd int fd = open("/sys/module/fuse/parameters/enable_uring", O_RDONLY | O_CLOEXEC);
	char value;

	return fd >= 0 && read(fd, &value, 1) == 1 && value == 'Y';
}

const char *mounted_obstacle(void)
{
	cleanup_fd int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (device < 0)
		return "no /dev/fuse";
	/* A container's root may lack it. */
	if (geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 0)
		return "this root may not mount";
	if (wants_uring() && !uring_is_offered())
		return "the kernel does not offer FUSE over io_uring: see "
		       "tests/support/with_uring.sh";
	return detach_is_possible() ? NULL : "neither root nor fusermount3";
}

static int path_in(const char *folder, const char *name, char **ret_path)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	*ret_path = path;
	return 0;
}

static int places_make(struct mounted *m)
{
	struct stat st;
	int rc = path_in(m->folder, "store", &m->store);

	if (!rc)
		rc = path_in(m->folder, "mnt", &m->point);
	if (!rc)
		rc = path_in(m->folder, "output", &m->output);
	if (rc)
		return rc;
	if (mkdir(m->point, 0755) != 0 || stat(m->point, &st) != 0)
		return -errno;
	m->outside = st.st_dev;
	return 0;
}

static void places_free(struct mounted *m)
{
	free(m->folder);
	free(m->store);
	free(m->point);
	free(m->output);
}

int mounted_begin(struct mounted *m, const char *program, const char *name)
{
	*m = (struct mounted){.program = program};
	int rc = scratch_make(name, &m->folder);

	if (rc)
		return rc;
	rc = places_make(m);
	if (!rc)
		rc = guard_begin(&m->guard, m->folder, m->point);
	if (rc) {
		ignore_result(scratch_remove(m->folder)); /* the first failure counts */
		places_free(m);
	}
	return rc;
}

void mounted_end(struct mounted *m, bool keep_store)
{
	/* A daemon that still runs is the guard's. */
	guard_end(&m->guard, keep_store);
	places_free(m);
}

static _Noreturn void daemon_exec(const struct mounted *m, const char *options)
{
	int output = open(m->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *argv[] = {m->program, "-f", m->store, m->point, NULL, NULL, NULL};

	if (*options) {
		argv[2] = "-o";
		argv[3] = options;
		argv[4] = m->store;
		argv[5] = m->point;
	}
	if (output >= 0)
		(void)dup2(output, STDERR_FILENO); /* else its words stay on ours */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(m->program, (char *const *)argv);
	fprintf(stderr, "%s: %s\n", m->program, strerror(errno));
	_exit(127);
}

int mounted_spawn(struct mounted *m, const char *options)
{
	fflush(stdout);
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0)
		daemon_exec(m, options);
	m->daemon = child;
	guard_add(&m->guard, child);
	guard_beat(&m->guard);
	return 0;
}

/* The daemon has been waited for. */
static void daemon_gone(struct mounted *m)
{
	guard_remove(&m->guard, m->daemon);
	m->daemon = 0;
}

/*
 * Of a live mount the kernel holds this back until it is served; of a dead one it is ENOTCONN.
 * Without FORCE_SYNC a dead one would still answer with the attributes that the kernel has kept.
 */
static bool is_there(const struct mounted *m)
{
	struct statx stx;

	return statx(AT_FDCWD, m->point, AT_STATX_FORCE_SYNC, STATX_TYPE, &stx) == 0 &&
	       makedev(stx.stx_dev_major, stx.stx_dev_minor) != m->outside;
}

int mounted_wait(struct mounted *m)
{
	const struct timespec pause = {.tv_nsec = POLL_US * 1000};
	int status;

	while (!is_there(m)) {
		if (waitpid(m->daemon, &status, WNOHANG) == m->daemon) {
			daemon_gone(m);
			tap_note("the daemon ended instead of mounting, wait status %#x", status);
			mounted_note_output(m);
			return -ECHILD;
		}
		nanosleep(&pause, NULL);
	}
	guard_beat(&m->guard);
	return 0;
}

int mounted_start(struct mounted *m, const char *options)
{
	int rc = mounted_spawn(m, options);

	return rc ? rc : mounted_wait(m);
}

static int daemon_wait(struct mounted *m)
{
	int status;

	while (waitpid(m->daemon, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	daemon_gone(m);
	guard_beat(&m->guard);
	return status;
}

int mounted_stop(struct mounted *m)
{
	assert(m->daemon > 0);
	if (kill(m->daemon, SIGTERM) != 0)
		return -errno;
	int status = daemon_wait(m);

	if (status != 0) {
		tap_note("the daemon ended with wait status %#x", status);
		mounted_note_output(m);
		return -ECHILD;
	}
	return is_there(m) ? -EBUSY : 0;
}

int mounted_kill(struct mounted *m, struct mounted_death *ret_death)
{
	struct mounted_death death = {.alive_ns = clock_mono_ns()};

	assert(m->daemon > 0);
	if (kill(m->daemon, SIGKILL) != 0)
		return -errno;
	int status = daemon_wait(m);

	death.dead_ns = clock_mono_ns();
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		tap_note("the daemon ended by itself, wait status %#x", status);
		mounted_note_output(m);
		return -ECHILD;
	}
	*ret_death = death;
	return 0;
}

void mounted_note_output(const struct mounted *m)
{
	FILE *output = fopen(m->output, "re");
	char line[512];

	if (!output)
		return;
	for (int i = 0; i < OUTPUT_LINES_MAX && fgets(line, sizeof(line), output); i++) {
		line[strcspn(line, "\n")] = '\0';
		tap_note("daemon: %s", line);
	}
	fclose(output);
}
